package records_test

import (
	"context"
	"encoding/json"

	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

// A row is a record as a test wants it: minutes from noon, and 0 for no city.
type row struct {
	pipeline, id string
	state        records.State
	city         int64
	minutes      int
}

// seed makes records of the rows, one position after the other.
func seed(t *testing.T, g *gateway, rows ...row) {
	t.Helper()
	_, err := g.pools.Analytics.CopyFrom(t.Context(), pgx.Identifier{"records"},
		[]string{"pipeline", "payload_id", "fingerprint", "state", "payload", "city_id", "pipeline_version", "received_at", "next_attempt_at", "lease", "lease_until"},
		pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			r := rows[i]
			var city *int64
			if r.city != 0 {
				city = &r.city
			}
			var due, until *time.Time
			var lease *int64
			switch received := at(r.minutes); r.state {
			case records.Queued, records.Retrying:
				due = &received
			case records.Processing:
				lease, until = new(int64(1)), &received
			}
			return []any{r.pipeline, r.id, make([]byte, 32), string(r.state), []byte(`{}`), city, 1, at(r.minutes), due, lease, until}, nil
		}))
	if err != nil {
		t.Fatalf("seed: %v", err)
	}
}

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// few are records of two pipelines, of two cities and of none; c and d came at once.
func few(t *testing.T) *gateway {
	t.Helper()
	g := assemble(open(t, migrated(t)))
	seed(t, g,
		row{"default", "a", records.Processed, 1, 0},
		row{"default", "b", records.Queued, 2, 1},
		row{"orders", "c", records.Processed, 1, 2},
		row{"default", "d", records.Dead, 0, 2},
		row{"orders", "e", records.Skipped, 2, 3},
		row{"default", "f", records.Processed, 1, 4},
	)
	return g
}

func TestStorePageAndCountFollowTheFilter(t *testing.T) {
	t.Parallel()
	g := few(t)
	since, before := at(1), at(3)
	cases := map[string]struct {
		filter records.Filter
		want   string
	}{
		"nothing said":           {records.Filter{}, "a b c d e f"},
		"a pipeline":             {records.Filter{Pipelines: []string{"orders"}}, "c e"},
		"a pipeline twice":       {records.Filter{Pipelines: []string{"orders", "orders"}}, "c e"},
		"two pipelines":          {records.Filter{Pipelines: []string{"orders", "default"}}, ""},
		"no such pipeline":       {records.Filter{Pipelines: []string{"missing"}}, ""},
		"no pipeline may be it":  {records.Filter{Pipelines: []string{"a\x00"}}, ""},
		"a state":                {records.Filter{States: []records.State{records.Dead}}, "d"},
		"two states":             {records.Filter{States: []records.State{records.Dead, records.Queued}}, "b d"},
		"no such state":          {records.Filter{States: []records.State{"LOST"}}, ""},
		"a city":                 {records.Filter{CityIDs: []int64{1}}, "a c f"},
		"a city twice":           {records.Filter{CityIDs: []int64{2, 2}}, "b e"},
		"two cities":             {records.Filter{CityIDs: []int64{1, 2}}, ""},
		"no such city":           {records.Filter{CityIDs: []int64{99}}, ""},
		"since a time":           {records.Filter{ReceivedSince: &since}, "b c d e f"},
		"before a time":          {records.Filter{ReceivedBefore: &before}, "a b c d"},
		"between times":          {records.Filter{ReceivedSince: &since, ReceivedBefore: &before}, "b c d"},
		"between times, crossed": {records.Filter{ReceivedSince: &before, ReceivedBefore: &since}, ""},
		"a pipeline and a city":  {records.Filter{Pipelines: []string{"default"}, CityIDs: []int64{1}}, "a f"},
		"everything": {records.Filter{
			Pipelines: []string{"orders"}, States: []records.State{records.Processed, records.Skipped}, CityIDs: []int64{2},
			ReceivedSince: &since, ReceivedBefore: ptr(at(4)),
		}, "e"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := page(t, g, c.filter, records.Range{Limit: 10}); ids(got) != c.want {
				t.Errorf("Page = %q, want %q", ids(got), c.want)
			}
			if count, err := g.store.Count(t.Context(), pipeline.Reach{}, c.filter); err != nil || count != len(strings.Fields(c.want)) {
				t.Errorf("Count = %d, %v, want %d", count, err, len(strings.Fields(c.want)))
			}
		})
	}
}

