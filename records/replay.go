package records

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/audit"
	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/pipeline"
	"barograph/records/bell"
)

const (
	// ReplayLimit is how many records one call replays, at most.
	ReplayLimit = 10_000
	replayBatch = 500 // in one transaction
)

// Why a record is not replayed.
const (
	NotFound      pipeline.Code = "RECORD_NOT_FOUND"
	NotReplayable pipeline.Code = "RECORD_NOT_REPLAYABLE" // neither DEAD nor SKIPPED
)

// A Replay says what became of records that were to be processed again.
type Replay struct {
	Replayed  int // QUEUED now
	Remaining int // DEAD or SKIPPED, and left so: by a dry run, or for there are too many
	Refusals  []KeyRefusal
}

// A KeyRefusal says why one record is not replayed.
type KeyRefusal struct {
	Index int // of the key
	*pipeline.Refusal
}

var replayRecords = operation.New("replay records")

// set is what replaying changes: the record waits for a worker, by the rules that
// are in force by then. The attempts that it had count no more, and stay told.
const replaySet = `
	set state = 'QUEUED', next_attempt_at = $1, forgiven = r.attempts, processed_at = null, result = null, changed_in = pg_current_xact_id()`

// ReplayKeys lets the records of the keys be processed again, if they are within
// reach, and DEAD or SKIPPED. A dry run changes nothing.
func (q *Queue) ReplayKeys(ctx context.Context, reach pipeline.Reach, keys []Key, now time.Time, dry bool) (Replay, error) {
	return operation.Value(ctx, replayRecords, q.base.Logger, func(ctx context.Context) (Replay, error) {
		states, err := q.states(ctx, reach, keys)
		if err != nil {
			return Replay{}, postgres.Fault(err)
		}
		var (
			found    Replay
			eligible []Key
			chosen   = map[Key]bool{}
		)
		for i, k := range keys {
			switch state, there := states[k]; {
			case !there:
				found.Refusals = append(found.Refusals, KeyRefusal{i, pipeline.Refuse(NotFound, "there is no such record")})
			case state != Dead && state != Skipped:
				found.Refusals = append(found.Refusals, KeyRefusal{i, pipeline.Refuse(NotReplayable, "the record is %s: only what is DEAD or SKIPPED is replayed", state)})
			case !chosen[k]:
				chosen[k] = true
				eligible = append(eligible, k)
			}
		}
		if !dry && len(eligible) > 0 {
			err = again(ctx, q.base.Logger, "replaying records again", func() (err error) {
				found.Replayed, err = q.replayKeys(ctx, eligible, now)
				return err
			})
			q.replayed(ctx, found.Replayed)
		}
		found.Remaining = len(eligible) - found.Replayed
		return found, postgres.Fault(err)
	})
}

func (q *Queue) states(ctx context.Context, reach pipeline.Reach, keys []Key) (map[Key]State, error) {
	const query = `
		select r.pipeline, r.payload_id, r.state
		from unnest($1::text[], $2::text[]) as k (pipeline, payload_id)
		join records r on r.pipeline = k.pipeline and r.payload_id = k.payload_id`
	pipelines, ids := apart(sought(reach, keys))
	rows, err := q.base.Pools.API.Query(ctx, query, pipelines, ids)
	if err != nil {
		return nil, fmt.Errorf("find records to replay: %w", err)
	}
	states := map[Key]State{}
	var (
		key   Key
		state State
	)
	_, err = pgx.ForEachRow(rows, []any{&key.Pipeline, &key.PayloadID, &state}, func() error {
		states[key] = state
		return nil
	})
	return states, err
}

func (q *Queue) replayKeys(ctx context.Context, keys []Key, now time.Time) (int, error) {
	const statement = `
		update records r ` + replaySet + `
		from (
			select r.pipeline, r.payload_id
			from unnest($2::text[], $3::text[]) as k (pipeline, payload_id)
			join records r on r.pipeline = k.pipeline and r.payload_id = k.payload_id
			where r.state in ('DEAD', 'SKIPPED')
			order by r.pipeline, r.payload_id
			for update of r
		) k
		where r.pipeline = k.pipeline and r.payload_id = k.payload_id
		returning r.pipeline, r.received_at, r.position`
	pipelines, ids := apart(keys)
	n, _, err := q.replay(ctx, nil, statement, kept(now), pipelines, ids)
	return n, err
}

