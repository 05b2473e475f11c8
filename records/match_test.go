package records_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

// equal is the condition that an attribute is a value.
func equal(name, value string) records.Match {
	return records.Match{Attribute: name, Equal: json.RawMessage(value)}
}

// attributed makes records of the default pipeline, named in order by the numbers
// from 0, with attributes that are JSON.
func attributed(t *testing.T, g *gateway, attributes ...string) {
	t.Helper()
	for i, a := range attributes {
		g.exec(t, `
			insert into records (pipeline, payload_id, fingerprint, state, payload, pipeline_version, received_at, attributes)
			values ('default', $1, sha256(''), 'PROCESSED', '{}', 1, $2, $3::text::jsonb)`, fmt.Sprint(i), at(i), nullable(a))
	}
}

func nullable(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func TestPageFindsRecordsByTheirAttributes(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	attributed(t, g,
		`{"status": "late", "total": 5}`, `{"status": "late", "total": 7.5, "paid": true}`, `{"status": "on time", "total": 10, "paid": false}`,
		"", `{"status": "5", "total": "7"}`, `{"total": 9007199254740993}`, `{"total": 1e400, "it's \"a\" \\ name": "it's"}`, `{"total": -3}`,
		`{"total": 0.1}`, `{"total": 5.0, "status": null}`, `{"total": `+strings.Repeat("9", 5000)+`}`, `{"rest": 0}`)
	over := func(n float64) records.Match { return records.Match{Attribute: "total", Over: &n} }
	for name, c := range map[string]struct {
		matches []records.Match
		want    string
	}{
		"a string":                      {[]records.Match{equal("status", `"late"`)}, "0 1"},
		"a number":                      {[]records.Match{equal("total", `5`)}, "0 9"},
		"a number written in another":   {[]records.Match{equal("total", `50e-1`)}, "0 9"},
		"a fraction":                    {[]records.Match{equal("total", `0.1`)}, "8"},
		"a number that no double holds": {[]records.Match{equal("total", `9007199254740993`)}, "5"},
		"its neighbour":                 {[]records.Match{equal("total", `9007199254740992`)}, ""},
		"zero":                          {[]records.Match{equal("rest", `-0.0`)}, "11"},
		"zero with a vast exponent":     {[]records.Match{equal("rest", `0e9922222299`)}, "11"},
		"true":                          {[]records.Match{equal("paid", `true`)}, "1"},
		"false":                         {[]records.Match{equal("paid", `false`)}, "2"},
		"text that looks like a number": {[]records.Match{equal("status", `"5"`)}, "4"},
		"an attribute nobody has":       {[]records.Match{equal("nobody", `"late"`)}, ""},
		"a name with quotes":            {[]records.Match{equal(`it's "a" \ name`, `"it's"`)}, "6"},
		"an injection":                  {[]records.Match{equal(`x": 1} ' or true --`, `"'; drop table records"`)}, ""},
		"two at once":                   {[]records.Match{equal("status", `"late"`), equal("paid", `true`)}, "1"},
		"two that contradict":           {[]records.Match{equal("status", `"late"`), equal("status", `"5"`)}, ""},
		"above":                         {[]records.Match{over(5)}, "1 2 5 6"},
		"from, where text is no number": {[]records.Match{{Attribute: "total", From: ptr(5.0)}}, "0 1 2 5 6 9"},
		"below":                         {[]records.Match{{Attribute: "total", Below: ptr(5.0)}}, "7 8"},
		"up to":                         {[]records.Match{{Attribute: "total", UpTo: ptr(5.0)}}, "0 7 8 9"},
		"between":                       {[]records.Match{{Attribute: "total", From: ptr(0.1), Below: ptr(7.5)}}, "0 8 9"},
		"equal and within":              {[]records.Match{{Attribute: "total", Equal: json.RawMessage("5"), UpTo: ptr(5.0)}}, "0 9"},
		"a bound with all its digits":   {[]records.Match{over(9007199254740992)}, "5 6"},
		"the largest bound":             {[]records.Match{over(1.7976931348623157e308)}, "6"},
		"the smallest bound":            {[]records.Match{{Attribute: "total", Below: ptr(5e-324), Over: ptr(-5e-324)}}, ""},
		"a range and a value":           {[]records.Match{over(5), equal("status", `"late"`)}, "1"},
	} {
		for _, m := range c.matches {
			if err := m.Validate(); err != nil {
				t.Errorf("%s: Validate = %v", name, err)
			}
		}
		filter := records.Filter{Pipelines: []string{"default"}, Attributes: c.matches}
		if got := ids(page(t, g, filter, records.Range{Limit: 20})); got != c.want {
			t.Errorf("%s: Page = %q, want %q", name, got, c.want)
		}
		if n, err := g.store.Count(t.Context(), pipeline.Reach{}, filter); err != nil || n != len(strings.Fields(c.want)) {
			t.Errorf("%s: Count = %d, %v, want %d", name, n, err, len(strings.Fields(c.want)))
		}
	}
	found := page(t, g, records.Filter{}, records.Range{Limit: 4})
	if got := string(found[0].Attributes); got != `{"total": 5, "status": "late"}` || found[3].Attributes != nil {
		t.Errorf("attributes = %s and %s", got, found[3].Attributes)
	}
}

func TestValidateRefusesWhatNoAttributeIs(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]records.Match{
		"no name":                equal("", "1"),
		"a long name":            equal(strings.Repeat("x", 257), "1"),
		"a name with U+0000":     equal("a\x00b", "1"),
		"a name that is no text": equal("a\xff", "1"),
		"nothing asked":          {Attribute: "a"},
		"an object":              equal("a", `{}`),
		"a list":                 equal("a", `[1]`),
		"null":                   equal("a", `null`),
		"U+0000":                 equal("a", `"a\u0000"`),
		"too large a number":     equal("a", `1e400`),
		"far too large a number": equal("a", `-1e999999999`),
		"too small a number":     equal("a", `1e-999999999`),
		"a long text":            equal("a", `"`+strings.Repeat("x", 5000)+`"`),
	} {
		if err := m.Validate(); fault.KindOf(err) != fault.BadInput {
			t.Errorf("%s: Validate = %v, want a %s", name, err, fault.BadInput.Code())
		}
	}
}

