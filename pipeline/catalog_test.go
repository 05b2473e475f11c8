package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"barograph/internal/fault"
	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
	"barograph/pipeline"
)

func newCatalog(t *testing.T) (*pipeline.Catalog, *pipeline.Store) {
	t.Helper()
	store := newStore(t)
	return pipeline.NewCatalog(store, compiler()), store
}

const passing = `{"steps":  [{"kind":"filter","expression":"true"}]}`

func TestCatalogKeepsEveryVersionAsItWasGiven(t *testing.T) {
	t.Parallel()
	catalog, store := newCatalog(t)
	p, err := catalog.Create(t.Context(), pipeline.Reach{}, "orders", nil, json.RawMessage(passing))
	if err != nil || p.Version != 1 || string(p.Definition) != passing || p.Description != nil {
		t.Fatalf("Create = %+v, %v", p, err)
	}
	const second = `{ "city": "payload.x", "retry": {"attempts": 7} }`
	words := "what for"
	p, err = catalog.Update(t.Context(), pipeline.Reach{}, pipeline.Change{Name: "orders", Definition: json.RawMessage(second), Description: &words})
	if err != nil || p.Version != 2 || string(p.Definition) != second || *p.Description != words || !p.UpdatedAt.After(p.CreatedAt) {
		t.Fatalf("Update = %+v, %v", p, err)
	}
	p, err = catalog.Update(t.Context(), pipeline.Reach{}, pipeline.Change{Name: "orders", Definition: json.RawMessage(second)})
	if err != nil || p.Version != 2 || *p.Description != words {
		t.Errorf("Update to what it is = %+v, %v, want version 2 still", p, err)
	}
	if p, err = catalog.Update(t.Context(), pipeline.Reach{}, pipeline.Change{Name: "orders"}); err != nil || p.Version != 2 || string(p.Definition) != second {
		t.Errorf("Update of nothing = %+v, %v", p, err)
	}
	for version, want := range map[int]string{1: passing, 2: second} {
		if got, err := store.Definition(t.Context(), "orders", version); err != nil || string(got) != want {
			t.Errorf("Definition of version %d = %s, %v", version, got, err)
		}
		if program, err := catalog.At(t.Context(), "orders", version); err != nil || program.Version != version || program.Pipeline != "orders" {
			t.Errorf("At(%d) = %+v, %v", version, program, err)
		}
	}
	if program, err := catalog.Current(t.Context(), pipeline.Reach{}, "orders"); err != nil || program.Version != 2 || program.Retry.Attempts != 7 {
		t.Errorf("Current = %+v, %v", program, err)
	}
	found, err := store.Find(t.Context(), pipeline.Reach{}, []string{"orders"})
	if err != nil || string(found[0].Definition) != second {
		t.Errorf("Find = %+v, %v", found, err)
	}
	if p, err = store.SetActive(t.Context(), pipeline.Reach{}, "orders", false); err != nil || string(p.Definition) != second || p.Active {
		t.Errorf("SetActive = %+v, %v", p, err)
	}
}

func TestCatalogRefuses(t *testing.T) {
	t.Parallel()
	catalog, store := newCatalog(t)
	create(t, store, "orders")
	two := 2
	long := strings.Repeat("x", 1001)
	wrong := json.RawMessage(`{"city":"payload."}`)
	cases := map[string]struct {
		do    func() error
		code  pipeline.Code
		field string
	}{
		"to make what is wrong":    {func() error { _, err := catalog.Create(t.Context(), pipeline.Reach{}, "wrong", nil, wrong); return err }, pipeline.DefinitionInvalid, "input.definition.city"},
		"to make what is there":    {func() error { _, err := catalog.Create(t.Context(), pipeline.Reach{}, "orders", nil, nil); return err }, pipeline.NameTaken, "input.name"},
		"to make what has no name": {func() error { _, err := catalog.Create(t.Context(), pipeline.Reach{}, "Orders", nil, nil); return err }, pipeline.NameInvalid, "input.name"},
		"to change to what is wrong": {func() error {
			_, err := catalog.Update(t.Context(), pipeline.Reach{}, pipeline.Change{Name: "orders", Definition: wrong})
			return err
		}, pipeline.DefinitionInvalid, "input.definition.city"},
		"to change what is not": {func() error {
			_, err := catalog.Update(t.Context(), pipeline.Reach{}, pipeline.Change{Name: "nobody"})
			return err
		}, pipeline.NotFound, "input.name"},
		"to change what cannot be": {func() error {
			_, err := catalog.Update(t.Context(), pipeline.Reach{}, pipeline.Change{Name: "a\x00"})
			return err
		}, pipeline.NotFound, "input.name"},
		"to change another version": {func() error {
			_, err := catalog.Update(t.Context(), pipeline.Reach{}, pipeline.Change{Name: "orders", ExpectedVersion: &two})
			return err
		}, pipeline.VersionConflict, "input.expectedVersion"},
		"to describe at length": {func() error {
			_, err := catalog.Update(t.Context(), pipeline.Reach{}, pipeline.Change{Name: "orders", Description: &long})
			return err
		}, pipeline.DescriptionInvalid, "input.description"},
		"to find what is not":           {func() error { _, err := catalog.Current(t.Context(), pipeline.Reach{}, "nobody"); return err }, pipeline.NotFound, "input.name"},
		"to find what cannot be":        {func() error { _, err := catalog.Current(t.Context(), pipeline.Reach{}, "\xff"); return err }, pipeline.NotFound, "input.name"},
		"to find a version that is not": {func() error { _, err := catalog.At(t.Context(), "orders", 9); return err }, pipeline.NotFound, "input.name"},
	}
	for name, c := range cases {
		if r := refused(t, c.do()); r.Code != c.code || strings.Join(r.Field, ".") != c.field {
			t.Errorf("%s: refused with %v at %v, want %s at %s", name, r, r.Field, c.code, c.field)
		}
	}
	if found, err := store.Find(t.Context(), pipeline.Reach{}, []string{"wrong"}); err != nil || len(found) > 0 {
		t.Errorf("Find(wrong) = %v, %v, want none", found, err)
	}
}

