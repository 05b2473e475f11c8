package wire_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"barograph/gazetteer"
	"barograph/graph/wire"
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

func FuzzRecordCursor(f *testing.F) {
	f.Add("cjoxNzk1Mzg2MjA1MzcwMjk1OjE")
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		got, err := wire.ParseRecordCursor("after", &cursor)
		if err != nil {
			return
		}
		again := wire.RecordCursor(&records.Record{ReceivedAt: got.ReceivedAt, Position: got.Position})
		parsed, err := wire.ParseRecordCursor("after", &again)
		if err != nil || *parsed != *got {
			t.Errorf("cursor %q points at %+v, written again at %+v, %v", cursor, got, parsed, err)
		}
	})
}

func FuzzEventCursor(f *testing.F) {
	f.Add("ZTE6MXk6NzUwOjE3")
	f.Add(wire.EventCursor(records.Bookmark{Epoch: math.MaxUint64, Transaction: math.MaxUint64, Position: math.MaxInt64}))
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		got, err := wire.ParseEventCursor("after", &cursor)
		if err != nil {
			if fault.KindOf(err) != fault.BadInput {
				t.Errorf("the cursor %q is refused with %v, want %s", cursor, err, fault.BadInput.Code())
			}
			return
		}
		again := wire.EventCursor(*got)
		parsed, err := wire.ParseEventCursor("after", &again)
		if err != nil || *parsed != *got {
			t.Errorf("cursor %q points at %+v, written again at %+v, %v", cursor, got, parsed, err)
		}
	})
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
