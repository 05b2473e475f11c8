package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunReportsNewRecordsAndThenDuplicates(t *testing.T) {
	t.Parallel()
	f, o := newFake(t), options{data: dataDirectory(t), concurrency: 3}
	o.url = f.url
	for _, want := range []string{": 5 new, 0 duplicates.", ": 0 new, 5 duplicates."} {
		var out strings.Builder
		if err := run(t.Context(), o, &out); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"5 flights from 4 airports in 4 cities.\n", want,
			"  DFW   Dallas-Fort Worth, TX   Dallas, Texas   25 km away\n",
			"  OTZ   Kotzebue, AK   Fairbanks, Alaska   712 km away\n",
			"on 3 pages: each once, unchanged, processed", "  The weather was LIVE for 5.\n",
			"  coldest   14.0 °C   Dallas, Texas             CLEAR\n",
			"  warmest   19.0 °C   Los Angeles, California   CLEAR\n",
			"  CLEAR       5         3 (60 %)              13.6 min\n",
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the report lacks %q:\n%s", want, &out)
			}
		}
	}
}

func TestRunPassesOverRecordsOfOthers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.process(map[string]any{"id": "someone's"})
	var out strings.Builder
	if err := run(t.Context(), options{data: dataDirectory(t), url: f.url, concurrency: 1}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "passed over: 1.") {
		t.Errorf("the report does not tell of the other record:\n%s", &out)
	}
}

func TestRunNoticesWhatIsOff(t *testing.T) {
	t.Parallel()
	part := func(record map[string]any, names ...string) map[string]any {
		for _, name := range names {
			record, _ = record[name].(map[string]any)
		}
		return record
	}
	for reason, test := range map[string]struct {
		spoil func(record map[string]any)
		want  string
	}{
		"lost":              {func(r map[string]any) { r["payloadId"] = "another" }, "did not come back"},
		"twice":             {func(r map[string]any) { r["payloadId"] = "LAX-BNA/2001-01-01T06:55/1797/-19" }, "came back twice"},
		"not processed":     {func(r map[string]any) { r["state"] = "DEAD" }, "the record is DEAD"},
		"changed":           {func(r map[string]any) { part(r, "payload")["delay"] = 7 }, "the payload came back as"},
		"a member more":     {func(r map[string]any) { part(r, "payload")["more"] = nil }, "the payload came back as"},
		"a member less":     {func(r map[string]any) { delete(part(r, "payload"), "delay") }, "the payload came back as"},
		"no payload":        {func(r map[string]any) { r["payload"] = nil }, "the payload came back as"},
		"no result":         {func(r map[string]any) { r["result"] = nil }, "the result is null"},
		"no status":         {func(r map[string]any) { delete(part(r, "result"), "status") }, "the result is {"},
		"no time":           {func(r map[string]any) { part(r, "result")["timestamp"] = "noon" }, "without a time of processing"},
		"another result":    {func(r map[string]any) { part(r, "result")["city"] = "Rome" }, "the result is {"},
		"no city":           {func(r map[string]any) { r["city"] = nil }, "the record has no city"},
		"another city":      {func(r map[string]any) { part(r, "city")["id"] = "City:9" }, "the record's city is City:9"},
		"no weather":        {func(r map[string]any) { part(r, "city")["weather"] = nil }, "there is no weather for"},
		"no conditions":     {func(r map[string]any) { part(r, "city", "weather")["current"] = nil }, "there is no weather for"},
		"no temperature":    {func(r map[string]any) { part(r, "city", "weather", "current")["temperature"] = nil }, "lacks its temperature"},
		"no condition":      {func(r map[string]any) { part(r, "city", "weather", "current")["condition"] = nil }, "lacks its temperature or condition"},
		"a payload renamed": {func(r map[string]any) { part(r, "payload")["id"] = "x" }, "the payload came back as"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.spoil = test.spoil
			var out strings.Builder
			err := run(t.Context(), options{data: dataDirectory(t), url: f.url, concurrency: 2}, &out)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			if out.Len() > 0 {
				t.Errorf("reported all the same:\n%s", &out)
			}
		})
	}
}

func TestRunEndsWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := run(ctx, options{data: dataDirectory(t), url: newFake(t).url, concurrency: 2}, &strings.Builder{})
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
