package main

import (
	"strings"
	"testing"

	"barograph/internal/gatewaytest"
)

func TestRunNoticesWhatIsOff(t *testing.T) {
	t.Parallel()
	o := optionsFor(t, gatewaytest.New(t).URL)
	if err := run(t.Context(), o, &strings.Builder{}); err != nil {
		t.Fatal(err)
	}
	o.page = 5 // so that there is one page, all of it spoiled
	set := func(name string, value any, path ...any) func(map[string]any) {
		return func(r map[string]any) { part(r, path...)[name] = value }
	}
	without := func(name string, path ...any) func(map[string]any) {
		return func(r map[string]any) { delete(part(r, path...), name) }
	}
	for reason, test := range map[string]struct {
		spoil func(record map[string]any)
		want  string
	}{
		"not sent":               {set("payloadId", "another"), "another came back and was not sent"},
		"twice":                  {set("payloadId", "LAX-BNA/2001-01-01T06:55/1797/-19"), "came back twice"},
		"not processed":          {set("state", "DEAD"), "the record is DEAD"},
		"changed":                {set("delay", 7, "payload"), "the payload came back as"},
		"a member more":          {set("more", nil, "payload"), "the payload came back as"},
		"a member less":          {without("delay", "payload"), "the payload came back as"},
		"no payload":             {set("payload", nil), "the payload came back as"},
		"a payload renamed":      {set("id", "x", "payload"), "the payload came back as"},
		"no city":                {set("city", nil), "the record has no city"},
		"another city":           {set("id", "City:9", "city"), "the record's city is City:9"},
		"no result":              {set("result", nil), "the result is null"},
		"no lateness":            {without("late", "result"), "the result is {"},
		"another route":          {set("route", "LAX-LAX", "result"), "the result is {"},
		"a result with more":     {set("more", 1, "result"), "the result is {"},
		"no weather":             {set("weather", nil, "result"), "the result has no weather for"},
		"another city's weather": {set("city", "Rome", "result", "weather"), "the weather is that of Rome instead of"},
		"no temperature":         {set("temperature", nil, "result", "weather"), "lacks its temperature"},
		"no condition":           {without("condition", "result", "weather"), "lacks its temperature or condition"},
		"no attributes":          {set("attributes", nil), "the attributes are null"},
		"an attribute less":      {without("temperature", "attributes"), "the attributes are {"},
		"an attribute more":      {set("more", 1, "attributes"), "the attributes are {"},
		"another attribute":      {set("origin", "XXX", "attributes"), "the attributes are {"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			o := o
			o.url = spoiling(t, o.url, recordsQuery, func(data map[string]any) {
				for i := range 5 {
					test.spoil(part(data, "records", "nodes", i))
				}
			})
			var out strings.Builder
			err := run(t.Context(), o, &out)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
			if out.Len() > 0 {
				t.Errorf("reported all the same:\n%s", &out)
			}
		})
	}
}

func TestRunNoticesARecordThatDoesNotComeBack(t *testing.T) {
	t.Parallel()
	o := optionsFor(t, "")
	o.page = 5
	o.url = spoiling(t, gatewaytest.New(t).URL, recordsQuery, func(data map[string]any) {
		page := part(data, "records")
		page["nodes"] = page["nodes"].([]any)[1:]
	})
	err := run(t.Context(), o, &strings.Builder{})
	if err == nil || strings.Count(err.Error(), " did not come back") != 1 {
		t.Errorf("got %v, want one that did not come back", err)
	}
}

func TestRunNoticesStatisticsThatAreOff(t *testing.T) {
	t.Parallel()
	o := optionsFor(t, gatewaytest.New(t).URL)
	if err := run(t.Context(), o, &strings.Builder{}); err != nil {
		t.Fatal(err)
	}
	for reason, test := range map[string]struct {
		name  string
		value any
		path  []any
		want  string
	}{
		"a backlog":           {"backlog", 1, []any{"pipeline", "stats"}, "records that are not processed"},
		"a dead record":       {"dead", 1, []any{"pipeline", "stats"}, "records that are not processed"},
		"a range":             {"totalCount", 4, []any{"veryLate"}, "4 records, "},
		"a page of a range":   {"nodes", []any{map[string]any{}}, []any{"veryLate"}, "records, 1 of them on a page"},
		"no groups":           {"groups", []any{}, []any{"late"}, "there are 0 groups by late"},
		"more groups":         {"omittedGroups", 1, []any{"origins"}, "groups by origin and 1 more"},
		"a group's name":      {"value", nil, []any{"origins", "groups", 0}, "have origin <nil>, instead of 0"},
		"a group's count":     {"count", 9, []any{"late", "groups", 0}, "9 records with 3 numbers have late true"},
		"a group's minimum":   {"min", -99, []any{"late", "groups", 0, "numbers"}, "the numbers of those with late true"},
		"a group's maximum":   {"max", nil, []any{"late", "groups", 0, "numbers"}, "the numbers of those with late true"},
		"a group's average":   {"average", 99, []any{"late", "groups", 0, "numbers"}, "the numbers of those with late true"},
		"a group's median":    {"p50", 99, []any{"late", "groups", 0, "numbers"}, "the numbers of those with late true"},
		"the pipeline itself": {"pipeline", nil, nil, "the gateway answered nothing"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			o := o
			o.url = spoiling(t, o.url, statsQuery, func(data map[string]any) { part(data, test.path...)[test.name] = test.value })
			err := run(t.Context(), o, &strings.Builder{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}
