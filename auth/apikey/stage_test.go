package apikey_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barograph/auth"
	"barograph/auth/apikey"
	"barograph/internal/fault"
	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
	"barograph/pipeline"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// A node is a store of a gateway, whose clock can be moved.
type node struct {
	*apikey.Store
	pools *postgres.Pools
	logs  *logs
	ahead *atomic.Int64
}

func (n *node) now() time.Time           { return time.Now().Add(time.Duration(n.ahead.Load())) }
func (n *node) advance(by time.Duration) { n.ahead.Add(int64(by)) }

// lookups returns how many statements have looked for keys.
func (n *node) lookups() int { return strings.Count(n.logs.String(), "look up API keys started") }

// logs keep what a store logs.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (l *logs) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// database returns the URL of a new, migrated database.
func database(t testing.TB) string {
	t.Helper()
	url := postgrestest.Database(t)
	n := join(t, url)
	if err := postgres.Migrate(context.Background(), n.pools.API, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return url
}

// join returns a store on a database.
func join(t testing.TB, url string) *node {
	t.Helper()
	pools, err := postgres.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pools.Close)
	n := &node{pools: pools, logs: &logs{}, ahead: &atomic.Int64{}}
	n.Store = apikey.NewStore(pools, n.now, rand.Reader, slog.New(slog.NewTextHandler(n.logs, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return n
}

// run lets the store keep up, until the test is over or the function it returns is
// called.
func (n *node) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// as returns a context of somebody with scopes, who reaches pipelines.
func as(t testing.TB, scopes auth.Scopes, patterns ...string) context.Context {
	t.Helper()
	return auth.With(context.Background(), &auth.Principal{Name: "ada", Kind: auth.Token, Scopes: scopes, Reach: reach(t, patterns...)})
}

func reach(t testing.TB, patterns ...string) pipeline.Reach {
	t.Helper()
	r, err := pipeline.ParseReach(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// create makes a key as somebody who may do everything.
func (n *node) create(t testing.TB, d apikey.Draft) (*apikey.Key, string) {
	t.Helper()
	if d.Name == "" {
		d.Name = "test"
	}
	if d.Scopes == 0 {
		d.Scopes = auth.RecordsRead
	}
	k, text, err := n.Create(as(t, auth.All), d)
	if err != nil {
		t.Fatal(err)
	}
	return k, text
}

func (n *node) revoke(t testing.TB, id string) {
	t.Helper()
	if _, err := n.Revoke(as(t, auth.All), id); err != nil {
		t.Fatal(err)
	}
}

// principal returns who sends a key that is good.
func (n *node) principal(t testing.TB, text string) *auth.Principal {
	t.Helper()
	p, err := n.Principal(context.Background(), text)
	if err != nil {
		t.Fatalf("Principal: %v", err)
	}
	return p
}

// left checks that a principal has been told to leave, or soon is.
func left(t testing.TB, p *auth.Principal) {
	t.Helper()
	select {
	case <-p.Revoked:
	case <-time.After(time.Second):
		t.Fatal("the principal is not told to leave")
	}
}

// refused checks that a key is, as it is wanted.
func (n *node) refused(t testing.TB, text string, want fault.Kind, message string) {
	t.Helper()
	p, err := n.Principal(context.Background(), text)
	var f *fault.Error
	if p != nil || !errors.As(err, &f) || f.Kind != want || !strings.Contains(f.Message, message) {
		t.Errorf("Principal(%.40q…) = %v, %v, want %s %q", text, p, err, want.Code(), message)
	}
}
