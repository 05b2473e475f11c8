package pipeline_test

import (
	"log/slog"
	"slices"
	"testing"

	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
	"barograph/pipeline"
)

func TestUpkeepIsWhatCurrentDefinitionsAskFor(t *testing.T) {
	t.Parallel()
	pools, err := postgres.Open(t.Context(), postgrestest.Database(t))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(pools.Close)
	logger := slog.New(slog.DiscardHandler)
	if err := postgres.Migrate(t.Context(), pools.API, logger); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	store := pipeline.NewStore(pools, logger)
	define := func(name string, version int, definition string) {
		t.Helper()
		_, err := pools.API.Exec(t.Context(), `
			with p as (insert into pipelines (name, version) values ($1, $2) on conflict (name) do update set version = $2)
			insert into pipeline_versions (pipeline, version, definition) values ($1, $2, $3)`, name, version, definition)
		if err != nil {
			t.Fatalf("define %s: %v", name, err)
		}
	}
	define("both", 1, `{"attributes":{"b":{"expression":"1","type":"NUMBER","range":true},"a":{"expression":"1","type":"NUMBER","range":true},`+
		`"c":{"expression":"1","type":"NUMBER","range":false},"d":{"expression":"1","type":"STRING"}},"retention":{"processedSeconds":60,"deadSeconds":0}}`)
	define("before", 1, `{"retention":{"processedSeconds":60}}`)
	define("before", 2, `{"retention":{"processedSeconds":0}}`)
	define("broken", 1, `{"retention":"for ever"}`)
	define("says", 1, `{"steps":[{"kind":"filter","expression":"value.retention == \"range\""}]}`)
	got, err := store.Upkeep(t.Context())
	if err != nil || len(got) != 1 {
		t.Fatalf("Upkeep = %+v, %v, want that of both", got, err)
	}
	if u := got[0]; u.Pipeline != "both" || !slices.Equal(u.Ranges, []string{"a", "b"}) || u.Retention != (pipeline.Retention{ProcessedSeconds: 60}) {
		t.Errorf("Upkeep = %+v", u)
	}
}