func TestStorePageReturnsTheStretchAskedFor(t *testing.T) {
	t.Parallel()
	g := few(t)
	cursor := make(map[string]*records.Cursor)
	for _, r := range page(t, g, records.Filter{}, records.Range{Limit: 10}) {
		cursor[r.PayloadID] = ptr(r.Cursor())
	}
	nowhere := &records.Cursor{ReceivedAt: at(2), Position: -1} // before all that came then
	cases := map[string]struct {
		stretch records.Range
		want    string
	}{
		"the oldest":                         {records.Range{Limit: 2}, "a b"},
		"the newest":                         {records.Range{Limit: 2, Descending: true}, "f e"},
		"the last, the last one first":       {records.Range{Limit: 2, FromEnd: true}, "f e"},
		"the last of descending":             {records.Range{Limit: 2, Descending: true, FromEnd: true}, "a b"},
		"after one":                          {records.Range{Limit: 2, After: cursor["b"]}, "c d"},
		"after one of two that came at once": {records.Range{Limit: 2, After: cursor["c"]}, "d e"},
		"after one, descending":              {records.Range{Limit: 2, Descending: true, After: cursor["d"]}, "c b"},
		"before one":                         {records.Range{Limit: 9, Before: cursor["d"]}, "a b c"},
		"before one, descending":             {records.Range{Limit: 9, Descending: true, Before: cursor["d"]}, "f e"},
		"the last before one":                {records.Range{Limit: 2, FromEnd: true, Before: cursor["d"]}, "c b"},
		"the last before one, descending":    {records.Range{Limit: 1, FromEnd: true, Descending: true, Before: cursor["d"]}, "e"},
		"the last after one":                 {records.Range{Limit: 2, FromEnd: true, After: cursor["c"]}, "f e"},
		"between two":                        {records.Range{Limit: 9, After: cursor["a"], Before: cursor["e"]}, "b c d"},
		"between two, descending":            {records.Range{Limit: 9, Descending: true, After: cursor["e"], Before: cursor["a"]}, "d c b"},
		"between two, from the end":          {records.Range{Limit: 2, FromEnd: true, After: cursor["a"], Before: cursor["e"]}, "d c"},
		"between two, crosswise":             {records.Range{Limit: 9, After: cursor["e"], Before: cursor["a"]}, ""},
		"between one and itself":             {records.Range{Limit: 9, After: cursor["c"], Before: cursor["c"]}, ""},
		"after the newest":                   {records.Range{Limit: 9, After: cursor["f"]}, ""},
		"after a place without a record":     {records.Range{Limit: 1, After: nowhere}, "c"},
		"before a place without a record":    {records.Range{Limit: 1, FromEnd: true, Before: nowhere}, "b"},
		"none":                               {records.Range{}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := page(t, g, records.Filter{}, c.stretch); ids(got) != c.want {
				t.Errorf("Page = %q, want %q", ids(got), c.want)
			}
		})
	}
	t.Run("with a filter", func(t *testing.T) {
		t.Parallel()
		got := page(t, g, records.Filter{Pipelines: []string{"default"}}, records.Range{Limit: 2, Descending: true, After: cursor["e"]})
		if want := "d b"; ids(got) != want {
			t.Errorf("Page = %q, want %q", ids(got), want)
		}
	})
}

