package records

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// A made is a record that became of a draft, and whose it is.
type made struct {
	*Record
	lease Lease
}

// insert returns the records that became of the firsts of their keys. They have
// positions in the order of the keys given, and are written in the order of the
// keys themselves, so that two batches never wait for each other in a circle. A draft
// becomes one only under the version of its pipeline that it was made for, and,
// unless it is QUEUED, only if no earlier record holds it back.
func (b *Base) insert(ctx context.Context, firsts map[Key]*item, keys []Key) (map[Key]*made, error) {
	const statement = `
		with made as (
			insert into records (position, pipeline, payload_id, fingerprint, state, payload, result, city_id, pipeline_version, received_at,
				processed_at, attributes, ordering_key, attempts, next_attempt_at, error_code, error_message, error_at, lease, lease_until)
			overriding system value
			select d.position, d.pipeline, d.payload_id, d.fingerprint, d.state, d.payload, d.result, d.city_id, d.pipeline_version, d.received_at,
				d.processed_at, d.attributes, d.ordering_key, d.attempts, d.next_attempt_at, d.error_code, d.error_message, d.error_at,
				case when d.state = 'PROCESSING' then nextval('record_leases') end,
				case when d.state = 'PROCESSING' then now() + d.lease_time end
			from (
				select *, nextval('records_position_seq') as position
				from unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::bytea[], $6::bytea[], $7::bigint[], $8::int[],
						$9::timestamptz[], $10::timestamptz[], $11::jsonb[], $12::text[], $13::int[], $14::timestamptz[], $15::text[],
						$16::text[], $17::timestamptz[], $18::interval[])
					as d (pipeline, payload_id, fingerprint, state, payload, result, city_id, pipeline_version, received_at, processed_at,
						attributes, ordering_key, attempts, next_attempt_at, error_code, error_message, error_at, lease_time)
			) d
			join pipelines p on p.name = d.pipeline and p.active and p.version = d.pipeline_version
			where d.ordering_key is null or d.state = 'QUEUED' or not exists (
				select from records e
				where e.pipeline = d.pipeline and e.ordering_key = d.ordering_key and e.state in ('QUEUED', 'RETRYING', 'PROCESSING'))
			order by d.pipeline collate "C", d.payload_id collate "C"
			on conflict do nothing
			returning pipeline, payload_id, position, lease, attempts, pipeline_version, error_code, error_message, error_at
		), told as (
			insert into record_attempts (pipeline, payload_id, number, pipeline_version, ended_at, error_code, error_message)
			select pipeline, payload_id, attempts, pipeline_version, error_at, error_code, error_message from made where error_code is not null
		)
		select pipeline, payload_id, position, coalesce(lease, 0) from made`
	var all draftRows
	for _, key := range keys {
		if err := all.add(b, &firsts[key].draft); err != nil {
			return nil, err
		}
	}
	rows, err := b.Pools.API.Query(ctx, statement, all.args()...)
	if err != nil {
		return nil, fmt.Errorf("insert records: %w", err)
	}
	found := make(map[Key]*made, len(keys))
	var (
		key      Key
		position int64
		lease    Lease
	)
	_, err = pgx.ForEachRow(rows, []any{&key.Pipeline, &key.PayloadID, &position, (*int64)(&lease)}, func() error {
		d := &firsts[key].draft
		found[key] = &made{lease: lease, Record: &Record{
			Key: key, Position: position, Payload: d.Payload, CityID: d.CityID, ReceivedAt: d.ReceivedAt, Progress: d.Progress,
		}}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("insert records: %w", err)
	}
	return found, nil
}

// draftRows are drafts, column by column.
type draftRows struct {
	pipelines, ids, states []string
	fingerprints, payloads [][]byte
	cities                 []*int64
	received               []time.Time
	leases                 []time.Duration
	orderingKeys           []*string
	progressRows
}

// add adds a draft, sealed.
func (r *draftRows) add(b *Base, d *Draft) error {
	payload, err := b.seal(d.Key, payloadPart, d.Payload)
	if err != nil {
		return err
	}
	r.pipelines, r.ids, r.states = append(r.pipelines, d.Pipeline), append(r.ids, d.PayloadID), append(r.states, string(d.State))
	r.fingerprints, r.payloads = append(r.fingerprints, d.Fingerprint[:]), append(r.payloads, payload)
	r.cities, r.received = append(r.cities, d.CityID), append(r.received, d.ReceivedAt)
	r.orderingKeys, r.leases = append(r.orderingKeys, d.OrderingKey), append(r.leases, d.LeaseTime)
	return r.progressRows.add(b, d.Key, &d.Progress)
}

func (r *draftRows) args() []any {
	return []any{
		r.pipelines, r.ids, r.fingerprints, r.states, r.payloads, r.results, r.cities, r.versions, r.received, r.processed,
		r.attributes, r.orderingKeys, r.attempts, r.next, r.codes, r.messages, r.failed, r.leases,
	}
}

// progressRows are what records have come to, column by column.
type progressRows struct {
	results            [][]byte
	versions, attempts []int
	attributes         []*string
	processed, next    []*time.Time
	codes, messages    []*string
	failed             []*time.Time
}

func (r *progressRows) add(b *Base, of Key, p *Progress) error {
	result, err := b.seal(of, resultPart, p.Result)
	if err != nil {
		return err
	}
	var (
		attributes, code, message *string
		failed                    *time.Time
	)
	if p.Attributes != nil {
		attributes = new(string(p.Attributes))
	}
	if e := p.LastError; e != nil {
		code, message, failed = &e.Code, &e.Message, &e.At
	}
	r.results, r.versions, r.attempts = append(r.results, result), append(r.versions, p.PipelineVersion), append(r.attempts, p.Attempts)
	r.attributes, r.processed, r.next = append(r.attributes, attributes), append(r.processed, p.ProcessedAt), append(r.next, p.NextAttemptAt)
	r.codes, r.messages, r.failed = append(r.codes, code), append(r.messages, message), append(r.failed, failed)
	return nil
}
