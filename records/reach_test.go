package records_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"barograph/pipeline"
	"barograph/records"
)

func reaching(t *testing.T, patterns ...string) pipeline.Reach {
	t.Helper()
	r, err := pipeline.ParseReach(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wide are records of five pipelines, of which two begin with eu-.
func wide(t *testing.T) *gateway {
	t.Helper()
	g := assemble(open(t, migrated(t)))
	var rows []row
	states := []records.State{records.Processed, records.Dead, records.Queued, records.Skipped}
	names := []string{"default", "eu-east", "eu-west", "orders", "eu"}
	random := rand.New(rand.NewPCG(1, 2)) // so that it is the same each time
	for i := range 200 {
		rows = append(rows, row{names[random.IntN(len(names))], fmt.Sprintf("%03d", i), states[random.IntN(4)], random.Int64N(3), random.IntN(60)})
	}
	for _, name := range names[1:] {
		define(t, g, name, `{}`)
	}
	seed(t, g, rows...)
	g.exec(t, `update records set attributes = jsonb_build_object('lane', position % 3, 'total', position) where position % 4 < 3`)
	return g
}

// What somebody who is narrowed is told is what anybody is told, but for what is
// out of reach: by each filter, in each order, counted, and in groups.
func TestAReachLetsThroughWhatIsWithinItAndNothingElse(t *testing.T) {
	t.Parallel()
	g := wide(t)
	noon20 := at(20)
	for _, patterns := range [][]string{{"*"}, {"eu-*"}, {"eu"}, {"orders", "eu-west"}, {"e*", "default"}, {"nobody"}, {"us-*"}} {
		reach := reaching(t, patterns...)
		for name, filter := range map[string]records.Filter{
			"all":                  {},
			"of a pipeline":        {Pipelines: []string{"eu-west"}},
			"of another":           {Pipelines: []string{"orders"}},
			"of a city":            {CityIDs: []int64{1}},
			"the dead":             {States: []records.State{records.Dead}},
			"by an attribute":      {Attributes: []records.Match{equal("lane", "1")}},
			"of a city, the dead":  {CityIDs: []int64{2}, States: []records.State{records.Dead, records.Skipped}},
			"since a time":         {ReceivedSince: &noon20},
			"the dead of one":      {Pipelines: []string{"eu"}, States: []records.State{records.Dead}},
			"since a time, by all": {ReceivedSince: &noon20, CityIDs: []int64{1}, Attributes: []records.Match{equal("lane", "2")}},
		} {
			for _, stretch := range []records.Range{{Limit: 7}, {Limit: 7, Descending: true}, {Limit: 7, FromEnd: true}, {Limit: 300}, {Limit: 7, Descending: true, After: &records.Cursor{ReceivedAt: at(30)}}} {
				all, err := g.store.Page(t.Context(), pipeline.Reach{}, filter, records.Range{Limit: 300, Descending: stretch.Descending, FromEnd: stretch.FromEnd, After: stretch.After})
				if err != nil {
					t.Fatal(err)
				}
				want := slices.DeleteFunc(all, func(r *records.Record) bool { return !reach.Has(r.Pipeline) })
				want = want[:min(len(want), stretch.Limit)]
				got, err := g.store.Page(t.Context(), reach, filter, stretch)
				if err != nil || ids(got) != ids(want) {
					t.Errorf("%v: Page %s, %+v = %q, %v, want %q", patterns, name, stretch, ids(got), err, ids(want))
				}
				if stretch.Limit != 300 {
					continue
				}
				if n, err := g.store.Count(t.Context(), reach, filter); err != nil || n != len(want) {
					t.Errorf("%v: Count %s = %d, %v, want %d", patterns, name, n, err, len(want))
				}
				groups, err := g.store.Group(t.Context(), reach, filter, ptr("lane"), "total", 2)
				if err != nil {
					t.Fatal(err)
				}
				n := groups.OmittedRecords
				for _, one := range groups.Groups {
					n += one.Count
				}
				if n != len(want) {
					t.Errorf("%v: Group %s has %d records, want %d", patterns, name, n, len(want))
				}
			}
		}
	}
}

// What is named is found within reach alone: not there, else.
func TestWhatIsNamedOutOfReachIsNotThere(t *testing.T) {
	t.Parallel()
	g := few(t) // default: a b d f; orders: c e
	g.exec(t, `insert into record_attempts values ('orders', 'c', 1, 1, $1, 'STEP_FAILED', 'no'), ('default', 'a', 1, 1, $1, 'STEP_FAILED', 'no')`, at(1))
	reach, queue := reaching(t, "default"), records.NewQueue(g.base)
	keys := []records.Key{{"default", "d"}, {"orders", "e"}, {"orders", "nobody"}, {"default", "a"}, {"orders", "c"}}
	found, err := g.store.Find(t.Context(), reach, keys)
	slices.SortFunc(found, func(a, b *records.Record) int { return a.Compare(b.Key) })
	if err != nil || ids(found) != "a d" {
		t.Errorf("Find = %q, %v, want a and d", ids(found), err)
	}
	history, err := g.store.History(t.Context(), reach, keys)
	if err != nil || len(history) != 1 || len(history[keys[3]]) != 1 {
		t.Errorf("History = %v, %v, want that of a alone", history, err)
	}
	stats, err := g.store.Stats(t.Context(), reach, "orders", at(0), at(60))
	if err != nil || stats.Received != 0 || stats.Failures != 0 || stats.Backlog() != 0 {
		t.Errorf("Stats of what is out of reach = %+v, %v, want none", stats, err)
	}
	if stats, err = g.store.Stats(t.Context(), reach, "default", at(0), at(60)); err != nil || stats.Received != 4 {
		t.Errorf("Stats of what is within = %+v, %v, want 4 records", stats, err)
	}
	series, err := g.store.Series(t.Context(), reach, "orders", 1, time.Hour, at(30))
	if err != nil || series[0].Received != 0 {
		t.Errorf("Series of what is out of reach = %+v, %v, want none", series, err)
	}
	replay, err := queue.ReplayKeys(t.Context(), reach, keys, noon, false)
	if err != nil || replay.Replayed != 1 || len(replay.Refusals) != 4 {
		t.Fatalf("ReplayKeys = %+v, %v, want d replayed and 4 refused", replay, err)
	}
	if out, none := replay.Refusals[0], replay.Refusals[1]; out.Error() != none.Error() {
		t.Errorf("what is out of reach is refused by %v, and what is not there by %v", out, none)
	}
	for _, filter := range []records.Filter{{Pipelines: []string{"orders"}}, {Pipelines: []string{"orders"}, CityIDs: []int64{2}}} {
		if replay, err := queue.Replay(t.Context(), reach, filter, noon, false); err != nil || replay.Replayed+replay.Remaining != 0 {
			t.Errorf("Replay of %+v = %+v, %v, want none", filter, replay, err)
		}
	}
	if e := page(t, g, records.Filter{Pipelines: []string{"orders"}}, records.Range{Limit: 9})[1]; e.State != records.Skipped {
		t.Errorf("e is %s, want it left SKIPPED", e.State)
	}
}

func TestTheFeedTellsOnlyOfWhatIsWithinReach(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	for _, name := range []string{"eu-west", "eu-east", "us"} {
		if _, err := g.pipelines.Create(t.Context(), name, nil); err != nil {
			t.Fatal(err)
		}
	}
	subscribe := func(interest records.Interest, after *records.Bookmark, patterns ...string) *records.Subscription {
		s, err := g.feed.Subscribe(t.Context(), reaching(t, patterns...), interest, after)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	everything := g.subscribe(t, records.Interest{}, nil)
	live, foreign := subscribe(records.Interest{}, nil, "eu-*"), subscribe(records.Interest{Pipeline: ptr("us")}, nil, "eu-*")
	g.made(t, draft("begin", ""))
	begin := next(t, everything).Bookmark
	var want []string
	for i := range 60 {
		d := draft(fmt.Sprint(i), "")
		if d.Pipeline = []string{"eu-west", "us", "eu-east"}[i%3]; i%3 != 1 {
			want = append(want, d.PayloadID)
		} else {
			d.Payload = json.RawMessage(`{"of":"us"}`)
		}
		g.made(t, d)
	}
	for name, s := range map[string]*records.Subscription{"live": live, "resumed": subscribe(records.Interest{}, &begin, "eu-*")} {
		if got := toldOf(take(t, s, len(want))); !slices.Equal(got, want) {
			t.Errorf("%s: told of %q, want %q", name, got, want)
		}
		quiet(t, s)
	}
	quiet(t, foreign)
	quiet(t, subscribe(records.Interest{Pipeline: ptr("us")}, &begin, "eu-*"))
	if got := take(t, subscribe(records.Interest{Pipeline: ptr("us")}, &begin, "us"), 20); len(got) != 20 {
		t.Errorf("told of %d, want 20", len(got))
	}

	// What nobody is told of does not leave the database.
	opened := &opener{text: `{"of":"us"}`}
	elsewhere := assemble(g.pools)
	elsewhere.base.Sealer = opened
	run(t, elsewhere.feed)
	resumed, err := elsewhere.feed.Subscribe(t.Context(), reaching(t, "eu-*"), records.Interest{}, &begin)
	if err != nil {
		t.Fatal(err)
	}
	defer resumed.Close()
	if got := toldOf(take(t, resumed, len(want))); !slices.Equal(got, want) || opened.times.Load() != 0 {
		t.Errorf("elsewhere: told of %q, want %q, and read %d payloads that are out of reach", got, want, opened.times.Load())
	}
}

// An opener counts how often it opens a text.
type opener struct {
	unsealed
	text  string
	times atomic.Int64
}

func (o *opener) Open(sealed, context []byte) ([]byte, error) {
	if string(sealed) == o.text {
		o.times.Add(1)
	}
	return o.unsealed.Open(sealed, context)
}

// A reach of few among many costs what those few do: no statement goes through
// what is out of reach, and each page reads no more of a pipeline than it may show.
func TestNarrowedStatementsReadOnlyWhatIsWithinReach(t *testing.T) {
	t.Parallel()
	var statement string
	var args []any
	pools := traced(t, migrated(t), &tracer{before: func(ctx context.Context, sql string, given []any) context.Context {
		if strings.Contains(sql, "from pipelines p") && !strings.HasPrefix(sql, "explain") {
			statement, args = sql, given
		}
		return ctx
	}})
	pools.Analytics, pools.Workers = pools.API, pools.API
	g := assemble(pools)
	g.exec(t, `insert into pipelines (name) select 'p' || n from generate_series(0, 9) n`)
	g.exec(t, `insert into pipelines (name) select 'idle-' || n from generate_series(1, 2000) n`)
	g.exec(t, `insert into pipelines (name) values ('eu-east'), ('eu-west')`)
	g.exec(t, `
		insert into records (pipeline, payload_id, fingerprint, state, payload, city_id, pipeline_version, received_at, attributes)
		select case n % 1000 when 0 then 'eu-east' when 1 then 'eu-west' else 'p' || n % 10 end, n, sha256(''), case when n % 7 = 0 then 'DEAD' else 'PROCESSED' end,
			'{}', n % 300, 1, $1::timestamptz + n * interval '1 second', jsonb_build_object('order', n::text)
		from generate_series(1, 60000) n`, noon) // 60 in each of two, of 60000
	g.exec(t, `vacuum analyze records`)
	g.exec(t, `vacuum analyze pipelines`)
	reach := reaching(t, "eu-*", "idle-1", "idle-2", "idle-3")
	for name, c := range map[string]struct {
		filter records.Filter
		most   float64 // rows of records that are read, at most
	}{
		"all":             {records.Filter{}, 2 * 20},
		"since a time":    {records.Filter{ReceivedSince: ptr(noon.Add(5 * time.Hour))}, 2 * 20},
		"the dead":        {records.Filter{States: []records.State{records.Dead}}, 2 * 20},
		"of a city":       {records.Filter{CityIDs: []int64{100}}, 600},
		"by an attribute": {records.Filter{Attributes: []records.Match{equal("order", `"4000"`)}}, 10},
	} {
		for _, stretch := range []records.Range{{Limit: 20}, {Limit: 20, Descending: true}, {Limit: 20, Descending: true, FromEnd: true}} {
			if _, err := g.store.Page(t.Context(), reach, c.filter, stretch); err != nil {
				t.Fatal(err)
			}
			if read := rowsRead(explain(t, g, statement, args)); read > c.most {
				t.Errorf("a page of %s, %+v, reads %v rows, want %v at most", name, stretch, read, c.most)
			}
		}
	}
	for name, ask := range map[string]func() error{
		"a count": func() error { _, err := g.store.Count(t.Context(), reach, records.Filter{}); return err },
		"statistics": func() error {
			_, err := g.store.Group(t.Context(), reach, records.Filter{}, nil, "total", 1)
			return err
		},
	} {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
		if read := rowsRead(explain(t, g, statement, args)); read > 2*60 {
			t.Errorf("%s reads %v rows, want those of two pipelines", name, read)
		}
	}
}

// rowsRead returns how many rows of records a plan read, whether it kept them or
// not.
func rowsRead(n node) (rows float64) {
	if n.Relation == "records" {
		rows = (n.Rows + n.Removed) * max(n.Loops, 1)
	}
	for _, below := range n.Plans {
		rows += rowsRead(below)
	}
	return rows
}
