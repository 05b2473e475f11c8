package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"barograph/internal/fault"
	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
)

func TestFaultGivesEachErrorItsKind(t *testing.T) {
	t.Parallel()
	state := func(code string) error {
		return fmt.Errorf("insert: %w", &pgconn.PgError{Code: code, Message: "as the server says"})
	}
	cases := map[string]struct {
		err  error
		kind fault.Kind
	}{
		"a connection failure":         {state("08006"), fault.Unavailable},
		"a protocol violation":         {state("08P01"), fault.Unavailable},
		"a full disk":                  {state("53100"), fault.Unavailable},
		"memory used up":               {state("53200"), fault.Unavailable},
		"too many connections":         {state("53300"), fault.Overloaded},
		"a statement cancelled":        {state("57014"), fault.Unavailable},
		"a backend terminated":         {state("57P01"), fault.Unavailable},
		"a server that crashed":        {state("57P02"), fault.Unavailable},
		"a server that starts":         {state("57P03"), fault.Unavailable},
		"a serialization failure":      {state("40001"), fault.Unavailable},
		"a deadlock":                   {state("40P01"), fault.Unavailable},
		"a disk that fails":            {state("58030"), fault.Unavailable},
		"a server that ends itself":    {&pgconn.PgError{SeverityUnlocalized: "PANIC", Code: "42501"}, fault.Unavailable},
		"a right that is missing":      {&pgconn.PgError{SeverityUnlocalized: "ERROR", Code: "42501"}, fault.Internal},
		"a lock not to be had":         {state("55P03"), fault.Unavailable},
		"a read-only transaction":      {state("25006"), fault.Unavailable},
		"an aborted transaction":       {state("25P02"), fault.Internal},
		"a value out of range":         {state("22003"), fault.Internal},
		"a constraint":                 {state("23514"), fault.Internal},
		"a syntax error":               {state("42601"), fault.Internal},
		"a missing table":              {state("42P01"), fault.Internal},
		"a corrupted index":            {state("XX002"), fault.Internal},
		"a missing code":               {state(""), fault.Internal},
		"a deadline":                   {fmt.Errorf("query: %w", context.DeadlineExceeded), fault.Timeout},
		"the end of a stream":          {fmt.Errorf("read: %w", io.EOF), fault.Unavailable},
		"the middle of a stream":       {fmt.Errorf("read: %w", io.ErrUnexpectedEOF), fault.Unavailable},
		"a closed connection":          {fmt.Errorf("read: %w", net.ErrClosed), fault.Unavailable},
		"a connection reset":           {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, fault.Unavailable},
		"a broken pipe":                {&net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, fault.Unavailable},
		"no route any more":            {&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.EHOSTUNREACH)}, fault.Unavailable},
		"one that has a kind":          {fmt.Errorf("twice: %w", fault.New(fault.Overloaded, "full")), fault.Overloaded},
		"one that has a kind and more": {fault.Wrap(state("57P01"), fault.NotFound, "gone"), fault.NotFound},
		"no rows":                      {pgx.ErrNoRows, fault.Internal},
		"anything else":                {errors.New("nobody knows"), fault.Internal},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := postgres.Fault(c.err)
			got := fault.Of(err)
			if got.Kind != c.kind {
				t.Errorf("Fault(%v) is %s, want %s", c.err, got.Kind.Code(), c.kind.Code())
			}
			if !errors.Is(err, c.err) {
				t.Errorf("Fault(%v) = %v, which has lost its cause", c.err, err)
			}
			if strings.Contains(got.Message, "as the server says") {
				t.Errorf("Fault(%v) tells the client %q", c.err, got.Message)
			}
			if retry := c.kind == fault.Unavailable; retry && got.RetryAfter <= 0 {
				t.Errorf("Fault(%v) does not say when to come again", c.err)
			}
		})
	}
}

func TestFaultLeavesNoErrorAndACallerWhoLeftAlone(t *testing.T) {
	t.Parallel()
	if err := postgres.Fault(nil); err != nil {
		t.Errorf("Fault(nil) = %v", err)
	}
	left := fmt.Errorf("query: %w", context.Canceled)
	if err := postgres.Fault(left); !errors.Is(err, left) || errors.As(err, new(*fault.Error)) {
		t.Errorf("Fault(%v) = %v, want it as it is", left, err)
	}
}

