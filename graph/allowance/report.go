package allowance

import (
	"strconv"

	"github.com/99designs/gqlgen/graphql"
)

// A Told is extensions.cost: what an answer cost, in the words of Shopify's API, which
// clients know.
type Told struct {
	Requested int      `json:"requestedQueryCost"`
	Actual    int      `json:"actualQueryCost"`
	Throttle  Throttle `json:"throttleStatus"`
}

// A Throttle is the state of the bucket that paid.
type Throttle struct {
	Maximum   int     `json:"maximumAvailable"`
	Available int     `json:"currentlyAvailable"`
	Rate      float64 `json:"restoreRate"` // a second
}

// AppendJSON writes it, since every answer has it.
func (t Told) AppendJSON(text []byte) []byte {
	text = strconv.AppendInt(append(text, `{"requestedQueryCost":`...), int64(t.Requested), 10)
	text = strconv.AppendInt(append(text, `,"actualQueryCost":`...), int64(t.Actual), 10)
	text = strconv.AppendInt(append(text, `,"throttleStatus":{"maximumAvailable":`...), int64(t.Throttle.Maximum), 10)
	text = strconv.AppendInt(append(text, `,"currentlyAvailable":`...), int64(t.Throttle.Available), 10)
	text = strconv.AppendFloat(append(text, `,"restoreRate":`...), t.Throttle.Rate, 'f', -1, 64)
	return append(text, "}}"...)
}

// report tells in a response what it cost, if that is wanted.
func (a *Allowance) report(b *Bill, operation *graphql.OperationContext, response *graphql.Response) {
	asked := a.Report != Never && operation.Headers.Get(ReportHeader) == "1"
	if !asked && (a.Report != Always || b.slip.reading()) {
		return
	}
	if response.Extensions == nil {
		response.Extensions = map[string]any{}
	}
	limit := a.Buckets.Limit()
	response.Extensions["cost"] = Told{b.requested, b.actual(), Throttle{limit.Burst, b.left, limit.Rate}}
}
