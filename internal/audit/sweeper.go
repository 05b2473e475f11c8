package audit

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/internal/rounds"
)

// A Sweeper forgets events that are older than their retention. Of several nodes,
// one at a time does it.
type Sweeper struct {
	pools  *postgres.Pools
	logger *slog.Logger
	now    func() time.Time
	keep   time.Duration
}

const (
	sweepPause   = time.Hour // between sweeps
	sweepBatch   = 5000      // events in one transaction
	sweepTimeout = 30 * time.Second
	sweepingWork = "barograph: forget audit events"
)

var sweepEvents = operation.New("forget audit events")

// NewSweeper returns a sweeper that keeps events for a time, or for ever where
// that is zero.
func NewSweeper(pools *postgres.Pools, logger *slog.Logger, now func() time.Time, keep time.Duration) *Sweeper {
	return &Sweeper{pools, logger, now, keep}
}

// Run forgets events until ctx is done. What fails is logged, and tried again.
func (s *Sweeper) Run(ctx context.Context) error {
	if s.keep == 0 {
		return nil
	}
	rounds.Run(ctx, func(ctx context.Context) time.Duration {
		_ = s.Sweep(ctx) // logged
		return sweepPause
	})
	return nil
}

// Sweep forgets what is due by now, unless another node is about to.
func (s *Sweeper) Sweep(ctx context.Context) error {
	return sweepEvents.Run(ctx, s.logger, func(ctx context.Context) error {
		before := s.now().Add(-s.keep)
		return postgres.Fault(s.pools.Alone(ctx, sweepingWork, func(ctx context.Context, conn *pgx.Conn) error {
			for {
				n, err := forget(ctx, conn, before)
				if err != nil {
					return fmt.Errorf("forget audit events: %w", err)
				}
				if n < sweepBatch {
					return nil
				}
			}
		}))
	})
}

// forget deletes the oldest events from before a time, as many as one transaction
// takes, and returns how many these were.
func forget(ctx context.Context, conn *pgx.Conn, before time.Time) (n int64, err error) {
	const deletion = `
		delete from audit_events where id in (select id from audit_events where at < $1 order by at, id limit $2)`
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local barograph.sweeps_audit_events = on`); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, deletion, before, sweepBatch)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}
