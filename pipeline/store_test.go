package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
	"barograph/pipeline"
)

func TestMain(m *testing.M) {
	// Times must read the same on a machine that is not in UTC.
	time.Local = time.FixedZone("elsewhere", 5*3600+1800)
	postgrestest.Main(m)
}

// newStore returns a store in a database of the test's own.
func newStore(t *testing.T) *pipeline.Store {
	t.Helper()
	pools, err := postgres.Open(t.Context(), postgrestest.Database(t))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(pools.Close)
	if err := postgres.Migrate(t.Context(), pools.API, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return pipeline.NewStore(pools, slog.New(slog.DiscardHandler))
}

func TestStoreHasTheDefaultPipeline(t *testing.T) {
	t.Parallel()
	found, err := newStore(t).Find(t.Context(), pipeline.Reach{}, []string{pipeline.Default})
	if err != nil || len(found) != 1 {
		t.Fatalf("Find(default) = %v, %v, want one pipeline", found, err)
	}
	if p := found[0]; p.Name != pipeline.Default || !p.Active || p.Version != 1 || p.CreatedAt.Location() != time.UTC {
		t.Errorf("the default pipeline is %+v, want it active, of version 1, with times in UTC", p)
	}
}

func TestStoreCreateFollowsTheRuleOfNames(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	cases := map[string]struct {
		name string
		ok   bool
	}{
		"a letter":                {"a", true},
		"letters and digits":      {"orders2", true},
		"hyphens within":          {"a-b--c", true},
		"64 letters":              {strings.Repeat("a", 64), true},
		"nothing":                 {"", false},
		"65 letters":              {strings.Repeat("a", 65), false},
		"a digit first":           {"1a", false},
		"a hyphen first":          {"-a", false},
		"a hyphen last":           {"a-", false},
		"an upper-case letter":    {"Orders", false},
		"a space":                 {"a b", false},
		"a line break at the end": {"a\n", false},
		"an underscore":           {"a_b", false},
		"a colon":                 {"a:b", false},
		"a letter beyond ASCII":   {"é", false},
		"U+0000":                  {"a\x00", false},
		"bytes that are no UTF-8": {"a\xff", false},
		"a quote":                 {"a'; drop table records", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := store.Create(t.Context(), c.name, nil)
			if c.ok {
				if err != nil || p.Name != c.name || p.Description != nil || !p.Active || p.Version != 1 || !p.CreatedAt.Equal(p.UpdatedAt) {
					t.Errorf("Create(%q) = %+v, %v, want an active pipeline of version 1", c.name, p, err)
				}
				return
			}
			if refusal := refused(t, err); refusal.Code != pipeline.NameInvalid || !slices.Equal(refusal.Field, []string{"input", "name"}) {
				t.Errorf("Create(%q) refuses with %v at %v, want %s at input.name", c.name, refusal, refusal.Field, pipeline.NameInvalid)
			}
		})
	}
}

func TestStoreCreateLimitsTheDescription(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	cases := map[string]struct {
		description string
		ok          bool
	}{
		"nothing":                  {"", true},
		"1000-wide-characters":     {strings.Repeat("é", 1000), true},
		"a-line-break":             {"one\ntwo", true},
		"1001-characters":          {strings.Repeat("e", 1001), false},
		"a-zero":                   {"a\x00b", false},
		"bytes-that-are-not-utf-8": {"\xff", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := store.Create(t.Context(), "p-"+name, &c.description)
			if c.ok {
				if err != nil || p.Description == nil || *p.Description != c.description {
					t.Errorf("Create = %+v, %v, want the description %.40q", p, err, c.description)
				}
				return
			}
			if refusal := refused(t, err); refusal.Code != pipeline.DescriptionInvalid || !slices.Equal(refusal.Field, []string{"input", "description"}) {
				t.Errorf("Create refuses with %v at %v, want %s at input.description", refusal, refusal.Field, pipeline.DescriptionInvalid)
			}
		})
	}
}

func TestStoreCreateMakesOnePipelineOfAName(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	var (
		all     sync.WaitGroup
		mu      sync.Mutex
		created int
	)
	for i := range 20 {
		all.Go(func() {
			description := fmt.Sprint(i)
			p, err := store.Create(t.Context(), "contended", &description)
			mu.Lock()
			defer mu.Unlock()
			var refusal *pipeline.Refusal
			if p != nil {
				created++
			} else if !errors.As(err, &refusal) || refusal.Code != pipeline.NameTaken {
				t.Errorf("Create = %v, want %s", err, pipeline.NameTaken)
			}
		})
	}
	all.Wait()
	if created != 1 {
		t.Errorf("%d callers made the pipeline, want 1", created)
	}
	_, err := store.Create(t.Context(), pipeline.Default, nil)
	if refusal := refused(t, err); refusal.Code != pipeline.NameTaken || !slices.Equal(refusal.Field, []string{"input", "name"}) {
		t.Errorf("Create(default) refuses with %v at %v, want %s at input.name", refusal, refusal.Field, pipeline.NameTaken)
	}
}

func TestStoreSetActiveIsNoChangeTheSecondTime(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	before := create(t, store, "orders")
	last := before.UpdatedAt
	for _, step := range []struct{ active, changes bool }{{true, false}, {false, true}, {false, false}, {true, true}, {true, false}} {
		p, err := store.SetActive(t.Context(), pipeline.Reach{}, "orders", step.active)
		if err != nil {
			t.Fatalf("SetActive(%t): %v", step.active, err)
		}
		if p.Active != step.active || p.UpdatedAt.After(last) != step.changes || !p.CreatedAt.Equal(before.CreatedAt) || p.Version != 1 {
			t.Errorf("SetActive(%t) after %v = %+v, want a change: %t", step.active, last, p, step.changes)
		}
		last = p.UpdatedAt
	}
}

