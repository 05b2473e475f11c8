package ratelimit

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"barograph/internal/fault"
)

// A Gate lets requests through as long as the address that they come from has
// tokens: one for each, before anything of it is read or anybody is asked who it is.
type Gate struct {
	buckets Buckets
	proxies Proxies
	policy  Policy
	limited *Quiet
	unsaid  *Quiet
	logger  *slog.Logger
}

// How often a gate logs the same.
const (
	limitedEvery = time.Minute
	unsaidEvery  = time.Hour
)

// NewGate returns a gate with a bucket for each address.
func NewGate(buckets Buckets, proxies Proxies, clock Clock, logger *slog.Logger) *Gate {
	return &Gate{
		buckets: buckets, proxies: proxies, policy: NewPolicy("address", buckets.Limit()),
		limited: NewQuiet(limitedEvery, clock), unsaid: NewQuiet(unsaidEvery, clock), logger: logger,
	}
}

// Handler lets requests through to next, and gives the others to refuse, with why.
// A gate that is nil lets all through.
func (g *Gate) Handler(next http.Handler, refuse func(http.ResponseWriter, *fault.Error)) http.Handler {
	if g == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &Visitor{gate: g, Address: g.proxies.Client(r)}
		v.key = network(v.Address)
		if g.proxies.Unsaid(r) && g.unsaid.Due("") {
			g.logger.WarnContext(r.Context(), "requests say for whom they are, and come from no trusted proxy: all of its clients have one limit", "address", v.Address.String())
		}
		taken := g.buckets.Take(r.Context(), v.key, 1)
		if !taken.OK {
			if g.limited.Due(v.key) {
				g.logger.WarnContext(r.Context(), "an address is limited", "address", v.key)
			}
			g.policy.Describe(w.Header(), taken.Left)
			RetryAfter(w.Header(), taken.Wait)
			leave(w, r)
			refuse(w, fault.New(fault.RateLimited, "too many requests come from this address").After(taken.Wait))
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitorKey{}, v)))
	})
}

// smallBody is what arrives with a request's headers, as good as always.
const smallBody = 16 << 10

// leave says that a body will not be read: net/http would do so, to use the
// connection again.
func leave(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength < 0 || r.ContentLength > smallBody {
		w.Header().Set("Connection", "close")
	}
}

// A Visitor is where a request comes from.
type Visitor struct {
	Address netip.Addr // of the client, which may be none
	gate    *Gate
	key     string
}

type visitorKey struct{}

// From returns where a request comes from, nil where no gate has let it through.
func From(ctx context.Context) *Visitor {
	v, _ := ctx.Value(visitorKey{}).(*Visitor)
	return v
}

// Charge makes the visitor's address pay for what took more than a request does, such
// as a credential that is not one. It costs nothing where there is no gate.
func (v *Visitor) Charge(ctx context.Context, tokens int) {
	if v != nil {
		v.gate.buckets.Drain(ctx, v.key, tokens)
	}
}
