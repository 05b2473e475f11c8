package records

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/fault"
	"barograph/internal/operation"
	"barograph/internal/postgres"
)

// A changeLog reads changes in the order of the feed.
type changeLog struct {
	base *Base
}

const readTimeout = 10 * time.Second

var (
	readFeed    = operation.New("read feed")
	startFeed   = operation.New("start feed")
	rebaseFeed  = operation.New("rebase feed")
	errReadOnly = fault.New(fault.Unavailable, "the database is read-only at the moment").After(time.Second)
)

// A stretch is what one read found behind a bookmark.
type stretch struct {
	epoch   uint64
	changes []Change
	end     Bookmark // of all that was looked at, wanted or not
	more    bool     // follows, and can be read at once
	held    bool     // there are changes that an older transaction still holds back
}

// A portion is how much is read at a time. It follows what records weigh.
type portion struct {
	bytes int // beyond which no more records are kept
	rows  int
}

const rowsLimit = 512

// fit makes the next portion what this one turned out to hold.
func (p *portion) fit(rows int, cut bool) {
	if cut {
		p.rows = rows
	} else if rows == p.rows {
		p.rows = min(2*rows, rowsLimit)
	}
}

// The epoch is the server's identity, its timeline, which a promotion or a
// recovery to a point in time changes, and the database. Transactions that
// differ may have had the same number in two of them.
const epochColumns = `
	(select system_identifier::text from pg_control_system()),
	case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) end,
	(select oid::text from pg_database where datname = current_database())`

// newest is the newest transaction there is a change of. An order is what makes
// Postgres take the index, whatever it believes of how the numbers are spread.
const newest = `(select changed_in from records order by changed_in desc, position desc limit 1)`

// wantedColumns are the columns of a Record, without the large ones of those that
// nobody wants.
var wantedColumns = strings.NewReplacer(
	"r.payload,", "case when r.wanted then r.payload end,", "r.result,", "case when r.wanted then r.result end,").Replace(columns)

// after returns the changes behind a bookmark, each record in its latest state.
// Those that are of no interest are looked at only as far as needed to pass them.
func (l changeLog) after(ctx context.Context, from Bookmark, interest Interest, size *portion) (stretch, error) {
	var (
		head = `
		select` + epochColumns + `, coalesce(` + newest + ` >= pg_snapshot_xmin(pg_current_snapshot()), false)`
		rows = `
		select r.changed_in, r.wanted, ` + wantedColumns + `
		from (
			select *, ($3::text is null or pipeline = $3) and ($4::text[] is null or state = any($4))
				and ($6::text[] is null or pipeline like any($6)) as wanted
			from records
			where (changed_in, position) > ($1, $2) and changed_in < pg_snapshot_xmin(pg_current_snapshot())
			order by changed_in, position
			limit $5
		) r
		order by r.changed_in, r.position`
	)
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return operation.Value(ctx, readFeed, l.base.Logger, func(ctx context.Context) (found stretch, err error) {
		var both pgx.Batch
		var id epoch
		both.Queue(head).QueryRow(func(row pgx.Row) error { return row.Scan(append(id.fields(), &found.held)...) })
		both.Queue(rows, from.Transaction, from.Position, interest.Pipeline, interest.States, size.rows, interest.reach.Like()).Query(func(rows pgx.Rows) error {
			return found.scan(ctx, l.base, rows, id, from, size)
		})
		if err := l.base.Pools.API.SendBatch(ctx, &both).Close(); err != nil {
			return stretch{}, postgres.Fault(fmt.Errorf("read changes: %w", err))
		}
		found.epoch, err = id.number()
		return found, err
	})
}

