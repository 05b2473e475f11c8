package main

import (
	"fmt"
	"time"
)

// The records are a week's. Of twenty, fourteen are those of "orders", four of
// "small", and two of "idle", which took in its own in the first day alone.
const (
	week       = 7 * 24 * time.Hour
	definition = `{"attributes":{"total":{"expression":"payload.total","type":"NUMBER","range":true},"status":{"expression":"payload.status","type":"STRING"}},` +
		`"retention":{"processedSeconds":0}}`

	// Payloads of 224 bytes and results of 288, which do not compress; and of
	// attributes a status that is common, one that a tenth has, one that one in
	// fifty thousand has, a number, and one of 100 000 customers.
	insert = `
	insert into records (pipeline, payload_id, fingerprint, state, payload, result, city_id, pipeline_version, received_at, processed_at,
		attempts, next_attempt_at, error_code, error_message, error_at, attributes)
	select pipeline, 'evt_' || lpad(to_hex(n), 16, '0'), sha256(n::text::bytea), state,
		decode(repeat(md5(n::text), 14), 'hex'), case when state = 'PROCESSED' then decode(repeat(md5(n::text), 18), 'hex') end,
		n %% 20000, 1, received, case when state in ('PROCESSED', 'SKIPPED') then received + 0.004 * (1 + n %% 97) * interval '1 second' end, 1,
		case when state = 'QUEUED' then received end,
		case when state = 'DEAD' then 'STEP_FAILED' end, case when state = 'DEAD' then 'no' end, case when state = 'DEAD' then received end,
		%s
	from (
		select n,
			case when n %% 20 < 14 then 'orders' when n %% 20 < 18 then 'small' else 'idle' end as pipeline,
			case when n %% 20 < 14 and n > $4 then 'QUEUED' when n %% 1000 = 7 then 'DEAD' when n %% 100 = 3 then 'SKIPPED' else 'PROCESSED' end as state,
			$3::timestamptz + (case when n %% 20 < 18 then n else n / 7.0 end) * $5::interval as received
		from generate_series($1::bigint, $2) n
	) s
	order by n`
	attributes = `case when pipeline <> 'idle' then jsonb_build_object(
			'status', case when n % 50000 = 1 then 'fraud' when n % 10 = 1 then 'refunded' else 'paid' end,
			'total', n * 7919 % 10000000 / 100.0, 'customer', 'c' || n * 31 % 100000) end`
)

// seed fills the database.
func (b *bench) seed(rows int, with string) error {
	const at = 250_000
	for _, name := range []string{"orders", "small", "idle"} {
		_, err := b.pools.API.Exec(b.ctx, `
			with p as (insert into pipelines (name) values ($1) on conflict do nothing)
			insert into pipeline_versions (pipeline, version, definition) values ($1, 1, '{}') on conflict do nothing`, name)
		if err != nil {
			return err
		}
	}
	step := week / time.Duration(rows)
	for first := 1; first <= rows; first += at {
		last := min(first+at-1, rows)
		if _, err := b.pools.API.Exec(b.ctx, fmt.Sprintf(insert, with), first, last, b.now.Add(-week), rows-rows/50, step); err != nil {
			return fmt.Errorf("fill the database: %w", err)
		}
	}
	_, err := b.pools.API.Exec(b.ctx, `vacuum analyze records`)
	return err
}

// size returns how many bytes a record takes, its part of the indexes included.
func (b *bench) size() (table, indexes float64, err error) {
	err = b.pools.API.QueryRow(b.ctx, `
		select (pg_table_size('records') / count(*))::float8, (pg_indexes_size('records') / count(*))::float8 from records`).Scan(&table, &indexes)
	return table, indexes, err
}
