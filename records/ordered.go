package records

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Of what has one ordering key, the first unfinished record, by the time it was
// taken in, holds the later ones back. Whoever claims from a key has the key's
// advisory lock until its transaction ends, and looks for the first record only
// then: another one's claim cannot have been made, and not be seen.

// orderClass keeps these locks apart from any other use of advisory ones.
const orderClass = 0x62617267

// lockOrdered claims at most some records of each key, in their order. It looks
// at as many keys as it may claim records, from where the last request left off,
// and at more while nothing is due.
func (b *Base) lockOrdered(ctx context.Context, tx pgx.Tx, r Request, each int) (found []*Claim, after string, err error) {
	after = r.After
	for range 2 * r.Limit {
		var keys []string
		var end bool
		if keys, after, end, err = lockKeys(ctx, tx, r, after); err != nil {
			return nil, "", err
		}
		if len(keys) > 0 {
			each = min(each, (r.Limit+len(keys)-1)/len(keys))
			if found, err = b.firstOf(ctx, tx, r.Pipeline, keys, each, r.Now); err != nil || len(found) > 0 {
				return found, after, err
			}
		}
		if end && r.After == "" {
			return nil, "", nil
		}
		if end {
			r.After, after = "", ""
		}
	}
	return nil, after, nil
}

// lockKeys locks the keys of some that follow a key, if their first record is due
// and nobody else has locked them. It returns the last one it looked at, and
// whether none follows.
func lockKeys(ctx context.Context, tx pgx.Tx, r Request, after string) (locked []string, last string, end bool, err error) {
	const query = `
		with recursive keys (key, due, n) as (
			(select ordering_key, state <> 'PROCESSING' and next_attempt_at <= $3, 1 from records
				where pipeline = $1 and ordering_key > $2 and state in ('QUEUED', 'RETRYING', 'PROCESSING')
				order by ordering_key, received_at, position limit 1)
			union all
			select following.* from keys k cross join lateral (
				select r.ordering_key, r.state <> 'PROCESSING' and r.next_attempt_at <= $3, k.n + 1 from records r
				where r.pipeline = $1 and r.ordering_key > k.key and r.state in ('QUEUED', 'RETRYING', 'PROCESSING')
				order by r.ordering_key, r.received_at, r.position limit 1
			) following
			where k.n < $4
		)
		select key, due and pg_try_advisory_xact_lock($5, hashtext($1 || ' ' || key)) from keys`
	rows, err := tx.Query(ctx, query, r.Pipeline, after, r.Now, r.Limit, orderClass)
	if err != nil {
		return nil, "", false, fmt.Errorf("lock ordering keys: %w", err)
	}
	var (
		key  string
		mine bool
		seen int
	)
	_, err = pgx.ForEachRow(rows, []any{&key, &mine}, func() error {
		if seen, last = seen+1, key; mine {
			locked = append(locked, key)
		}
		return nil
	})
	if err != nil {
		return nil, "", false, fmt.Errorf("lock ordering keys: %w", err)
	}
	return locked, last, seen < r.Limit, nil
}

// firstOf claims the first records of locked keys, as far as they are due one
// after the other, of keys of which nothing is being processed.
func (b *Base) firstOf(ctx context.Context, tx pgx.Tx, pipeline string, keys []string, each int, now time.Time) ([]*Claim, error) {
	const query = `
		select ` + claimColumns + `
		from unnest($2::text[]) as k (key)
		cross join lateral (
			select * from records f
			where f.pipeline = $1 and f.ordering_key = k.key and f.state in ('QUEUED', 'RETRYING', 'PROCESSING')
			order by f.received_at, f.position
			limit $3
			for update
		) r
		where not exists (select from records e where e.pipeline = $1 and e.ordering_key = k.key and e.state = 'PROCESSING')
		order by k.key, r.received_at, r.position`
	rows, err := tx.Query(ctx, query, pipeline, keys, each)
	if err != nil {
		return nil, fmt.Errorf("claim records in order: %w", err)
	}
	first, err := b.collectClaims(ctx, rows)
	if err != nil {
		return nil, fmt.Errorf("claim records in order: %w", err)
	}
	waits := map[string]bool{}
	return slices.DeleteFunc(first, func(c *Claim) bool {
		due := c.Record.NextAttemptAt != nil && !c.Record.NextAttemptAt.After(now)
		waits[*c.OrderingKey] = waits[*c.OrderingKey] || !due
		return waits[*c.OrderingKey]
	}), nil
}
