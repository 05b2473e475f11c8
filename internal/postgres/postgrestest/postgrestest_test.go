package postgrestest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// connect returns a connection that ends with the test.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func TestDatabasesOfParallelTestsAreEmptyAndTheirOwn(t *testing.T) {
	t.Parallel()
	for i := range 16 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			conn := connect(t, postgrestest.Database(t))
			t.Logf("a database and a connection in %v", time.Since(began))
			if _, err := conn.Exec(t.Context(), "create table mine (n int)"); err != nil {
				t.Errorf("create a table: got %v, want an empty database", err)
			}
		})
	}
}

func TestDatabaseIsDroppedWithTheTestThoughSomebodyIsConnected(t *testing.T) {
	t.Parallel()
	var url string
	var left *pgx.Conn
	t.Run("inner", func(t *testing.T) {
		url = postgrestest.Database(t)
		var err error
		if left, err = pgx.Connect(t.Context(), url); err != nil {
			t.Fatalf("connect: %v", err)
		}
	})
	if err := left.Ping(t.Context()); err == nil {
		t.Error("ping after the test: got an answer, want a closed connection")
	}
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		_ = conn.Close(t.Context())
		t.Error("connect after the test: got a connection, want no such database")
	}
}

func TestOneTestMayHaveSeveralDatabases(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := make(map[string]bool)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			url := postgrestest.Database(t)
			mu.Lock()
			defer mu.Unlock()
			seen[url] = true
		})
	}
	all.Wait()
	if len(seen) != 4 {
		t.Errorf("got %d distinct databases, want 4", len(seen))
	}
}
