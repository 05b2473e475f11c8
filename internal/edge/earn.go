package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// A client of HTTP/2 can keep a server busy without ever asking for anything: by
// headers that go on for ever without a byte in them, by settings, by pings. What
// arrives must be of use: a request, or the body of one that is being read. What
// is of none, as the words are that connections need to live, is allowed for in
// moderation, and beyond that ends the connection.

const (
	unearnedLimit = 2 << 20  // twice what may be on its way to a body that nobody reads yet
	unearnedRate  = 64 << 10 // a second, in the long run
)

var errUnearned = errors.New("much is received, and nothing is asked for")

// earningConn counts the bytes of a connection, below TLS, since they were last of
// use.
type earningConn struct {
	net.Conn
	unearned atomic.Int64
	exempt   bool      // for it does not speak HTTP/2; used, as the next, by the one goroutine that reads
	last     time.Time // of a read
}

// Read reads until too much of no use has been read.
func (c *earningConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.exempt {
		return n, err
	}
	now := time.Now()
	allowed := int64(now.Sub(c.last).Seconds() * unearnedRate)
	c.last = now
	if unearned := c.unearned.Add(int64(n)); unearned > unearnedLimit+allowed {
		return 0, errUnearned
	} else if allowed > 0 {
		c.unearned.Add(-min(allowed, unearned))
	}
	return n, err
}

// NetConn returns the connection beneath.
func (c *earningConn) NetConn() net.Conn { return c.Conn }

// earned makes all that was read so far count as of use.
func (c *earningConn) earned() { c.unearned.Store(0) }

type earningKey struct{}

// withEarning gives the requests of a connection of HTTP/2 what they earn for.
func withEarning(ctx context.Context, conn net.Conn) context.Context {
	if under, ok := conn.(*tls.Conn); ok {
		if c, ok := under.NetConn().(*earningConn); ok {
			return context.WithValue(ctx, earningKey{}, c)
		}
	}
	return ctx
}

// earning lets requests, and the reading of their bodies, earn.
func earning(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			if c, ok := r.Context().Value(earningKey{}).(*earningConn); ok {
				c.earned()
				if r.Body != http.NoBody {
					r.Body = &earningBody{r.Body, c}
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

type earningBody struct {
	io.ReadCloser
	conn *earningConn
}

// Read reads, and earns.
func (b *earningBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.conn.earned()
	}
	return n, err
}
