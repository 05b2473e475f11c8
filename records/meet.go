package records

import (
	"context"
	"fmt"

	"barograph/pipeline"
)

// A standing is what a draft meets: its pipeline and the record of its key.
type standing struct {
	active      bool
	version     int
	record      *Record // nil when there is none
	fingerprint pipeline.Fingerprint
}

// meet returns what the drafts of the keys met, without those whose pipeline
// does not exist.
func (b *Base) meet(ctx context.Context, keys []Key) (map[Key]*standing, error) {
	const query = `
		select k.pipeline, k.payload_id, p.active, p.version, r.fingerprint, ` + columns + `
		from unnest($1::text[], $2::text[]) as k (pipeline, payload_id)
		join pipelines p on p.name = k.pipeline
		left join records r on r.pipeline = k.pipeline and r.payload_id = k.payload_id`
	if len(keys) == 0 {
		return nil, nil
	}
	pipelines, ids := apart(keys)
	rows, err := b.Pools.API.Query(ctx, query, pipelines, ids)
	if err != nil {
		return nil, fmt.Errorf("find standing records: %w", err)
	}
	met := make(map[Key]*standing, len(keys))
	defer rows.Close()
	for rows.Next() {
		var (
			key         Key
			found       standing
			fingerprint []byte
			record      Record
		)
		into, read := record.fields()
		into = append([]any{&key.Pipeline, &key.PayloadID, &found.active, &found.version, &fingerprint}, into...)
		none := rows.RawValues()[4] == nil
		if none {
			clear(into[4:]) // what there is not cannot be scanned
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("read standing record: %w", err)
		}
		if !none {
			found.record, found.fingerprint = &record, pipeline.Fingerprint(fingerprint)
			read(ctx, b)
		}
		met[key] = &found
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("find standing records: %w", err)
	}
	return met, nil
}

// apart returns the parts of keys, as statements take them.
func apart(keys []Key) (pipelines, ids []string) {
	pipelines, ids = make([]string, len(keys)), make([]string, len(keys))
	for i, key := range keys {
		pipelines[i], ids[i] = key.Pipeline, key.PayloadID
	}
	return pipelines, ids
}