// Whatever Validate lets through, the database can be asked for.
func FuzzMatch(f *testing.F) {
	for _, seed := range []string{`"a"`, `1`, `-0.0`, `1e308`, `5e-324`, `0e9922222299`, `true`, `"\ud83d\ude00"`, `"\ud800"`, `1e-400`} {
		f.Add("name", seed, 1.5)
	}
	g := assemble(open(f, migrated(f)))
	f.Fuzz(func(t *testing.T, name, value string, bound float64) {
		if !json.Valid([]byte(value)) || value != strings.TrimSpace(value) || bound-bound != 0 {
			t.Skip()
		}
		m := records.Match{Attribute: name, Equal: json.RawMessage(value), Over: &bound}
		if m.Validate() != nil {
			return
		}
		if _, err := g.store.Page(context.Background(), pipeline.Reach{}, records.Filter{Attributes: []records.Match{m}}, records.Range{Limit: 1}); err != nil {
			t.Errorf("Page with %+v: %v", m, err)
		}
	})
}

// many are records of eight pipelines with attributes: one status that is common,
// one that is rare, and totals from 0 to 99999.
func many(t *testing.T, g *gateway) {
	t.Helper()
	g.exec(t, `
		insert into records (pipeline, payload_id, fingerprint, state, payload, pipeline_version, received_at, attributes)
		select 'p' || n % 8, n, sha256(''), case when n % 5000 = 0 then 'DEAD' else 'PROCESSED' end, '{}', 1, $1::timestamptz + n * interval '1 second',
			jsonb_build_object('status', case when n % 4000 = 7 then 'rare' else 'common' end, 'total', n * 7919 % 100000, 'order', n::text)
		from generate_series(1, 40000) n`, noon)
	g.exec(t, `vacuum analyze records`)
}