// Replay lets the records of a pipeline within reach that a filter lets through be
// processed again, if they are DEAD or SKIPPED: the oldest first, and at most
// ReplayLimit of them. A filter that names no pipeline lets none through. A dry run
// changes nothing. After an error, some may have been replayed.
func (q *Queue) Replay(ctx context.Context, reach pipeline.Reach, filter Filter, now time.Time, dry bool) (Replay, error) {
	return operation.Value(ctx, replayRecords, q.base.Logger, func(ctx context.Context) (found Replay, err error) {
		where, ok := filter.conditions(reach)
		if !ok || !where.pipeline {
			return Replay{}, nil
		}
		where.parts = append(where.parts, "r.state in ('DEAD', 'SKIPPED')")
		var last *Cursor
		for more := !dry; more && found.Replayed < ReplayLimit; {
			var n int
			err := again(ctx, q.base.Logger, "replaying records again", func() (err error) {
				n, last, err = q.replayNext(ctx, reach, filter, last, min(replayBatch, ReplayLimit-found.Replayed), now)
				return err
			})
			if err != nil {
				return found, postgres.Fault(err)
			}
			q.replayed(ctx, n)
			found.Replayed += n
			more = n > 0
		}
		// Not on the analytics pool: a replica may not know yet what was replayed.
		err = q.base.Pools.Workers.QueryRow(ctx, `select count(*)`+where.text(), where.planned()...).Scan(&found.Remaining)
		return found, postgres.Fault(err)
	})
}

// replayNext replays the next records behind a cursor, and returns the last one's.
func (q *Queue) replayNext(ctx context.Context, reach pipeline.Reach, filter Filter, after *Cursor, limit int, now time.Time) (int, *Cursor, error) {
	where, _ := filter.conditions(reach, kept(now))
	where.parts = append(where.parts, "r.state in ('DEAD', 'SKIPPED')")
	where.addCursor(">", after)
	statement := `
		update records r ` + replaySet + `
		from (
			select r.pipeline, r.payload_id` + where.text() + `
			order by ` + where.order("") + fmt.Sprintf(" limit %d", limit) + `
			for update skip locked
		) k
		where r.pipeline = k.pipeline and r.payload_id = k.payload_id
		returning r.pipeline, r.received_at, r.position`
	return q.replay(ctx, after, statement, where.planned()...)
}

// replay runs a statement that replays records, and writes down how many these
// are of each pipeline. It returns how many there are in all, and the cursor of the
// last one, if that is behind the one given.
func (q *Queue) replay(ctx context.Context, after *Cursor, statement string, args ...any) (n int, last *Cursor, err error) {
	err = pgx.BeginFunc(ctx, q.base.Pools.API, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, statement, args...)
		if err != nil {
			return err
		}
		var (
			of     string
			at     Cursor
			counts = map[string]int{}
		)
		n, last = 0, after
		_, err = pgx.ForEachRow(rows, []any{&of, &at.ReceivedAt, &at.Position}, func() error {
			n++
			counts[of]++
			if last == nil || at.ReceivedAt.After(last.ReceivedAt) || at.ReceivedAt.Equal(last.ReceivedAt) && at.Position > last.Position {
				last = &Cursor{at.ReceivedAt, at.Position}
			}
			return nil
		})
		if err != nil {
			return err
		}
		var changes []audit.Change
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			changes = append(changes, audit.ToPipeline(audit.ReplayRecords, name, map[string]int{"records": counts[name]}))
		}
		return audit.Write(ctx, tx, changes...)
	})
	if err != nil {
		return 0, after, fmt.Errorf("replay records: %w", err)
	}
	return n, last, nil
}

// replayed says that records were replayed.
func (q *Queue) replayed(ctx context.Context, n int) {
	changes.Add(ctx, int64(n), toState[Queued])
	q.base.Bell.Ring(bell.Changed | bell.Due)
}