func TestStoreSetActiveRefusesAPipelineThatIsNot(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	for _, name := range []string{"missing", "", "No Name", "a\x00", strings.Repeat("a", 1<<20)} {
		p, err := store.SetActive(t.Context(), pipeline.Reach{}, name, true)
		refusal := refused(t, err)
		if p != nil || refusal.Code != pipeline.NotFound || !slices.Equal(refusal.Field, []string{"input", "name"}) {
			t.Errorf("SetActive(%.20q) = %v, %v at %v, want %s at input.name", name, p, refusal.Code, refusal.Field, pipeline.NotFound)
		}
		if len(refusal.Message) > 400 {
			t.Errorf("SetActive with a name of %d bytes answers with %d", len(name), len(refusal.Message))
		}
	}
}

func TestStoreFindReturnsThoseThatExist(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	create(t, store, "a")
	create(t, store, "b")
	cases := map[string]struct{ ask, want []string }{
		"one":               {[]string{"a"}, []string{"a"}},
		"some":              {[]string{"b", "zzz", "a"}, []string{"a", "b"}},
		"one twice":         {[]string{"a", "a"}, []string{"a"}},
		"none that is":      {[]string{"zzz"}, nil},
		"none that may be":  {[]string{"", "A", "\x00", "\xff"}, nil},
		"nothing asked for": {nil, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := store.Find(t.Context(), pipeline.Reach{}, c.ask)
			if got := names(found); err != nil || !slices.Equal(slices.Sorted(slices.Values(got)), c.want) {
				t.Errorf("Find(%q) = %q, %v, want %q", c.ask, got, err, c.want)
			}
		})
	}
}

func TestStorePagesByNameInBothDirections(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	for _, name := range []string{"b", "a-b", "a", "ab", "a1", "z"} {
		create(t, store, name)
	}
	b, c, z := "b", "c", "z"
	cases := map[string]struct {
		after, before *string
		limit         int
		reverse       bool
		want          string
	}{
		"everything, in byte order":    {nil, nil, 10, false, "a a-b a1 ab b default z"},
		"everything from the end":      {nil, nil, 10, true, "z default b ab a1 a-b a"},
		"the first":                    {nil, nil, 2, false, "a a-b"},
		"the last, the last one first": {nil, nil, 2, true, "z default"},
		"after a name":                 {&b, nil, 10, false, "default z"},
		"after a name that is not":     {&c, nil, 10, false, "default z"},
		"before a name":                {nil, &b, 10, false, "a a-b a1 ab"},
		"the last before a name":       {nil, &b, 1, true, "ab"},
		"between":                      {&b, &z, 10, false, "default"},
		"between, crosswise":           {&z, &b, 10, false, ""},
		"nothing":                      {nil, nil, 0, false, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := store.Page(t.Context(), pipeline.Reach{}, c.after, c.before, c.limit, c.reverse)
			if got := strings.Join(names(page), " "); err != nil || got != c.want {
				t.Errorf("Page = %q, %v, want %q", got, err, c.want)
			}
		})
	}
	if count, err := store.Count(t.Context(), pipeline.Reach{}); err != nil || count != 7 {
		t.Errorf("Count = %d, %v, want 7", count, err)
	}
}

func TestStoreErrorsHaveAKind(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	calls := map[string]func() error{
		"Create":    func() error { _, err := store.Create(late, "late", nil); return err },
		"SetActive": func() error { _, err := store.SetActive(late, pipeline.Reach{}, pipeline.Default, false); return err },
		"Find":      func() error { _, err := store.Find(late, pipeline.Reach{}, []string{pipeline.Default}); return err },
		"Page":      func() error { _, err := store.Page(late, pipeline.Reach{}, nil, nil, 1, false); return err },
		"Count":     func() error { _, err := store.Count(late, pipeline.Reach{}); return err },
	}
	for name, call := range calls {
		if err := call(); fault.KindOf(err) != fault.Timeout {
			t.Errorf("%s past the deadline: %v, want a %s", name, err, fault.Timeout.Code())
		}
	}
}

func TestParseIDReadsWhatIDWrites(t *testing.T) {
	t.Parallel()
	p := pipeline.Pipeline{Name: "orders"}
	if name, ok := pipeline.ParseID(p.ID()); !ok || name != "orders" {
		t.Errorf("ParseID(%q) = %q, %t", p.ID(), name, ok)
	}
	for _, id := range []string{"", "orders", "Pipeline:", "Pipeline:A", "pipeline:orders", "Record:orders", "Pipeline:a\x00"} {
		if name, ok := pipeline.ParseID(id); ok {
			t.Errorf("ParseID(%q) = %q, want none", id, name)
		}
	}
}

func create(t *testing.T, store *pipeline.Store, name string) *pipeline.Pipeline {
	t.Helper()
	p, err := store.Create(t.Context(), name, nil)
	if err != nil {
		t.Fatalf("Create(%q): %v", name, err)
	}
	return p
}

func names(pipelines []*pipeline.Pipeline) []string {
	var all []string
	for _, p := range pipelines {
		all = append(all, p.Name)
	}
	return all
}
