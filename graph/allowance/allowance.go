// Package allowance charges principals for what their operations cost, and bounds how
// many of them run at a time. An operation pays one token to be read at all, the rest
// of what it may cost at most before it begins, and has back what it did not use.
// Buckets are package ratelimit's, what things cost package cost's.
package allowance

import (
	"context"
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/auth"
	"barograph/graph/cost"
	"barograph/graph/incremental"
	"barograph/internal/fault"
	"barograph/internal/ratelimit"
)

// Config says what principals are allowed.
type Config struct {
	Buckets       ratelimit.Buckets // of principals
	Operations    int               // of one principal, at a time; 0 for any number
	Subscriptions int               // likewise
	Report        Report
	Clock         ratelimit.Clock // for the log
	Logger        *slog.Logger
}

// A Report says which answers tell what they cost, in extensions.cost.
type Report string

// The reports.
const (
	Always Report = "on"    // all but those to GET, which are to be the same as long as the data is
	Asked  Report = "asked" // those to requests with the header ReportHeader
	Never  Report = "off"
)

// ReportHeader is the header of a request that asks what it cost.
const ReportHeader = "X-Barograph-Cost"

// logEvery is how often a principal that is limited is logged.
const logEvery = time.Minute

// An Allowance is that of each principal. A nil one bounds nothing.
type Allowance struct {
	Config
	policy ratelimit.Policy
	quiet  *ratelimit.Quiet
	under  *underway
}

// New returns what charges principals as the configuration says.
func New(config Config) *Allowance {
	return &Allowance{
		Config: config, policy: ratelimit.NewPolicy("default", config.Buckets.Limit()),
		quiet: ratelimit.NewQuiet(logEvery, config.Clock), under: newUnderway(),
	}
}

// Admit charges for reading what is asked: one token, whatever comes of it. It
// returns why it is not even read, or nil.
func (a *Allowance) Admit(ctx context.Context) (*Bill, *gqlerror.Error) {
	if a == nil {
		return nil, nil
	}
	b := &Bill{allowance: a, name: auth.From(ctx).Name, slip: slipOf(ctx)}
	entry := a.Buckets.Take(ctx, b.name, 1)
	b.slip.note(entry)
	if !entry.OK {
		return nil, a.refuse(ctx, b.name, entry.Wait, "too much was asked in too short a time")
	}
	b.left = entry.Left
	return b, nil
}

// Charge charges for the rest of what an operation may cost, or returns why it may not
// run. The meter will tell what it did cost.
func (a *Allowance) Charge(ctx context.Context, b *Bill, operation *graphql.OperationContext, c cost.Cost, meter *cost.Meter) *gqlerror.Error {
	if a == nil {
		return nil
	}
	if a.under.full(b.name, operation.Operation.Operation, a.Config) {
		return a.tooMany(ctx, b, operation.Operation.Operation)
	}
	b.requested = max(c.Total, 1)
	if b.requested > a.Buckets.Limit().Burst {
		return exceeds(b.requested, a.Buckets.Limit().Burst)
	}
	if b.requested > 1 {
		b.rest = a.Buckets.Take(ctx, b.name, b.requested-1)
		b.slip.note(b.rest)
		if !b.rest.OK {
			return a.refuse(ctx, b.name, b.rest.Wait, "this costs %d, of which %d are left", b.requested, b.rest.Left+1)
		}
		b.left = b.rest.Left
	}
	b.meter = meter
	incremental.Count(operation, b.meter)
	operation.Stats.SetExtension(extension, b)
	return nil
}

// Spend charges whoever asks for something that is no operation, and returns why not.
// What costs more than a bucket holds takes all of it.
func (a *Allowance) Spend(ctx context.Context, tokens int) error {
	name := auth.From(ctx).Name
	taken := a.Buckets.Take(ctx, name, min(tokens, a.Buckets.Limit().Burst))
	if taken.OK {
		return nil
	}
	a.log(ctx, name)
	return fault.New(fault.RateLimited, "too much was sent in too short a time").After(taken.Wait)
}

// refuse returns the error of a principal who has too little at the moment.
func (a *Allowance) refuse(ctx context.Context, name string, wait time.Duration, format string, args ...any) *gqlerror.Error {
	a.log(ctx, name)
	why := fault.New(fault.RateLimited, format, args...).After(wait)
	return &gqlerror.Error{Message: why.Message, Err: why, Extensions: map[string]any{
		"code": why.Kind.Code(), "retryable": true, "retryAfterMs": why.RetryAfter.Milliseconds(),
	}}
}

func (a *Allowance) log(ctx context.Context, name string) {
	if a.quiet.Due(name) {
		a.Logger.WarnContext(ctx, "a principal is limited", "principal", name)
	}
}

// exceeds returns the error of what no bucket ever holds: there is no time after which
// it would be allowed.
func exceeds(found, allowed int) *gqlerror.Error {
	why := fault.New(fault.MaxCostExceeded, "the operation costs %d, and nobody ever has more than %d: ask for less at a time", found, allowed)
	return &gqlerror.Error{Message: why.Message, Extensions: map[string]any{
		"code": why.Kind.Code(), "limit": "burst", "found": found, "allowed": allowed,
	}}
}

// tooMany returns the error of a principal that has as many operations under way as it
// may.
func (a *Allowance) tooMany(ctx context.Context, b *Bill, kind ast.Operation) *gqlerror.Error {
	limit, what := a.Operations, "operations"
	if kind == ast.Subscription {
		limit, what = a.Subscriptions, "subscriptions"
	}
	b.slip.wait(crowded)
	return a.refuse(ctx, b.name, crowded, "there are %d %s of yours under way, which is as many as there may be", limit, what)
}

// crowded is when to try again where operations have to end first.
const crowded = time.Second