// scan reads the rows, until there are enough bytes of them.
func (s *stretch) scan(ctx context.Context, base *Base, rows pgx.Rows, id epoch, from Bookmark, size *portion) error {
	number, _ := id.number()
	s.end = from
	n, bytes, cut := 0, 0, false
	for !cut && rows.Next() {
		c := Change{Bookmark: Bookmark{Epoch: number}, Record: &Record{}}
		var wanted bool
		into, read := c.Record.fields()
		if err := rows.Scan(append([]any{&c.Transaction, &wanted}, into...)...); err != nil {
			return err
		}
		read(ctx, base)
		c.Position = c.Record.Position
		if wanted {
			s.changes = append(s.changes, c)
		}
		s.end = c.Bookmark
		n, bytes = n+1, bytes+c.Record.size()
		cut = bytes >= size.bytes
	}
	rows.Close()
	s.more = cut || n == size.rows
	size.fit(n, cut)
	return rows.Err()
}

func (r *Record) size() int { return len(r.Payload) + len(r.Result) }

// A present is where the feed stands at a moment.
type present struct {
	epoch uint64
	next  uint64            // the number of a transaction to come
	last  Bookmark          // of the last change that the feed could have told
	held  map[Bookmark]bool // the changes it could not yet, though they were made
}

// heldLimit is how many of the changes that were made already, and not told, are
// kept from a subscriber who wants only later ones.
const heldLimit = 1000

// now returns where the feed stands.
func (l changeLog) now(ctx context.Context) (present, error) {
	const (
		head  = `select` + epochColumns + `, pg_snapshot_xmax(pg_current_snapshot())`
		edges = `
		(select changed_in, position, false from records where changed_in < pg_snapshot_xmin(pg_current_snapshot())
			order by changed_in desc, position desc limit 1)
		union all
		(select changed_in, position, true from records where changed_in >= pg_snapshot_xmin(pg_current_snapshot())
			order by changed_in, position limit $1)`
	)
	return operation.Value(ctx, startFeed, l.base.Logger, func(ctx context.Context) (found present, err error) {
		var (
			both pgx.Batch
			id   epoch
			at   Bookmark
			held bool
		)
		found.held = map[Bookmark]bool{}
		both.Queue(head).QueryRow(func(row pgx.Row) error { return row.Scan(append(id.fields(), &found.next)...) })
		both.Queue(edges, heldLimit).Query(func(rows pgx.Rows) error {
			at.Epoch, _ = id.number()
			found.last = at
			_, err := pgx.ForEachRow(rows, []any{&at.Transaction, &at.Position, &held}, func() error {
				if held {
					found.held[at] = true
				} else {
					found.last = at
				}
				return nil
			})
			return err
		})
		if err := l.base.Pools.API.SendBatch(ctx, &both).Close(); err != nil {
			return present{}, postgres.Fault(fmt.Errorf("find the end of the changes: %w", err))
		}
		found.epoch, err = id.number()
		return found, err
	})
}

// rebase puts records with transactions of another numbering, as they are after
// a dump was restored, before every place in this one's feed.
func (l changeLog) rebase(ctx context.Context) error {
	const statement = `
		update records set changed_in = '0'
		where changed_in >= pg_snapshot_xmax(pg_current_snapshot()) and ` + newest + ` >= pg_snapshot_xmax(pg_current_snapshot())`
	return rebaseFeed.Run(ctx, l.base.Logger, func(ctx context.Context) error {
		tag, err := l.base.Pools.API.Exec(ctx, statement)
		if err != nil {
			return postgres.Fault(fmt.Errorf("look for changes of another database: %w", err))
		}
		if n := tag.RowsAffected(); n > 0 {
			l.base.Logger.InfoContext(ctx, "the records come from another database: the feed begins anew", "records", n)
		}
		return nil
	})
}

// An epoch is what tells one numbering of transactions from another.
type epoch struct {
	server, database string
	timeline         *string // nil on a standby
}

func (e *epoch) fields() []any { return []any{&e.server, &e.timeline, &e.database} }

// number returns the epoch as one number, which says nothing of the server.
func (e *epoch) number() (uint64, error) {
	if e.timeline == nil {
		return 0, errReadOnly
	}
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%s/%s/%s", e.server, *e.timeline, e.database)
	return hash.Sum64(), nil
}