// Each kind of condition finds the rows by the index that is there for it.
func TestPageFollowsTheIndexOfAnAttribute(t *testing.T) {
	t.Parallel()
	var statement string
	var args []any
	g := assemble(traced(t, migrated(t), &tracer{before: func(ctx context.Context, sql string, given []any) context.Context {
		statement, args = sql, given
		return ctx
	}}))
	define(t, g, "p7", `{"attributes":{"total":{"expression":"payload.total","type":"NUMBER","range":true},"it's":{"expression":"payload.x","type":"NUMBER","range":true}}}`)
	many(t, g)
	if err := records.NewIndexer(g.base, g.pipelines, time.Now).Reconcile(t.Context()); err != nil {
		t.Fatalf("Reconcile: %v", err)
	}
	ranges := rangeIndexes(t, g)
	if len(ranges) != 2 {
		t.Fatalf("range indexes = %v, want two", ranges)
	}
	for name, c := range map[string]struct {
		filter  records.Filter
		index   func(string) bool
		highest float64 // rows that are read, at most
	}{
		"a rare value":                 {records.Filter{Attributes: []records.Match{equal("status", `"rare"`)}}, is("records_by_attribute"), 10},
		"one value of a pipeline":      {records.Filter{Pipelines: []string{"p7"}, Attributes: []records.Match{equal("order", `"4007"`)}}, is("records_by_attribute"), 1},
		"a common value of a pipeline": {records.Filter{Pipelines: []string{"p7"}, Attributes: []records.Match{equal("status", `"common"`)}}, is("records_by_pipeline"), 22},
		"a narrow range": {records.Filter{Pipelines: []string{"p7"}, Attributes: []records.Match{{Attribute: "total", From: ptr(500.0), Below: ptr(600.0)}}},
			func(index string) bool { return strings.HasPrefix(index, "records_range_") }, 20},
		"the dead of a pipeline": {records.Filter{Pipelines: []string{"p0"}, States: []records.State{records.Dead}}, is("records_dead"), 8},
	} {
		for _, stretch := range []records.Range{{Limit: 20}, {Limit: 20, Descending: true}} {
			found := page(t, g, c.filter, stretch)
			if len(found) == 0 {
				t.Errorf("%s: no record", name)
			}
			plan := explain(t, g, statement, args)
			used := plan.find(func(n node) bool { return n.Index != "" })
			if used == nil || !c.index(used.Index) || used.Rows > c.highest || plan.find(func(n node) bool { return n.Type == "Seq Scan" }) != nil {
				t.Errorf("%s, %+v: read %+v", name, stretch, plan)
			}
		}
	}
}

func is(name string) func(string) bool { return func(other string) bool { return name == other } }

// A page by a condition is in the order of all pages, and goes on behind its last.
func TestAWalkByAnAttributeIsInOrder(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	many(t, g)
	filter := records.Filter{Pipelines: []string{"p7"}, Attributes: []records.Match{{Attribute: "total", Below: ptr(5000.0)}, equal("status", `"common"`)}}
	want, err := g.store.Count(t.Context(), pipeline.Reach{}, filter)
	if err != nil || want < 100 {
		t.Fatalf("Count = %d, %v, want hundreds", want, err)
	}
	met, stretch := 0, records.Range{Limit: 50, Descending: true}
	for {
		found := page(t, g, filter, stretch)
		for _, r := range found {
			if stretch.After != nil && (r.ReceivedAt.After(stretch.After.ReceivedAt) || r.Position >= stretch.After.Position) {
				t.Fatalf("%s comes after %+v", text(r), *stretch.After)
			}
			stretch.After = ptr(r.Cursor())
		}
		met += len(found)
		if len(found) < stretch.Limit {
			break
		}
	}
	if met != want {
		t.Errorf("a walk met %d records, want %d", met, want)
	}
}

// define lets a pipeline's first version, and its only one, have another
// definition, and makes the pipeline if it is not there.
func define(t *testing.T, g *gateway, name, definition string) {
	t.Helper()
	g.exec(t, `insert into pipelines (name) values ($1) on conflict do nothing`, name)
	g.exec(t, `
		insert into pipeline_versions (pipeline, version, definition) values ($1, 1, $2)
		on conflict (pipeline, version) do update set definition = excluded.definition`, name, definition)
}

// rangeIndexes returns the names of the indexes of ranges, and whether each is whole.
func rangeIndexes(t *testing.T, g *gateway) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	rows, err := g.pools.Analytics.Query(t.Context(), `
		select c.relname::text, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid where c.relname like 'records\_range\_%'`)
	if err != nil {
		t.Fatalf("list indexes: %v", err)
	}
	var name string
	var whole bool
	if _, err := pgx.ForEachRow(rows, []any{&name, &whole}, func() error { found[name] = whole; return nil }); err != nil {
		t.Fatalf("list indexes: %v", err)
	}
	return found
}
