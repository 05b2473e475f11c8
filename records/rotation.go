package records

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/metric"
	"golang.org/x/sync/errgroup"

	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/internal/rounds"
	"barograph/internal/seal"
)

var renewRecords = operation.New("seal records anew")

// Run follows the keyset, and seals anew what a key sealed that is no longer the
// primary, until ctx is done. One gateway does so at a time, and any goes on where
// another stopped.
func (v *Vault) Run(ctx context.Context) error {
	renewed.Add(ctx, 0) // so that both are there from the start
	unreadable.Add(ctx, 0)
	var running errgroup.Group
	running.Go(func() error { return v.ring.Run(ctx, v.pace.look) })
	running.Go(func() error { v.rotate(ctx); return nil })
	return running.Wait()
}

// Observe makes the state of the keyset a part of the process's metrics. Of one
// process, one vault is observed.
func (v *Vault) Observe() error {
	failing, err := meter.Int64ObservableGauge("barograph.keyset.failing",
		metric.WithDescription("1 while the keyset's file cannot be read, and the gateway goes on with the keyset it has."))
	if err != nil {
		return fmt.Errorf("observe the keyset: %w", err)
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		var is int64
		if v.ring.Failing() {
			is = 1
		}
		o.ObserveInt64(failing, is)
		return nil
	}, failing)
	if err != nil {
		return fmt.Errorf("observe the keyset: %w", err)
	}
	return nil
}

// rotate seals anew, and rests, by turns.
func (v *Vault) rotate(ctx context.Context) {
	r := rotation{vault: v}
	rounds.Run(ctx, func(ctx context.Context) time.Duration {
		began := time.Now()
		worked := r.step(ctx)
		rest := v.pace.look
		if worked {
			rest = min(rest, time.Duration(v.pace.rest)*time.Since(began))
		}
		return rest
	})
}

// A rotation is how far this gateway has seen the records be sealed anew.
type rotation struct {
	vault   *Vault
	settled *seal.Keyset // by which all there was to do is done, for now
	until   time.Time    // of settled, zero for good
	said    time.Time    // when progress was logged last
}

// step does a little of what there is to do, and reports whether there was
// something. What fails is tried again.
func (r *rotation) step(ctx context.Context) (worked bool) {
	keys := r.vault.ring.Keyset()
	if keys == r.settled && (r.until.IsZero() || time.Now().Before(r.until)) {
		return false
	}
	err := renewRecords.Run(ctx, r.vault.base.Logger, func(ctx context.Context) error {
		return postgres.Fault(pgx.BeginFunc(ctx, r.vault.base.Pools.API, func(tx pgx.Tx) (err error) {
			worked, err = r.work(ctx, tx, keys)
			return err
		}))
	})
	return worked && err == nil
}

// work does its little in a transaction that nobody else can do it in meanwhile.
func (r *rotation) work(ctx context.Context, tx pgx.Tx, keys *seal.Keyset) (bool, error) {
	const (
		turn = `
			select sealed, walk_pipeline, walk_payload_id, walk_renewed,
				extract(epoch from now() - walked_at)::float8
			from seal_check for update skip locked`
		adopt = `
			update seal_check set sealed = $1, sealed_at = now(), walk_pipeline = '', walk_payload_id = '', walk_renewed = 0, walked_at = null`
		advance = `
			update seal_check set walk_pipeline = $1, walk_payload_id = $2, walk_renewed = $3, walked_at = case when $4 then now() end`
	)
	var (
		text []byte
		w    = walk{base: r.vault.base, keys: keys}
		ago  *float64 // seconds since a walk found nothing to do
	)
	err := tx.QueryRow(ctx, turn).Scan(&text, &w.at.Pipeline, &w.at.PayloadID, &w.renewed, &ago)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil // it is another gateway's turn
	}
	if err != nil {
		return false, err
	}
	by, _ := seal.KeyOf(text)
	switch {
	case keys.Follows(keys.Primary(), by):
		said, err := keys.Open(text, checkContext)
		if err != nil {
			return false, err
		}
		again, err := keys.Seal(said, checkContext)
		if err != nil {
			return false, err
		}
		r.vault.base.Logger.InfoContext(ctx, "seals all records anew", "key", keys.Primary().String())
		_, err = tx.Exec(ctx, adopt, again)
		return true, err
	case by != keys.Primary():
		return false, nil // others are ahead: this gateway has yet to see the keyset they have
	case len(keys.Retired()) == 0:
		r.settled, r.until = keys, time.Time{} // no other has sealed anything yet
		return false, nil
	case ago != nil && *ago < r.vault.pace.walk.Seconds():
		r.settled, r.until = keys, time.Now().Add(r.vault.pace.walk-time.Duration(*ago*float64(time.Second)))
		return false, nil
	}
	before := w.renewed
	if err := w.step(ctx, tx); err != nil {
		return false, err
	}
	renewed.Add(ctx, w.renewed-before)
	r.report(ctx, &w)
	// A record that somebody worked on was passed over, and one that a gateway with
	// the keyset of before added may be where the walk had been: there is another
	// walk after each that found something to do.
	settled := w.done && w.renewed == 0
	if w.done {
		w.at, w.renewed = Key{}, 0
	}
	_, err = tx.Exec(ctx, advance, w.at.Pipeline, w.at.PayloadID, w.renewed, settled)
	return true, err
}

// report logs how far the walk is, now and then.
func (r *rotation) report(ctx context.Context, w *walk) {
	logger := r.vault.base.Logger
	if w.failure != nil {
		logger.WarnContext(ctx, "cannot seal a record anew", "records", w.unreadable, "err", w.failure)
	}
	if w.renewed > 0 && (w.done || time.Since(r.said) > progressInterval) {
		r.said = time.Now()
		logger.InfoContext(ctx, "seals records anew", "key", w.keys.Primary().String(), "renewed", w.renewed, "done", w.done)
	}
}
