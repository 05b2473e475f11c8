package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"barograph/internal/gatewaytest"
)

// optionsFor returns options that submit two payloads a call and read three
// records a page, so that there are several of both.
func optionsFor(t *testing.T, url string) options {
	t.Helper()
	return options{data: dataDirectory(t), url: url, batch: 2, concurrency: 2, page: 3, patience: 30 * time.Second}
}

func TestRunReportsNewRecordsAndThenDuplicates(t *testing.T) {
	t.Parallel()
	o := optionsFor(t, gatewaytest.New(t).URL)
	for _, again := range []struct {
		sync bool
		want []string
	}{
		{false, []string{`The pipeline "flights" is new, at version 1.`, ": 5 new, 0 duplicates."}},
		{false, []string{`The pipeline "flights" is as it was, at version 1.`, ": 0 new, 5 duplicates."}},
		{true, []string{`The pipeline "flights" is as it was, at version 1.`, " in calls of 1, 2 at a time: 0 new, 5 duplicates."}},
	} {
		var out strings.Builder
		o.sync = again.sync
		if err := run(t.Context(), o, &out); err != nil {
			t.Fatal(err)
		}
		for _, want := range append(again.want,
			"5 flights from 4 airports in 4 cities.\n",
			"  DFW   Dallas-Fort Worth, TX   Dallas, Texas   25 km away\n",
			"  OTZ   Kotzebue, AK   Fairbanks, Alaska   712 km away\n",
			"on 2 pages: each once, unchanged, processed",
			"  coldest   ", "  warmest   ", "5 processed   half of them within ",
			"  late: true    3", "  late: false   2", "  from DFW      2",
		) {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the report lacks %q:\n%s", want, &out)
			}
		}
	}
}

func TestRunProcessesEachPayloadBeforeItIsAnsweredWhenToldSo(t *testing.T) {
	t.Parallel()
	g := gatewaytest.NewWithoutWorkers(t) // what was left for later would stay there
	o := optionsFor(t, g.URL)
	o.sync = true
	var out strings.Builder
	if err := run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	if want := " in calls of 1, 2 at a time: 5 new, 0 duplicates."; !strings.Contains(out.String(), want) {
		t.Errorf("the report lacks %q:\n%s", want, &out)
	}
}

func TestRunGivesUpWhenNothingIsProcessed(t *testing.T) {
	t.Parallel()
	o := optionsFor(t, gatewaytest.NewWithoutWorkers(t).URL)
	o.patience = 10 * time.Millisecond
	var out strings.Builder
	err := run(t.Context(), o, &out)
	if want := "5 records are unfinished, and nothing has changed for 10ms: "; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q in it", err, want)
	}
	if out.Len() > 0 {
		t.Errorf("reported all the same:\n%s", &out)
	}
}

func TestRunEndsAtAPayloadWithOtherContent(t *testing.T) {
	t.Parallel()
	gateway := gatewaytest.New(t)
	g := newGateway(gateway.URL, 1)
	t.Cleanup(g.close)
	if _, _, err := ensurePipeline(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	flights, _ := testData(t)
	other := payload{ID: ids(flights)[1], flight: flights[1], LeftFrom: "Reykjavik"}
	m := manner{sendForLater, 1, 1, time.Second}
	if _, err := submit(t.Context(), g, []payload{other}, m); err != nil {
		t.Fatal(err)
	}
	for _, sync := range []bool{false, true} {
		o := optionsFor(t, gateway.URL)
		o.sync = sync
		err := run(t.Context(), o, &strings.Builder{})
		if want := "submit " + other.ID + ": Conflict: PAYLOAD_CONFLICT"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("sync %t: got %v, want %q in it", sync, err, want)
		}
	}
}

func TestRunEndsAtAPayloadThatTheSchemaRefuses(t *testing.T) {
	t.Parallel()
	g := newGateway(gatewaytest.New(t).URL, 1)
	t.Cleanup(g.close)
	if _, _, err := ensurePipeline(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	flights, _ := testData(t)
	wrong := payload{ID: "wrong", flight: flights[0], LeftFrom: "Los Angeles, CA, US"}
	wrong.Destination = "Nashville"
	for _, send := range []sender{sendForLater, sendAndProcess} {
		_, err := submit(t.Context(), g, []payload{wrong}, manner{send, 1, 1, time.Second})
		if err == nil || !strings.Contains(err.Error(), "submit wrong: Rejected: PAYLOAD_INVALID") || !strings.HasSuffix(err.Error(), "destination") {
			t.Errorf("got %v, want a refusal of the destination", err)
		}
	}
}

func TestRunEndsWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := run(ctx, optionsFor(t, "http://127.0.0.1:1"), &strings.Builder{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// dataDirectory returns a directory with the flights and airports of the tests.
func dataDirectory(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	for name, text := range map[string]string{"flights-2k.json": flightsJSON, "airports.csv": airportsCSV} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}
