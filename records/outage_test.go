package records_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"barograph/internal/fault"
	"barograph/internal/postgres"
)

func TestWriterFailsByItsDeadlineOnALockedTableAndRecovers(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	g.writer.SetTimeout(400 * time.Millisecond)
	run(t, g.writer)
	tx := g.begin(t)
	if _, err := tx.Exec(t.Context(), `lock table records in access exclusive mode`); err != nil {
		t.Fatalf("lock: %v", err)
	}
	began := time.Now()
	if got, err := g.writer.Accept(t.Context(), draft("a", "")); fault.KindOf(err) != fault.Timeout {
		t.Errorf("Accept while the table is locked = %+v, %v, want %s", got, err, fault.Timeout.Code())
	}
	if elapsed := time.Since(began); elapsed > 5*time.Second {
		t.Errorf("Accept took %v, want about the writer's deadline", elapsed)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatalf("unlock: %v", err)
	}
	g.made(t, draft("a", ""))
}

func TestWriterLetsACallerGoByItsOwnDeadline(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	tx := g.begin(t)
	if _, err := tx.Exec(t.Context(), `lock table records in access exclusive mode`); err != nil {
		t.Fatalf("lock: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if got, err := g.writer.Accept(ctx, draft("a", "")); fault.KindOf(err) != fault.Timeout {
		t.Errorf("Accept past the caller's deadline = %+v, %v, want %s", got, err, fault.Timeout.Code())
	}
	if elapsed := time.Since(began); elapsed > 5*time.Second {
		t.Errorf("Accept took %v, want about the caller's deadline", elapsed)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatalf("unlock: %v", err)
	}
	// Nothing was known of it, so both are true: it became a record, or does now.
	if got := g.accept(t, draft("a", "")); got.Record == nil || got.Refusal != nil {
		t.Errorf("Accept again = %+v, want the record", got)
	}
	if rows := g.rows(t); rows != 1 {
		t.Errorf("there are %d records, want 1", rows)
	}
}

func TestWriterLosesNothingWhenBackendsAreTerminated(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	const callers, each, rounds = 40, 60, 15
	var (
		all      sync.WaitGroup
		accepted atomic.Int64
		failed   atomic.Int64
	)
	for caller := range callers {
		all.Go(func() {
			for i := range each {
				d := draft(fmt.Sprintf("%d-%d", caller, i), "")
				for {
					got, err := g.writer.Accept(t.Context(), d)
					if err == nil {
						if got.Record == nil || got.Refusal != nil {
							t.Errorf("Accept(%v) = %+v, want a record", d.Key, got)
						}
						break
					}
					failed.Add(1)
					if f := fault.Of(err); !f.Kind.Retryable() {
						t.Errorf("Accept(%v) while backends are terminated: %v, want %s", d.Key, err, fault.Unavailable.Code())
						return
					}
				}
				accepted.Add(1)
			}
		})
	}
	killed := 0
	for round := range rounds {
		eventually(t, "work goes on", func() bool { return accepted.Load() >= int64(callers*each*round/(rounds+1)) })
		var n int
		err := g.pools.Analytics.QueryRow(t.Context(), `
			select count(pg_terminate_backend(pid)) from pg_stat_activity
			where datname = current_database() and application_name = 'barograph'`).Scan(&n)
		if err != nil {
			t.Fatalf("terminate: %v", err)
		}
		killed += n
	}
	all.Wait()
	t.Logf("%d backends terminated, %d calls told to come again", killed, failed.Load())
	if rows := g.rows(t); rows != callers*each || killed == 0 {
		t.Errorf("there are %d records after %d backends were terminated, want %d", rows, killed, callers*each)
	}
}

func TestWriterTakesADraftOnceThoughTheAnswerToItsCommitIsLost(t *testing.T) {
	t.Parallel()
	g, lossy := losing(t)
	lossy.Store(true)
	d := draft("a", cutMark)
	got, err := g.writer.Accept(t.Context(), d)
	if f := fault.Of(err); f.Kind != fault.Unavailable || f.RetryAfter <= 0 {
		t.Fatalf("Accept whose answer is lost = %+v, %v, want %s and when to come again", got, err, fault.Unavailable.Code())
	}
	if lossy.Load() {
		t.Fatal("no answer was lost")
	}
	if again := g.accept(t, d); !again.Duplicate || string(again.Record.Result) != string(d.Result) {
		t.Errorf("Accept again = %+v, want the record whose answer was lost", again)
	}
	if rows := g.rows(t); rows != 2 {
		t.Errorf("there are %d records, want 2", rows)
	}
}

// losing returns a gateway whose writer runs, with one record, and what makes it
// lose the answer to a statement with the mark.
func losing(t *testing.T) (*gateway, *atomic.Bool) {
	t.Helper()
	lossy := &atomic.Bool{}
	g := assemble(altered(t, migrated(t), func(config *pgxpool.Config) {
		dial := config.ConnConfig.DialFunc
		config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return &cutConn{Conn: conn, lossy: lossy}, err
		}
	}))
	run(t, g.writer)
	g.made(t, draft("before", "")) // and the statement is prepared
	return g, lossy
}

// cutMark is in what is written by a statement whose answer is to be lost.
const cutMark = "cut-behind-this"

// A cutConn loses the answer to a statement with the mark, and then itself.
type cutConn struct {
	net.Conn
	lossy *atomic.Bool // until one is lost
	cut   atomic.Bool
}

func (c *cutConn) Write(p []byte) (int, error) {
	if c.lossy.Load() && bytes.Contains(p, []byte(cutMark)) {
		c.cut.Store(true)
	}
	return c.Conn.Write(p)
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.cut.Load() {
		// The server answers once it has committed.
		c.lossy.Store(false)
		return 0, errors.Join(net.ErrClosed, c.Close())
	}
	return n, err
}

func TestWriterErrorsDoNotShowPasswords(t *testing.T) {
	t.Parallel()
	database := migrated(t)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatalf("parse the test's URL: %v", err)
	}
	u.User = url.UserPassword(u.User.Username(), "hush-wrong")
	g := assemble(&postgres.Pools{API: open(t, u.String()).API, Analytics: open(t, database).Analytics})
	run(t, g.writer)
	if _, err := g.writer.Accept(t.Context(), draft("a", "")); fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), "hush") {
		t.Errorf("Accept with a wrong password: %v, want %s without it", err, fault.Unavailable.Code())
	}
}