func TestStorePageReadsEveryState(t *testing.T) {
	t.Parallel()
	g := few(t)
	for _, r := range page(t, g, records.Filter{}, records.Range{Limit: 10}) {
		if r.Result != nil || r.ProcessedAt != nil || string(r.Payload) != `{}` || r.PipelineVersion != 1 || r.ReceivedAt.Location() != time.UTC {
			t.Errorf("Page has %s, want a record without a result, with its time in UTC", text(r))
		}
		if (r.CityID == nil) != (r.PayloadID == "d") {
			t.Errorf("Page has %s, want a city on all but d", text(r))
		}
	}
}

func TestStoreFindReturnsThoseThatExist(t *testing.T) {
	t.Parallel()
	g := few(t)
	key := func(name, id string) records.Key { return records.Key{Pipeline: name, PayloadID: id} }
	cases := map[string]struct {
		keys []records.Key
		want string
	}{
		"one":                            {[]records.Key{key("default", "a")}, "a"},
		"some":                           {[]records.Key{key("orders", "c"), key("default", "zzz"), key("default", "f")}, "c f"},
		"an id in another pipeline":      {[]records.Key{key("orders", "a")}, ""},
		"a pipeline that is not":         {[]records.Key{key("missing", "a")}, ""},
		"nothing asked for":              {nil, ""},
		"keys that cannot be":            {[]records.Key{key("", "a"), key("default", ""), key("A B", "a"), key("default", "\x00")}, ""},
		"ids that are not UTF-8":         {[]records.Key{key("default", "a\xff"), key("default\xff", "a")}, ""},
		"an id that is too long":         {[]records.Key{key("default", strings.Repeat("a", 256))}, ""},
		"some that be and some that not": {[]records.Key{key("default", "\x00"), key("default", "a")}, "a"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := g.store.Find(t.Context(), pipeline.Reach{}, c.keys)
			slices.SortFunc(found, func(a, b *records.Record) int { return strings.Compare(a.PayloadID, b.PayloadID) })
			if err != nil || ids(found) != c.want {
				t.Errorf("Find = %q, %v, want %q", ids(found), err, c.want)
			}
		})
	}
}

func TestStoreErrorsHaveAKind(t *testing.T) {
	t.Parallel()
	g := few(t)
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	calls := map[string]func() error{
		"Find": func() error {
			_, err := g.store.Find(late, pipeline.Reach{}, []records.Key{{Pipeline: "default", PayloadID: "a"}})
			return err
		},
		"Page": func() error {
			_, err := g.store.Page(late, pipeline.Reach{}, records.Filter{}, records.Range{Limit: 1})
			return err
		},
		"Count": func() error { _, err := g.store.Count(late, pipeline.Reach{}, records.Filter{}); return err },
	}
	for name, call := range calls {
		if err := call(); fault.KindOf(err) != fault.Timeout {
			t.Errorf("%s past the deadline: %v, want a %s", name, err, fault.Timeout.Code())
		}
	}
}

// Each way to page reads no more rows than it returns, however many there are.
func TestStorePageFollowsAnIndex(t *testing.T) {
	t.Parallel()
	var statement string
	var args []any
	g := assemble(traced(t, migrated(t), &tracer{before: func(ctx context.Context, sql string, given []any) context.Context {
		statement, args = sql, given
		return ctx
	}}))
	g.exec(t, `
		insert into records (pipeline, payload_id, fingerprint, state, payload, city_id, pipeline_version, received_at)
		select 'p' || n % 200, n, sha256(''), 'PROCESSED', '{}', n % 300, 1, $1::timestamptz + n * interval '1 second'
		from generate_series(1, 20000) n`, noon)
	g.exec(t, `analyze records`) // each pipeline has 100 of them, each city 66
	middle := &records.Cursor{ReceivedAt: noon.Add(10000 * time.Second), Position: 10000}
	for name, c := range map[string]struct {
		filter records.Filter
		index  string
	}{
		"all":           {records.Filter{}, "records_by_time"},
		"of a pipeline": {records.Filter{Pipelines: []string{"p7"}}, "records_by_pipeline"},
		"of a city":     {records.Filter{CityIDs: []int64{7}}, "records_by_city"},
		"since a time":  {records.Filter{ReceivedSince: ptr(noon.Add(5000 * time.Second))}, "records_by_time"},
	} {
		for _, stretch := range []records.Range{
			{Limit: 20}, {Limit: 20, Descending: true}, {Limit: 20, After: middle}, {Limit: 20, Descending: true, After: middle},
			{Limit: 20, FromEnd: true, Before: middle},
		} {
			if got := page(t, g, c.filter, stretch); len(got) != 20 {
				t.Fatalf("%s, %+v: Page has %d records, want 20", name, stretch, len(got))
			}
			plan := explain(t, g, statement, args)
			uses := plan.find(func(n node) bool { return n.Index == c.index })
			wasteful := plan.find(func(n node) bool { return n.Type == "Sort" || n.Type == "Seq Scan" || n.Type == "Incremental Sort" })
			if uses == nil || wasteful != nil || uses.Rows > 20 || uses.Removed > 0 {
				t.Errorf("%s, %+v: want an index scan of %s that reads 20 rows, got %+v", name, stretch, c.index, plan)
			}
		}
	}
}

