package postgres_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
)

func TestAloneLetsOneDoTheWork(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	pools, others := open(t, database), open(t, database)
	ran := func(by *postgres.Pools, work string) (did bool) {
		t.Helper()
		if err := by.Alone(t.Context(), work, func(context.Context, *pgx.Conn) error { did = true; return nil }); err != nil {
			t.Errorf("Alone: %v", err)
		}
		return did
	}
	failure := errors.New("broken")
	err := pools.Alone(t.Context(), "sweep", func(context.Context, *pgx.Conn) error {
		if ran(others, "sweep") {
			t.Error("two do the same work at a time")
		}
		if !ran(others, "index") {
			t.Error("other work waits")
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("Alone = %v, want %v", err, failure)
	}
	for range 3 {
		if !ran(others, "sweep") {
			t.Error("the lock is not given back after a failure")
		}
	}
}

func TestAloneGivesTheLockBackWhenItsCallerIsStopped(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	pools, others := open(t, database), open(t, database)
	ctx, cancel := context.WithCancel(t.Context())
	err := pools.Alone(ctx, "sweep", func(ctx context.Context, conn *pgx.Conn) error {
		cancel()
		_, err := conn.Exec(ctx, `select pg_sleep(30)`) // which breaks the connection
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Alone = %v, want that it was stopped", err)
	}
	did := false
	if err := others.Alone(t.Context(), "sweep", func(context.Context, *pgx.Conn) error { did = true; return nil }); err != nil || !did {
		t.Errorf("Alone of another = %t, %v, want it to do the work", did, err)
	}
}

func TestInTurnWaitsForWhoeverIsAtIt(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	pools, others := open(t, database), open(t, database)
	waited, done := make(chan struct{}), make(chan error, 1)
	err := pools.InTurn(t.Context(), "open", func() { t.Error("the first one waits") }, func(context.Context, *pgx.Conn) error {
		go func() {
			done <- others.InTurn(t.Context(), "open", func() { close(waited) }, func(context.Context, *pgx.Conn) error { return nil })
		}()
		select {
		case <-waited:
		case err := <-done:
			t.Errorf("InTurn of another = %v while one is at it", err)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("InTurn = %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("InTurn of another = %v, want that it has its turn", err)
	}
}

func TestInTurnStopsWaitingWhenItsCallerIsStopped(t *testing.T) {
	t.Parallel()
	pools := open(t, postgrestest.Database(t))
	err := pools.InTurn(t.Context(), "open", func() {}, func(ctx context.Context, _ *pgx.Conn) error {
		ctx, cancel := context.WithCancel(ctx)
		return pools.InTurn(ctx, "open", cancel, func(context.Context, *pgx.Conn) error { return nil })
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("InTurn = %v, want that it was stopped", err)
	}
}

func TestAloneClosesAConnectionThatHasLostTheLock(t *testing.T) {
	t.Parallel()
	pools := open(t, postgrestest.Database(t))
	for _, lost := range []bool{false, true} {
		var used *pgx.Conn
		err := pools.Alone(t.Context(), "sweep", func(ctx context.Context, conn *pgx.Conn) error {
			used = conn
			if !lost {
				return nil
			}
			_, err := conn.Exec(ctx, `select pg_advisory_unlock_all()`) // as if it were another connection to the server
			return err
		})
		if err != nil || used.IsClosed() != lost {
			t.Errorf("Alone = %v, the connection is closed: %t, want %t", err, used.IsClosed(), lost)
		}
	}
}
