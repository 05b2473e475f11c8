package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// unlockTimeout bounds how long giving a lock back may take.
const unlockTimeout = 5 * time.Second

// Alone lets do work on a connection of the workers' pool, unless somebody else
// on the database is doing work of the same name: then it does nothing. The lock
// belongs to the connection, so that it goes with the node that had it.
func (p *Pools) Alone(ctx context.Context, work string, do func(context.Context, *pgx.Conn) error) error {
	return p.Workers.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		var locked bool
		if err := conn.QueryRow(ctx, `select pg_try_advisory_lock(hashtextextended($1, 0))`, work).Scan(&locked); err != nil {
			return fmt.Errorf("lock %q: %w", work, err)
		}
		if !locked {
			return nil
		}
		defer unlock(ctx, conn.Conn(), work)
		return do(ctx, conn.Conn())
	})
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
