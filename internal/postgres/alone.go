package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// lockLook is how often is looked whether somebody else has given a lock back.
	lockLook = time.Second
	// unlockTimeout bounds how long giving a lock back may take.
	unlockTimeout = 5 * time.Second
)

// Alone lets do work on a connection of the workers' pool, unless somebody else
// on the database is doing work of the same name: then it does nothing. The lock
// belongs to the connection, so that it goes with the node that had it.
func (p *Pools) Alone(ctx context.Context, work string, do func(context.Context, *pgx.Conn) error) error {
	return p.Workers.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		locked, err := tryLock(ctx, conn.Conn(), work)
		if err != nil || !locked {
			return err
		}
		defer unlock(ctx, conn.Conn(), work)
		return do(ctx, conn.Conn())
	})
}

// InTurn lets do work as Alone does, on a connection of the API's pool, but waits
// for whoever is at it already, and calls waits once when there is somebody. An
// error that is not do's has its kind.
func (p *Pools) InTurn(ctx context.Context, work string, waits func(), do func(context.Context, *pgx.Conn) error) error {
	conn, err := p.API.Acquire(ctx)
	if err != nil {
		return Fault(err)
	}
	defer conn.Release()
	// A statement that waited for the lock would be a transaction that lasts: one
	// that vacuum, and whoever builds an index, have to wait for.
	look := time.NewTicker(lockLook)
	defer look.Stop()
	for told := false; ; told = true {
		locked, err := tryLock(ctx, conn.Conn(), work)
		if err != nil {
			return err
		}
		if locked {
			break
		}
		if !told {
			waits()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
	defer unlock(ctx, conn.Conn(), work)
	return do(ctx, conn.Conn())
}

// tryLock takes the lock of some work, and reports whether it was to be had.
func tryLock(ctx context.Context, conn *pgx.Conn, work string) (locked bool, err error) {
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock(hashtextextended($1, 0))`, work).Scan(&locked); err != nil {
		return false, Fault(fmt.Errorf("lock %q: %w", work, err))
	}
	return locked, nil
}

// unlock gives the lock back. Where that fails, or the lock is not this
// connection's, as behind a pooler that has swapped the one to the server, it
// closes the connection: whatever is left of the lock may go with it.
func unlock(ctx context.Context, conn *pgx.Conn, work string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
	defer cancel()
	var held bool
	if err := conn.QueryRow(ctx, `select pg_advisory_unlock(hashtextextended($1, 0))`, work).Scan(&held); err != nil || !held {
		_ = conn.Close(ctx)
	}
}