// A node is a step of a plan, as Postgres explains it.
type node struct {
	Type     string  `json:"Node Type"`
	Subplan  string  `json:"Subplan Name"`
	Index    string  `json:"Index Name"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"`
	Loops    float64 `json:"Actual Loops"`
	Removed  float64 `json:"Rows Removed by Filter"`
	Plans    []node  `json:"Plans"`
}

// find returns the first step of which the claim holds, or nil.
func (n node) find(claim func(node) bool) *node {
	if claim(n) {
		return &n
	}
	for _, below := range n.Plans {
		if found := below.find(claim); found != nil {
			return found
		}
	}
	return nil
}

func explain(t *testing.T, g *gateway, statement string, args []any) node {
	t.Helper()
	var text []byte
	if err := g.pools.Analytics.QueryRow(t.Context(), `explain (analyze, format json) `+statement, args...).Scan(&text); err != nil {
		t.Fatalf("explain: %v", err)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
		t.Fatalf("read the plan %s: %v", text, err)
	}
	return plans[0].Plan
}

func TestParseIDReadsWhatIDWrites(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a", "a:b", ":", "é😀", " ", strings.Repeat("😀", 255)} {
		k := records.Key{Pipeline: pipeline.Default, PayloadID: id}
		if got, ok := records.ParseID(k.ID()); !ok || got != k {
			t.Errorf("ParseID(%q) = %v, %t", k.ID(), got, ok)
		}
	}
	for _, id := range []string{
		"", "default:a", "Record:", "Record:default", "Record:default:", "Record::a", "Record:A:a", "record:default:a", "Pipeline:default:a",
		"Record:default:a\x00", "Record:default:a\xff", "Record:default:" + strings.Repeat("a", 256),
	} {
		if got, ok := records.ParseID(id); ok {
			t.Errorf("ParseID(%q) = %v, want none", id, got)
		}
	}
}

func FuzzParseID(f *testing.F) {
	for _, seed := range []string{"Record:default:a", "Record:default:a:b", "Record::", "Pipeline:default", "Record:a-b:\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if k, ok := records.ParseID(id); ok && k.ID() != id {
			t.Errorf("ParseID(%q) = %v, whose id is %q", id, k, k.ID())
		}
	})
}

func page(t *testing.T, g *gateway, filter records.Filter, stretch records.Range) []*records.Record {
	t.Helper()
	found, err := g.store.Page(t.Context(), pipeline.Reach{}, filter, stretch)
	if err != nil {
		t.Fatalf("Page: %v", err)
	}
	return found
}

// ids returns the payload ids of records, in order.
func ids(found []*records.Record) string {
	all := make([]string, len(found))
	for i, r := range found {
		all[i] = r.PayloadID
	}
	return strings.Join(all, " ")
}

func ptr[T any](v T) *T { return &v }
