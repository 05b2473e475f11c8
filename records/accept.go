package records

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/fault"
	"barograph/pipeline"
)

// errChanging means that drafts neither became records nor met one: their
// pipeline was made or activated in between. They are to be tried again.
var errChanging = fault.New(fault.Unavailable, "the pipeline is changing").After(overloadWait)

// acceptBatch makes records of the drafts in one statement, in the order of
// their keys so that two batches never wait for each other in a circle. Then it
// finds out about those that did not become one. It settles every draft whose
// fate it learned, also when it fails later: those must not be tried again.
func (b *Base) acceptBatch(ctx context.Context, feed *Feed, batch []*submission) error {
	firsts := make(map[Key]*submission, len(batch))
	var keys []Key
	for _, s := range batch {
		if _, taken := firsts[s.draft.Key]; !taken {
			firsts[s.draft.Key] = s
			keys = append(keys, s.draft.Key)
		}
	}
	slices.SortFunc(keys, Key.Compare)

	made, err := b.insert(ctx, firsts, keys)
	feed.Ring() // also after an error, which may be that the answer was lost
	if err != nil {
		return err
	}
	var rest []Key
	for _, key := range keys {
		if record := made[key]; record != nil {
			changes.Add(ctx, 1, toProcessed)
		} else {
			rest = append(rest, key)
		}
	}
	for _, s := range batch {
		if record := made[s.draft.Key]; record != nil {
			first := firsts[s.draft.Key]
			s.settle(&standing{active: true, record: record, fingerprint: first.draft.Fingerprint}, s == first)
		}
	}
	met, err := b.meet(ctx, rest)
	if err != nil {
		return err
	}
	for _, s := range batch {
		switch found := met[s.draft.Key]; {
		case s.settled:
		case found != nil && found.active && found.record == nil:
			err = errChanging
		default:
			s.settle(found, false)
		}
	}
	return err
}

// insert returns the records that became of the firsts of their keys.
func (b *Base) insert(ctx context.Context, firsts map[Key]*submission, keys []Key) (map[Key]*Record, error) {
	const statement = `
		insert into records (pipeline, payload_id, fingerprint, state, payload, result, city_id, pipeline_version, received_at, processed_at)
		select d.pipeline, d.payload_id, d.fingerprint, 'PROCESSED', d.payload, d.result, d.city_id, p.version, d.received_at, d.processed_at
		from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bigint[], $7::timestamptz[], $8::timestamptz[])
			with ordinality as d (pipeline, payload_id, fingerprint, payload, result, city_id, received_at, processed_at, n)
		join pipelines p on p.name = d.pipeline and p.active
		order by d.n
		on conflict do nothing
		returning pipeline, payload_id, position, pipeline_version`
	n := len(keys)
	pipelines, ids, cities := make([]string, n), make([]string, n), make([]*int64, n)
	fingerprints, payloads, results := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	received, processed := make([]time.Time, n), make([]time.Time, n)
	for i, key := range keys {
		d := &firsts[key].draft
		pipelines[i], ids[i], cities[i] = key.Pipeline, key.PayloadID, d.CityID
		fingerprints[i] = d.Fingerprint[:]
		var err error
		if payloads[i], err = b.seal(key, payloadPart, d.Payload); err != nil {
			return nil, err
		}
		if results[i], err = b.seal(key, resultPart, d.Result); err != nil {
			return nil, err
		}
		received[i], processed[i] = d.ReceivedAt, d.ProcessedAt
	}
	rows, err := b.Pools.API.Query(ctx, statement, pipelines, ids, fingerprints, payloads, results, cities, received, processed)
	if err != nil {
		return nil, fmt.Errorf("insert records: %w", err)
	}
	made := make(map[Key]*Record, n)
	var (
		key      Key
		position int64
		version  int
	)
	_, err = pgx.ForEachRow(rows, []any{&key.Pipeline, &key.PayloadID, &position, &version}, func() error {
		d := &firsts[key].draft
		made[key] = &Record{
			Key: key, Position: position, State: Processed, Payload: d.Payload, Result: d.Result, CityID: d.CityID,
			PipelineVersion: version, ReceivedAt: d.ReceivedAt, ProcessedAt: &d.ProcessedAt,
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("insert records: %w", err)
	}
	return made, nil
}

// A standing is what a draft meets: its pipeline and the record of its key.
type standing struct {
	active      bool
	record      *Record // nil when there is none
	fingerprint pipeline.Fingerprint
}

// meet returns what the drafts of the keys met, without those whose pipeline
// does not exist.
func (b *Base) meet(ctx context.Context, keys []Key) (map[Key]*standing, error) {
	const query = `
		select k.pipeline, k.payload_id, p.active, r.fingerprint, r.position, r.state, r.payload, r.result, r.city_id,
			r.pipeline_version, r.received_at, r.processed_at
		from unnest($1::text[], $2::text[]) as k (pipeline, payload_id)
		join pipelines p on p.name = k.pipeline
		left join records r on r.pipeline = k.pipeline and r.payload_id = k.payload_id`
	if len(keys) == 0 {
		return nil, nil
	}
	pipelines, ids := make([]string, len(keys)), make([]string, len(keys))
	for i, key := range keys {
		pipelines[i], ids[i] = key.Pipeline, key.PayloadID
	}
	rows, err := b.Pools.API.Query(ctx, query, pipelines, ids)
	if err != nil {
		return nil, fmt.Errorf("find standing records: %w", err)
	}
	met := make(map[Key]*standing, len(keys))
	defer rows.Close()
	for rows.Next() {
		var (
			key                 Key
			found               standing
			fingerprint         []byte
			position            *int64
			state               *State
			payload, result     []byte
			city                *int64
			version             *int
			received, processed *time.Time
		)
		if err := rows.Scan(&key.Pipeline, &key.PayloadID, &found.active, &fingerprint, &position, &state, &payload, &result, &city,
			&version, &received, &processed); err != nil {
			return nil, fmt.Errorf("read standing record: %w", err)
		}
		if position != nil {
			found.fingerprint = pipeline.Fingerprint(fingerprint)
			found.record = &Record{
				Key: key, Position: *position, State: *state, Payload: payload, Result: result, CityID: city,
				PipelineVersion: *version, ReceivedAt: *received, ProcessedAt: processed,
			}
			b.reveal(ctx, found.record)
		}
		met[key] = &found
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("find standing records: %w", err)
	}
	return met, nil
}

// settle decides what becomes of the draft by what it met: nil for no pipeline.
func (s *submission) settle(met *standing, first bool) {
	s.settled, s.accepted = true, verdict(&s.draft, met, first)
}

// verdict returns what becomes of a draft that met what it met.
func verdict(d *Draft, met *standing, first bool) Acceptance {
	switch {
	case met == nil:
		return Acceptance{Refusal: pipeline.Refuse(pipeline.NotFound, "there is no pipeline named %.80q", d.Pipeline).At("input", "pipeline")}
	case !met.active:
		return Acceptance{Refusal: pipeline.Refuse(pipeline.Inactive, "the pipeline %q is not active", d.Pipeline).At("input", "pipeline")}
	case met.fingerprint != d.Fingerprint:
		return Acceptance{Record: met.record, Refusal: pipeline.Refuse(pipeline.PayloadConflict,
			"the pipeline %q has a record with the id and other content", d.Pipeline).At("input", "payload", "id")}
	}
	return Acceptance{Record: met.record, Duplicate: !first}
}
