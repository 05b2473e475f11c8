package wire

import (
	"context"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"barograph/auth"
	"barograph/internal/fault"
	"barograph/weather"
)

// MarshalInt writes an Int.
func MarshalInt(i int) graphql.Marshaler { return graphql.MarshalInt(i) }

// UnmarshalInt reads an Int, which has 32 bits.
func UnmarshalInt(v any) (int, error) {
	i, err := graphql.UnmarshalInt64(v)
	if _, text := v.(string); text || err != nil || i < math.MinInt32 || i > math.MaxInt32 {
		return 0, fault.New(fault.BadInput, "not an integer of 32 bits")
	}
	return int(i), nil
}

// MarshalFloat writes a Float.
func MarshalFloat(f float64) graphql.ContextMarshaler { return graphql.MarshalFloatContext(f) }

// UnmarshalFloat reads a Float, which is finite.
func UnmarshalFloat(_ context.Context, v any) (float64, error) {
	f, err := graphql.UnmarshalFloat(v)
	if _, text := v.(string); text || err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, fault.New(fault.BadInput, "not a finite number")
	}
	return f, nil
}

// MarshalMeasure writes a Float, null where the measure is missing.
func MarshalMeasure(m weather.Measure) graphql.Marshaler {
	if !m.Known() || math.IsInf(float64(m), 0) {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		// Two decimals are more than any instrument has, and hide what
		// converting between units adds.
		rounded := math.Round(float64(m)*100)/100 + 0 // which makes -0 a 0
		_, _ = io.WriteString(w, strconv.FormatFloat(rounded, 'f', -1, 64))
	})
}

// UnmarshalMeasure reads a Float.
func UnmarshalMeasure(v any) (weather.Measure, error) {
	f, err := UnmarshalFloat(context.Background(), v)
	if err != nil {
		return weather.Missing, err
	}
	return weather.Measure(f), nil
}

// MarshalDateTime writes an instant with its offset, null for the zero time.
func MarshalDateTime(t time.Time) graphql.Marshaler { return marshalTime(t, time.RFC3339Nano) }

// UnmarshalDateTime reads an instant.
func UnmarshalDateTime(v any) (time.Time, error) {
	text, _ := v.(string)
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, fault.New(fault.BadInput, "not an RFC 3339 date and time with an offset, as in 2026-03-01T12:00:00Z")
	}
	return t, nil
}

// MarshalDate writes the calendar day of t, null for the zero time.
func MarshalDate(t time.Time) graphql.Marshaler { return marshalTime(t, time.DateOnly) }

// UnmarshalDate reads a calendar day.
func UnmarshalDate(v any) (time.Time, error) {
	text, _ := v.(string)
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, fault.New(fault.BadInput, "not a date, as in 2026-03-01")
	}
	return t, nil
}

func marshalTime(t time.Time, layout string) graphql.Marshaler {
	if t.IsZero() {
		return graphql.Null
	}
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, strconv.Quote(t.Format(layout)))
	})
}

// MarshalScope writes the name of a scope.
func MarshalScope(name string) graphql.Marshaler { return graphql.MarshalString(name) }

// UnmarshalScope reads the name of a scope.
func UnmarshalScope(v any) (string, error) {
	name, _ := v.(string)
	if _, err := auth.ParseScope(name); err != nil {
		return "", fault.New(fault.BadInput, "%v", err)
	}
	return name, nil
}