// What the driver really says must be among what Fault knows.
func TestFaultKnowsTheErrorsOfALiveServer(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	cases := map[string]struct {
		provoke func(*testing.T, *postgres.Pools) error
		kind    fault.Kind
	}{
		"a deadline that passes meanwhile": {func(t *testing.T, pools *postgres.Pools) error {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := pools.API.Exec(ctx, `select pg_sleep(30)`)
			return err
		}, fault.Timeout},
		"a deadline that has passed": {func(t *testing.T, pools *postgres.Pools) error {
			_, err := pools.API.Exec(ended(t), `select 1`)
			return err
		}, fault.Timeout},
		"a backend that is terminated": {func(t *testing.T, pools *postgres.Pools) error {
			_, err := pools.API.Exec(t.Context(), `select pg_terminate_backend(pg_backend_pid()), pg_sleep(30)`)
			return err
		}, fault.Unavailable},
		"a statement that is cancelled": {func(t *testing.T, pools *postgres.Pools) error {
			_, err := pools.API.Exec(t.Context(), `select pg_cancel_backend(pg_backend_pid()), pg_sleep(30)`)
			return err
		}, fault.Unavailable},
		"a table that is locked": {func(t *testing.T, pools *postgres.Pools) error {
			return whileLocked(t, pools.Analytics, func() error {
				_, err := pools.API.Exec(t.Context(), `set lock_timeout = '50ms'; select from locked`)
				return err
			})
		}, fault.Unavailable},
		"a read-only server": {func(t *testing.T, pools *postgres.Pools) error {
			_, err := pools.API.Exec(t.Context(), `set default_transaction_read_only = on`)
			if err == nil {
				_, err = pools.API.Exec(t.Context(), `create table forbidden ()`)
			}
			return err
		}, fault.Unavailable},
		"a database that does not exist": {func(t *testing.T, _ *postgres.Pools) error {
			return open(t, strings.Replace(database, "/test_", "/no_test_", 1)).Ping(t.Context())
		}, fault.Unavailable},
		"pools that are closed": {func(t *testing.T, _ *postgres.Pools) error {
			closed := open(t, database)
			closed.Close()
			return closed.Ping(t.Context())
		}, fault.Unavailable},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pools := open(t, database)
			err := postgres.Fault(c.provoke(t, pools))
			if got := fault.KindOf(err); err == nil || got != c.kind {
				t.Errorf("got %v, of kind %s, want %s", err, got.Code(), c.kind.Code())
			}
		})
	}
}

func TestFaultCallsAServerWithoutRoomOverloaded(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	pools := open(t, database)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatalf("parse the test's URL: %v", err)
	}
	role := "crowded_" + strings.TrimPrefix(u.Path, "/test_")
	_, err = pools.API.Exec(t.Context(), fmt.Sprintf(`create role %s login password 'hush' connection limit 1`, role))
	if err != nil {
		t.Fatalf("create a role: %v", err)
	}
	t.Cleanup(func() {
		if _, err := pools.API.Exec(context.WithoutCancel(t.Context()), "drop role "+role); err != nil {
			t.Errorf("drop the role: %v", err)
		}
	})
	u.User = url.UserPassword(role, "hush")
	crowded, err := pgxpool.New(t.Context(), u.String())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer crowded.Close()
	conn, err := crowded.Acquire(t.Context())
	if err != nil {
		t.Fatalf("acquire the only connection: %v", err)
	}
	defer conn.Release()
	_, err = crowded.Acquire(t.Context())
	got := fault.Of(postgres.Fault(err))
	if err == nil || got.Kind != fault.Overloaded || got.RetryAfter <= 0 {
		t.Errorf("one connection too many: %v, of kind %s, retry after %v, want %s", err, got.Kind.Code(), got.RetryAfter, fault.Overloaded.Code())
	}
	if strings.Contains(fmt.Sprint(err), "hush") {
		t.Errorf("the error shows the password: %v", err)
	}
}

// whileLocked calls do while another transaction has a table named locked.
func whileLocked(t *testing.T, pool *pgxpool.Pool, do func() error) error {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing to keep
	if _, err := pool.Exec(t.Context(), `create table locked ()`); err != nil {
		t.Fatalf("create: %v", err)
	}
	if _, err := tx.Exec(t.Context(), `lock table locked in access exclusive mode`); err != nil {
		t.Fatalf("lock: %v", err)
	}
	return do()
}