func TestCatalogMakesOneVersionAfterTheOther(t *testing.T) {
	t.Parallel()
	catalog, store := newCatalog(t)
	create(t, store, "orders")
	var (
		all      sync.WaitGroup
		mu       sync.Mutex
		versions []int
	)
	for i := range 20 {
		all.Go(func() {
			p, err := catalog.Update(t.Context(), pipeline.Reach{}, pipeline.Change{Name: "orders", Definition: json.RawMessage(fmt.Sprintf(`{"retry":{"attempts":%d}}`, i+1))})
			if err != nil {
				t.Errorf("Update: %v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			versions = append(versions, p.Version)
			if got, err := store.Definition(t.Context(), "orders", p.Version); err != nil || string(got) != string(p.Definition) {
				t.Errorf("version %d is %s, %v, want %s", p.Version, got, err, p.Definition)
			}
		})
	}
	all.Wait()
	slices.Sort(versions)
	for i, version := range versions {
		if version != i+2 {
			t.Fatalf("the versions are %v, want 2 to 21", versions)
		}
	}
}

func TestCatalogForgetsWhenItIsTold(t *testing.T) {
	t.Parallel()
	here, store := newCatalog(t)
	create(t, store, "orders")
	if p, err := here.Current(t.Context(), pipeline.Reach{}, "orders"); err != nil || p.Version != 1 {
		t.Fatalf("Current = %+v, %v", p, err)
	}
	elsewhere := pipeline.NewCatalog(store, compiler())
	if _, err := elsewhere.Update(t.Context(), pipeline.Reach{}, pipeline.Change{Name: "orders", Definition: json.RawMessage(passing)}); err != nil {
		t.Fatal(err)
	}
	here.Forget("orders")
	p, err := here.Current(t.Context(), pipeline.Reach{}, "orders")
	if err != nil || p.Version != 2 {
		t.Errorf("Current after Forget = %+v, %v, want version 2", p, err)
	}
	if again, err := here.Current(t.Context(), pipeline.Reach{}, "orders"); err != nil || again != p {
		t.Errorf("Current compiles a version again: %p, then %p, %v", p, again, err)
	}
}

func TestADefinitionOfAnotherServerIsAClearError(t *testing.T) {
	t.Parallel()
	logs := &strings.Builder{}
	pools, err := postgres.Open(t.Context(), postgrestest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pools.Close)
	if err := postgres.Migrate(t.Context(), pools.API, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	store := pipeline.NewStore(pools, slog.New(slog.NewTextHandler(logs, nil)))
	newer := pipeline.NewCatalog(store, compiler(broken))
	if _, err := newer.Create(t.Context(), pipeline.Reach{}, "orders", nil, json.RawMessage(`{"steps":[{"kind":"broken"}]}`)); err != nil {
		t.Fatal(err)
	}
	_, err = pipeline.NewCatalog(store, compiler()).Current(t.Context(), pipeline.Reach{}, "orders")
	var refusal *pipeline.Refusal
	if fault.KindOf(err) != fault.Unavailable || errors.As(err, &refusal) || !strings.Contains(err.Error(), `version 1 of pipeline "orders"`) {
		t.Errorf("Current = %v, want it unavailable", err)
	}
	if !strings.Contains(logs.String(), "stored definition cannot be compiled") {
		t.Errorf("the log has %s", logs)
	}
}

func TestCatalogErrorsHaveAKind(t *testing.T) {
	t.Parallel()
	catalog, _ := newCatalog(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := catalog.Create(ctx, pipeline.Reach{}, "late", nil, nil); fault.KindOf(err) != fault.Timeout {
		t.Errorf("Create of one who has left: %v, want %s", err, fault.Timeout.Code())
	}
}
