package pipeline_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/pipeline"
)

// narrow returns a catalog with the pipelines default, eu-east, eu-west and us.
func narrow(t *testing.T) (*pipeline.Catalog, *pipeline.Store) {
	t.Helper()
	catalog, store := newCatalog(t)
	for _, name := range []string{"eu-east", "eu-west", "us"} {
		if _, err := catalog.Create(t.Context(), pipeline.Reach{}, name, nil, json.RawMessage(passing)); err != nil {
			t.Fatal(err)
		}
	}
	return catalog, store
}

func TestPipelinesAreFoundAndCountedWithinReach(t *testing.T) {
	t.Parallel()
	_, store := narrow(t)
	for _, c := range []struct {
		patterns []string
		want     string
	}{
		{nil, "default eu-east eu-west us"},
		{[]string{"eu-*"}, "eu-east eu-west"},
		{[]string{"us", "eu-w*", "nobody"}, "eu-west us"},
		{[]string{"eu"}, ""},
	} {
		reach := reach(t, c.patterns...)
		n := len(strings.Fields(c.want))
		page, err := store.Page(t.Context(), reach, nil, nil, 10, false)
		if got := strings.Join(names(page), " "); err != nil || got != c.want {
			t.Errorf("%v: Page = %q, %v, want %q", c.patterns, got, err, c.want)
		}
		if count, err := store.Count(t.Context(), reach); err != nil || count != n {
			t.Errorf("%v: Count = %d, %v, want %d", c.patterns, count, err, n)
		}
		if found, err := store.Find(t.Context(), reach, []string{"us", "eu-west", "eu-east", "default"}); err != nil || len(found) != n {
			t.Errorf("%v: Find has %d, %v, want %d", c.patterns, len(found), err, n)
		}
	}
}

func TestAPipelineOutOfReachIsRefusedAsOneThatIsNotThere(t *testing.T) {
	t.Parallel()
	catalog, store := narrow(t)
	eu, words := reach(t, "eu-*"), "mine now"
	if _, err := catalog.Current(t.Context(), pipeline.Reach{}, "us"); err != nil { // it is at hand
		t.Fatal(err)
	}
	for name, do := range map[string]func(name string) error{
		"Current": func(name string) error { _, err := catalog.Current(t.Context(), eu, name); return err },
		"Update": func(name string) error {
			_, err := catalog.Update(t.Context(), eu, pipeline.Change{Name: name, Description: &words})
			return err
		},
		"SetActive": func(name string) error { _, err := store.SetActive(t.Context(), eu, name, false); return err },
	} {
		foreign, missing := refused(t, do("us")), refused(t, do("eu-nobody"))
		if foreign.Code != pipeline.NotFound || strings.ReplaceAll(foreign.Error(), "us", "eu-nobody") != missing.Error() {
			t.Errorf("%s: what is out of reach is refused with %v, and what is not there with %v", name, foreign, missing)
		}
		if err := do("eu-west"); err != nil {
			t.Errorf("%s: what is within reach is refused with %v", name, err)
		}
	}
	for _, name := range []string{"us", "nobody"} {
		if _, err := catalog.Create(t.Context(), eu, name, nil, json.RawMessage(`{"steps":7}`)); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("Create(%s) = %v, want %s", name, err, fault.Forbidden.Code())
		}
	}
	found, err := store.Find(t.Context(), pipeline.Reach{}, []string{"us"})
	if err != nil || len(found) != 1 || !found[0].Active || found[0].Description != nil {
		t.Errorf("us is %v, %v, want it as it was", found, err)
	}
}

// What others have at hand is not for those to make slower who do not reach it.
func TestACatalogForgetsNothingForWhoDoesNotReachIt(t *testing.T) {
	t.Parallel()
	here, store := narrow(t)
	elsewhere, words := pipeline.NewCatalog(store, compiler()), "mine now"
	version := func() int {
		p, err := here.Current(t.Context(), pipeline.Reach{}, "us")
		if err != nil {
			t.Fatal(err)
		}
		return p.Version
	}
	for retries := 2; ; retries++ {
		here.Forget("us")
		began, known := time.Now(), version()
		if _, err := elsewhere.Update(t.Context(), pipeline.Reach{}, pipeline.Change{Name: "us", Definition: json.RawMessage(fmt.Sprintf(`{"retry":{"attempts":%d}}`, retries))}); err != nil {
			t.Fatal(err)
		}
		_, err := here.Update(t.Context(), reach(t, "eu-*"), pipeline.Change{Name: "us", Description: &words})
		_ = refused(t, err)
		got := version()
		if time.Since(began) > time.Second {
			continue // it is forgotten by itself
		}
		if got != known {
			t.Errorf("after a change that was refused, version %d is at hand, want %d", got, known)
		}
		return
	}
}
