// Package postgrestest gives tests a real PostgreSQL, and each test a database of
// its own in it. One private server is shared by all tests of a test binary, which
// says in one file:
//
//	func TestMain(m *testing.M) { postgrestest.Main(m) }
//
// and in each test that needs a database:
//
//	url := postgrestest.Database(t)
//
// The database is empty: migrating it is up to the caller. The server starts with
// the first database asked for, runs without fsync in a temporary folder, and is
// removed in the end, also after an interrupt. When the test binary dies some other
// way, the kernel ends the server, and a later run removes the folder.
//
// BAROGRAPH_TEST_DATABASE_URL names a server to use instead, by the URL of any of
// its databases and a role that may create more.
package postgrestest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/postgres/private"
)

// serverKey names the environment variable with the URL of a server to use.
const serverKey = "BAROGRAPH_TEST_DATABASE_URL"

// patience bounds what one test waits for its database, on a machine that is busy.
const patience = time.Minute

// current is the server of this test binary; Main puts it there.
var current struct {
	mu     sync.Mutex
	server *server // guarded by mu; nil outside Main
}

// Main runs the tests of m with a server at hand, and ends the process.
func Main(m *testing.M) {
	private.Child()
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	s := &server{}
	current.mu.Lock()
	current.server = s
	current.mu.Unlock()
	defer s.remove()

	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt, syscall.SIGTERM)
	finished := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-finished:
		case <-interrupt:
			s.remove()
			os.Exit(130)
		}
	})
	defer watch.Wait()
	defer close(finished)
	defer signal.Stop(interrupt)
	return m.Run()
}

// Database creates an empty database for the test and returns its URL. When the
// test ends the database is dropped, with whoever is still connected to it. It is
// safe for parallel tests, and fails the test if there is no server to be had.
func Database(t testing.TB) string {
	t.Helper()
	address, err := admin(t.Context())
	if err != nil {
		t.Fatalf("a server for the test: %v", err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	t.Cleanup(func() {
		if err := execute(context.WithoutCancel(t.Context()), address, "drop database if exists "+name+" with (force)"); err != nil {
			t.Errorf("drop the database of the test: %v", err)
		}
	})
	if err := execute(t.Context(), address, "create database "+name+" template template1"); err != nil {
		t.Fatalf("create a database for the test: %v", err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("the URL of the server: %v", redact(err))
	}
	u.Path = "/" + name
	return u.String()
}

// admin returns the URL of a database to create others from.
func admin(ctx context.Context) (string, error) {
	if given := os.Getenv(serverKey); given != "" {
		u, err := url.Parse(given)
		if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
			return "", fmt.Errorf("%s must be a URL that begins with postgres://", serverKey)
		}
		return given, nil
	}
	current.mu.Lock()
	s := current.server
	current.mu.Unlock()
	if s == nil {
		return "", errors.New("the package's TestMain must call postgrestest.Main")
	}
	return s.url(ctx)
}

// execute runs one statement on a connection of its own.
func execute(ctx context.Context, address, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// redact returns what is wrong with a URL without the URL, which holds a password.
func redact(err error) error {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}
