package wire_test

import (
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"barograph/auth/apikey"
	"barograph/gazetteer"
	"barograph/graph/wire"
	"barograph/internal/audit"
	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
	"barograph/weather"
)

func TestCursorsPointWhereTheyWereTaken(t *testing.T) {
	t.Parallel()
	r := &records.Record{Position: 42, ReceivedAt: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)}
	cursor := wire.RecordCursor(r)
	got, err := wire.ParseRecordCursor("after", &cursor)
	if err != nil || !got.ReceivedAt.Equal(r.ReceivedAt) || got.Position != 42 {
		t.Errorf("ParseRecordCursor(RecordCursor(%+v)) = %+v, %v", r, got, err)
	}
	cursor = wire.PipelineCursor(&pipeline.Pipeline{Name: "eu-orders"})
	name, err := wire.ParsePipelineCursor("after", &cursor)
	if err != nil || *name != "eu-orders" {
		t.Errorf("ParsePipelineCursor(%s) = %v, %v", cursor, name, err)
	}
	bookmark := records.Bookmark{Epoch: math.MaxUint64, Transaction: 1 << 40, Position: 42}
	cursor = wire.EventCursor(bookmark)
	if got, err := wire.ParseEventCursor("after", &cursor); err != nil || *got != bookmark {
		t.Errorf("ParseEventCursor(EventCursor(%+v)) = %+v, %v", bookmark, got, err)
	}
	if got, err := wire.ParseRecordCursor("after", nil); got != nil || err != nil {
		t.Errorf("ParseRecordCursor of none = %v, %v", got, err)
	}
}

// A cursor is of one kind at most, and points where it does when written again.
// It is tried as it is, and as what a cursor hides.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"cjoxNzk1Mzg2MjA1MzcwMjk1OjE", "ZTE6MXk6NzUwOjE3", "r:1795386205370295:1", "p:eu-orders", "e1:1y:750:17", "k:1795386205370295:3flndafffl", "a:1795386205370295:1", ""} {
		f.Add(seed)
	}
	f.Add(wire.EventCursor(records.Bookmark{Epoch: math.MaxUint64, Transaction: math.MaxUint64, Position: math.MaxInt64}))
	f.Fuzz(func(t *testing.T, text string) {
		for _, cursor := range []string{text, base64.RawURLEncoding.EncodeToString([]byte(text))} {
			kinds := rewritten(t, cursor, wire.ParseRecordCursor, func(c records.Cursor) string {
				return wire.RecordCursor(&records.Record{ReceivedAt: c.ReceivedAt, Position: c.Position})
			})
			kinds += rewritten(t, cursor, wire.ParsePipelineCursor, func(name string) string { return wire.PipelineCursor(&pipeline.Pipeline{Name: name}) })
			kinds += rewritten(t, cursor, wire.ParseEventCursor, wire.EventCursor)
			kinds += rewritten(t, cursor, wire.ParseAPIKeyCursor, func(c apikey.Cursor) string { return wire.APIKeyCursor(&apikey.Key{CreatedAt: c.CreatedAt, ID: c.ID}) })
			kinds += rewritten(t, cursor, wire.ParseAuditEventCursor, func(c audit.Cursor) string { return wire.AuditEventCursor(&audit.Event{At: c.At, ID: c.ID}) })
			if kinds > 1 {
				t.Errorf("the cursor %q is of %d kinds", cursor, kinds)
			}
		}
	})
}

// rewritten returns 1 if a cursor can be parsed, and 0 if not.
func rewritten[P comparable](t *testing.T, cursor string, parse func(string, *string) (*P, error), write func(P) string) int {
	t.Helper()
	got, err := parse("after", &cursor)
	if err != nil {
		if fault.KindOf(err) != fault.BadInput {
			t.Errorf("the cursor %q is refused with %v, want %s", cursor, err, fault.BadInput.Code())
		}
		return 0
	}
	again := write(*got)
	if parsed, err := parse("after", &again); err != nil || *parsed != *got {
		t.Errorf("the cursor %q points at %+v, written again at %+v, %v", cursor, *got, parsed, err)
	}
	return 1
}

func FuzzWeatherID(f *testing.F) {
	for _, seed := range []string{"Weather:City:3143244:IMPERIAL", "Weather:-12.5,130:METRIC", "Weather:1e3,NaN:METRIC", "Weather::", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		city, latitude, longitude, units, ok := wire.ParseWeatherID(id)
		if !ok {
			return
		}
		w := &wire.Weather{Units: units, Result: weather.Result{Report: &weather.Report{Place: weather.Place{Latitude: latitude, Longitude: longitude}}}}
		if city != "" {
			key, _ := gazetteer.ParseKey(city)
			w.City = &gazetteer.City{ID: key}
		}
		if w.ID() != id {
			t.Errorf("the id %q names what has the id %q", id, w.ID())
		}
	})
}

func TestMeasuresAreWrittenWithTwoDecimalsOrAsNull(t *testing.T) {
	t.Parallel()
	for m, want := range map[weather.Measure]string{18: "18", -0.004: "0", 29.894999: "29.89", 1013.25: "1013.25"} {
		if got := write(wire.MarshalMeasure(m)); got != want {
			t.Errorf("MarshalMeasure(%v) = %s, want %s", m, got, want)
		}
	}
	if got := write(wire.MarshalMeasure(weather.Missing)); got != "null" {
		t.Errorf("MarshalMeasure(Missing) = %s, want null", got)
	}
}

func write(m graphql.Marshaler) string {
	var b strings.Builder
	m.MarshalGQL(&b)
	return b.String()
}

func ExampleWindow_Length() {
	last := 5
	n, fromEnd, err := wire.Window{Last: &last}.Length()
	fmt.Println(n, fromEnd, err)
	n, fromEnd, err = wire.Window{}.Length()
	fmt.Println(n, fromEnd, err)
	// Output:
	// 5 true <nil>
	// 20 false <nil>
}
