package records

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/seal"
)

// A walk goes through all records in the order of their keys, a stretch at a time,
// and seals anew what is not sealed by the primary key of the keyset. States stay
// as they are, and so does everybody's place in the feed.
type walk struct {
	base  *Base
	keys  *seal.Keyset
	clear bool // take records that were never sealed, too

	at         Key // the last one of what was gone through
	done       bool
	renewed    int64
	unreadable int64
	failure    error // of the last one that is unreadable
}

const (
	walkRows  = 500 // records a stretch, at most
	walkBytes = 4 << 20
)

// step goes through a stretch.
func (w *walk) step(ctx context.Context, tx pgx.Tx) error {
	const (
		// The stretch ends where there are enough rows or bytes; it has one at least.
		end = `
			select pipeline, payload_id, n from (
				select pipeline, payload_id, row_number() over w as n, sum(octet_length(payload) + coalesce(octet_length(result), 0)) over w as bytes
				from (
					select pipeline, payload_id, payload, result from records
					where (pipeline, payload_id) > ($1, $2) order by pipeline, payload_id limit $3
				) s
				window w as (order by pipeline, payload_id)
			) s
			where n = 1 or bytes <= $4
			order by n desc limit 1`
		// What somebody works on is left for the next walk.
		stale = `
			select pipeline, payload_id, payload, result from records
			where (pipeline, payload_id) > ($1, $2) and (pipeline, payload_id) <= ($3, $4)
				and (substring(payload for 5) <> $5 or substring(result for 5) <> $5)
			order by pipeline, payload_id
			for update skip locked`
		update = `
			update records r set payload = n.payload, result = n.result
			from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[]) as n (pipeline, payload_id, payload, result)
			where r.pipeline = n.pipeline and r.payload_id = n.payload_id`
	)
	var to Key
	var rows int
	err := tx.QueryRow(ctx, end, w.at.Pipeline, w.at.PayloadID, walkRows, walkBytes).Scan(&to.Pipeline, &to.PayloadID, &rows)
	if errors.Is(err, pgx.ErrNoRows) {
		w.done = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the records to seal anew: %w", err)
	}
	found, err := tx.Query(ctx, stale, w.at.Pipeline, w.at.PayloadID, to.Pipeline, to.PayloadID, w.keys.Primary().Prefix())
	if err != nil {
		return fmt.Errorf("read the records to seal anew: %w", err)
	}
	var (
		r                 Record
		pipelines, ids    []string
		payloads, results [][]byte
	)
	_, err = pgx.ForEachRow(found, []any{&r.Pipeline, &r.PayloadID, (*[]byte)(&r.Payload), (*[]byte)(&r.Result)}, func() error {
		payload, payloadErr := w.renew(r.Key, payloadPart, r.Payload)
		result, resultErr := w.renew(r.Key, resultPart, r.Result)
		if w.failed(errors.Join(payloadErr, resultErr)) {
			return nil
		}
		pipelines, ids = append(pipelines, r.Pipeline), append(ids, r.PayloadID)
		payloads, results = append(payloads, payload), append(results, result)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the records to seal anew: %w", err)
	}
	if len(ids) > 0 {
		if _, err := tx.Exec(ctx, update, pipelines, ids, payloads, results); err != nil {
			return fmt.Errorf("seal records anew: %w", err)
		}
	}
	w.at = to
	w.renewed += int64(len(ids))
	return nil
}

// failed reports whether a record cannot be opened, and keeps count of those: they
// stay as they are, and stop nobody.
func (w *walk) failed(err error) bool {
	if err != nil {
		w.unreadable, w.failure = w.unreadable+1, err
	}
	return err != nil
}

// renew returns a part of a record as the primary key seals it.
func (w *walk) renew(of Key, p part, was []byte) ([]byte, error) {
	if was == nil {
		return nil, nil
	}
	plain, err := w.keys.Open(was, p.context(of))
	if w.clear && errors.Is(err, seal.ErrNotSealed) {
		plain, err = was, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open the %s of %s: %w", p, of.ID(), err)
	}
	return w.keys.Seal(plain, p.context(of))
}

// A pace says how much of the time sealing anew may take.
type pace struct {
	look time.Duration // at which is looked whether there is something to do
	rest int           // how many times as long as it works it rests
	walk time.Duration // after which the records are gone through again while there is a key that was primary once
}

var usualPace = pace{look: time.Second, rest: 4, walk: time.Hour}

const progressInterval = 10 * time.Second
