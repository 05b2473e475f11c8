package edge

import (
	"bytes"
	"context"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
)

// Where a request's body ends is what request smuggling is about. A request
// that says it twice, by Content-Length and by Transfer-Encoding, is read one
// way here and perhaps another way by a proxy in front, so that one of them takes
// the rest for a request of its own. net/http reads it by Transfer-Encoding,
// and removes the other header before a handler could see that it was there.
// So connections are watched as they are read: such a request is refused, and no
// connection serves another request behind one that was sent in chunks.

// framedListener accepts connections that are watched.
type framedListener struct{ net.Listener }

// Accept waits for a connection.
func (l framedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return watch(conn), nil
}

// watch returns the connection, watched from its first byte on.
func watch(conn net.Conn) *framedConn {
	c := &framedConn{Conn: conn}
	c.last.Store(math.MaxInt64)
	return c
}

// framedConn is a connection whose requests are counted as they are read, up to
// the last one whose end is beyond doubt.
type framedConn struct {
	net.Conn

	// Used by the one goroutine that reads.
	line   []byte // of the headers, as far as it was read
	head   head
	body   int64 // bytes of it that are still to come
	lines  int64 // of the request's head, so far
	read   int64 // requests whose head was read
	closed bool  // to more requests: nothing is watched any more

	served    int64        // requests that were handled; used by the goroutine that serves
	last      atomic.Int64 // the request, counted from 1, that no other may follow
	ambiguous atomic.Bool  // whether the end of that one is in doubt
}

// head is what the headers of a request say of its body.
type head struct {
	length  int64
	counted bool // by a Content-Length
	chunked bool // or another Transfer-Encoding
	unclear bool // a length that is none
}

// Read reads, and watches what it reads.
func (c *framedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	for rest := p[:n]; len(rest) > 0 && !c.closed; {
		rest = c.take(rest)
	}
	return n, err
}

// CloseWrite lets the client read an answer to its end although the server
// reads no more.
func (c *framedConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// NetConn returns the connection beneath.
func (c *framedConn) NetConn() net.Conn { return c.Conn }

// watched returns the connection itself, beneath what surrounds it.
func (c *framedConn) watched() *framedConn { return c }

// take takes in one piece of what was read, and returns what follows it.
func (c *framedConn) take(text []byte) []byte {
	if c.body > 0 {
		n := min(c.body, int64(len(text)))
		c.body -= n
		return text[n:]
	}
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		c.line = append(c.line, text...) // net/http bounds the headers
		return nil
	}
	line := bytes.TrimSuffix(append(c.line, text[:end]...), []byte("\r"))
	c.line = c.line[:0]
	switch {
	case len(line) > 0:
		if c.lines++; c.lines > 1 { // the first is the request's own
			c.head.add(string(line))
		}
	case c.lines > 0:
		c.endHead()
	}
	return text[end+1:]
}

// add takes in a line of the headers.
func (h *head) add(line string) {
	if line[0] == ' ' || line[0] == '\t' {
		return // it continues the one before, which counts by its name
	}
	name, value, _ := strings.Cut(line, ":")
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "transfer-encoding":
		h.chunked = true
	case "content-length":
		length, err := strconv.ParseUint(strings.TrimSpace(value), 10, 63)
		h.unclear = h.unclear || err != nil || h.counted && int64(length) != h.length
		h.counted, h.length = true, int64(length)
	}
}

func (c *framedConn) endHead() {
	c.read++
	if c.head.chunked || c.head.unclear {
		c.ambiguous.Store(c.head.counted)
		c.last.Store(c.read)
		c.closed, c.line = true, nil
		return
	}
	c.body, c.head, c.lines = c.head.length, head{}, 0
}

// unwatch leaves a connection alone that speaks HTTP no more. Nobody reads it
// at that moment.
func unwatch(conn net.Conn, state http.ConnState) {
	if c, ok := conn.(interface{ watched() *framedConn }); ok && state == http.StateHijacked {
		c.watched().closed, c.watched().line = true, nil
	}
}

type framedKey struct{}

// withFraming gives the requests of a connection what is known of their ends.
// HTTP/2 has no doubt of them.
func withFraming(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := conn.(interface{ watched() *framedConn }); ok {
		return context.WithValue(ctx, framedKey{}, c.watched())
	}
	return ctx
}

// framed refuses a request whose end is in doubt, and lets none follow one that
// was sent in chunks. It has to see every request of a connection.
func framed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(framedKey{}).(*framedConn); ok {
			c.served++
			if c.served >= c.last.Load() {
				w.Header().Set("Connection", "close")
				if c.served > c.last.Load() || c.ambiguous.Load() {
					answer(w, http.StatusBadRequest, "the request has both a Content-Length and a Transfer-Encoding")
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}
