package attacks_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"barograph/internal/tlsconfig/tlstest"
)

// takenOver is how long a pair may take to be served.
const takenOver = 5 * time.Second

// TestACertificateIsSwappedUnderLoad swaps pairs, good ones and bad ones, while
// clients come, stay, and hold WebSockets.
func TestACertificateIsSwappedUnderLoad(t *testing.T) {
	t.Parallel()
	authority, dir := tlstest.NewAuthority(t, "authority"), t.TempDir()
	g := startTLS(t, authority, dir)
	t.Run("A084 certificate swapped on disk", func(t *testing.T) {
		asked := load(t, g)
		served := func() string {
			name, err := answered(once(t, g), g.url)
			if err != nil {
				t.Errorf("refused: %v", err)
			}
			return name
		}
		stranger := authority.Issue(t)
		for round := range 3 {
			good := fmt.Sprint("good ", round)
			began := time.Now()
			authority.Issue(t, tlstest.Named(good)).Write(t, dir)
			until(t, good+" is served", func() bool { return served() == good })
			t.Logf("%s is served after %v", good, time.Since(began).Round(time.Millisecond))

			complaints := strings.Count(g.log.String(), "cannot be read anew")
			bad := authority.Issue(t, tlstest.Named("bad"))
			if round == 1 {
				bad = authority.Issue(t, tlstest.Named("bad"), tlstest.Expired)
			} else {
				bad.Key = stranger.Key
			}
			bad.Write(t, dir)
			until(t, "the bad pair is complained of", func() bool { return strings.Count(g.log.String(), "cannot be read anew") > complaints })
			if got := served(); got != good {
				t.Errorf("beside a bad pair, %s is served, want %s", got, good)
			}
		}
		for i := range 200 { // faster than anybody looks
			pair := authority.Issue(t, tlstest.Named("hurried"))
			if i%3 == 0 {
				pair.Key = stranger.Key
			}
			pair.Write(t, dir)
			if i%10 == 0 {
				_ = syscall.Kill(g.pid, syscall.SIGHUP)
			}
		}
		authority.Issue(t, tlstest.Named("last")).Write(t, dir)
		_ = syscall.Kill(g.pid, syscall.SIGHUP)
		until(t, "the last is served", func() bool { return served() == "last" })
		t.Logf("answered %d times meanwhile, refused never", asked())
	})
	if strings.Contains(g.log.String(), "PRIVATE KEY") {
		t.Error("a key is in the log")
	}
}

// once returns a client that shakes hands anew with each request.
func once(t *testing.T, g *gateway) *http.Client {
	transport := &http.Transport{TLSClientConfig: g.client.Clone(), ForceAttemptHTTP2: true, DisableKeepAlives: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// load asks again and again until the test ends, by connections that come and go,
// by one that stays, and by a WebSocket. Nothing may be refused. What it returns
// tells how much was answered, and ends it.
func load(t *testing.T, g *gateway) (asked func() int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var (
		count   atomic.Int64
		workers sync.WaitGroup
	)
	work := func(name string, ask func() error) {
		workers.Go(func() {
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				if err := ask(); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				count.Add(1)
			}
		})
	}
	staying := &http.Transport{TLSClientConfig: g.client.Clone(), ForceAttemptHTTP2: true}
	t.Cleanup(staying.CloseIdleConnections)
	resuming := once(t, g)
	resuming.Transport.(*http.Transport).TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	for name, client := range map[string]*http.Client{"who comes": once(t, g), "who comes back": resuming, "who stays": {Transport: staying, Timeout: 10 * time.Second}} {
		work(name, func() error {
			_, err := answered(client, g.url)
			return err
		})
	}
	s, id := g.socket(t), 0
	work("a WebSocket", func() error {
		id++
		message := fmt.Sprintf(`{"id":"%d","type":"subscribe","payload":{"query":"{ __typename }"}}`, id)
		if err := s.conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			return err
		}
		for range 2 { // the answer, and that it is complete
			if _, err := s.next(t); err != nil {
				return err
			}
		}
		return nil
	})
	stop := sync.OnceFunc(func() { cancel(); workers.Wait() })
	t.Cleanup(stop)
	return func() int64 { stop(); return count.Load() }
}

// until waits for what must come in time.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(takenOver); !is(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("after %v, still not: %s", takenOver, what)
		}
	}
}
