package wire

import (
	"io"
	"slices"
	"strconv"

	"barograph/internal/fault"
)

// Units are the units of an answer.
type Units string

// The units.
const (
	Metric   Units = "METRIC"
	Imperial Units = "IMPERIAL"
)

// MarshalGQL writes u.
func (u Units) MarshalGQL(w io.Writer) { writeEnum(w, u) }

// UnmarshalGQL reads u.
func (u *Units) UnmarshalGQL(v any) error { return readEnum(v, u, Metric, Imperial) }

// An OrderDirection is the direction of an order.
type OrderDirection string

// The directions.
const (
	Ascending  OrderDirection = "ASC"
	Descending OrderDirection = "DESC"
)

// MarshalGQL writes d.
func (d OrderDirection) MarshalGQL(w io.Writer) { writeEnum(w, d) }

// UnmarshalGQL reads d.
func (d *OrderDirection) UnmarshalGQL(v any) error { return readEnum(v, d, Ascending, Descending) }

// A RecordOrderField is what records are ordered by.
type RecordOrderField string

// ByReceivedAt orders records by the time they were taken in.
const ByReceivedAt RecordOrderField = "RECEIVED_AT"

// MarshalGQL writes f.
func (f RecordOrderField) MarshalGQL(w io.Writer) { writeEnum(w, f) }

// UnmarshalGQL reads f.
func (f *RecordOrderField) UnmarshalGQL(v any) error { return readEnum(v, f, ByReceivedAt) }

func writeEnum[E ~string](w io.Writer, e E) {
	_, _ = io.WriteString(w, strconv.Quote(string(e)))
}

func readEnum[E ~string](v any, e *E, values ...E) error {
	text, ok := v.(string)
	if !ok || !slices.Contains(values, E(text)) {
		return fault.New(fault.BadInput, "not one of %v", values)
	}
	*e = E(text)
	return nil
}
