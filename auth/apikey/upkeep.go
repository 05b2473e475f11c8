package apikey

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/operation"
	"barograph/internal/postgres"
)

const (
	// Of two looks in a row, one may fail, and a revocation is still known within 10 s.
	checkPause   = 4 * time.Second
	checkTimeout = 2 * time.Second
	// trusted is for how long known keys are good while nobody can tell.
	trusted      = 5 * time.Minute
	writePause   = time.Minute // between writes of when keys were sent last
	writeTimeout = 5 * time.Second
)

var (
	checkKeys = operation.New("check API keys")
	writeUses = operation.New("write uses of API keys")
)

// Run keeps what is known of keys up to date until ctx is done. What fails is
// logged, and tried again.
func (s *Store) Run(ctx context.Context) error {
	check, write := time.NewTicker(checkPause), time.NewTicker(writePause)
	defer check.Stop()
	defer write.Stop()
	checked := s.now()
	for {
		select {
		case <-ctx.Done():
			_ = s.writeUses(context.WithoutCancel(ctx)) // logged
			return nil
		case <-write.C:
			_ = s.writeUses(ctx) // logged
		case <-check.C:
			checked = s.keepUp(ctx, checked)
		}
	}
}

// keepUp looks at the keys, given when that was possible last, and returns when it
// was now.
func (s *Store) keepUp(ctx context.Context, checked time.Time) time.Time {
	now, most := s.now(), mostKnown
	if err := s.check(ctx); err == nil { // an error is logged
		checked = now
	} else if now.Sub(checked) > trusted {
		most = 0
	}
	s.known.trim(now, most)
	return checked
}

// check ends the known keys that have been revoked, or are no longer there.
func (s *Store) check(ctx context.Context) error {
	const query = `
		select sent.id from unnest($1::text[]) as sent (id)
		where not exists (select from api_keys k where k.id = sent.id and k.revoked_at is null)`
	var ids []string
	s.known.each(func(id string, e *entry) {
		if !e.ended.Load() {
			ids = append(ids, id)
		}
	})
	if len(ids) == 0 {
		return nil
	}
	return checkKeys.Run(ctx, s.logger, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, checkTimeout)
		defer cancel()
		rows, err := s.pools.API.Query(ctx, query, ids)
		if err != nil {
			return postgres.Fault(err)
		}
		var id string
		_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
			s.known.end(id)
			return nil
		})
		return postgres.Fault(err)
	})
}

// writeUses writes when keys were sent last, of those that were sent since it did.
// Of several gateways, one a minute does so for each key.
func (s *Store) writeUses(ctx context.Context) error {
	const update = `
		update api_keys k set last_used_at = u.at
		from (
			select k.id, sent.at from unnest($1::text[], $2::timestamptz[]) as sent (id, at)
			join api_keys k on k.id = sent.id
			where k.last_used_at is null or k.last_used_at <= sent.at - interval '1 minute'
			order by k.id for update of k
		) u
		where k.id = u.id`
	var (
		ids   []string
		times []time.Time
		used  = map[*entry]int64{}
	)
	s.known.each(func(id string, e *entry) {
		if at := e.used.Load(); at > e.written {
			ids, times, used[e] = append(ids, id), append(times, time.UnixMicro(at)), at
		}
	})
	if len(ids) == 0 {
		return nil
	}
	return writeUses.Run(ctx, s.logger, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, writeTimeout)
		defer cancel()
		if _, err := s.pools.API.Exec(ctx, update, ids, times); err != nil {
			return postgres.Fault(err)
		}
		for e, at := range used {
			e.written = at
		}
		return nil
	})
}
