package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/alecthomas/kong"

	"barograph/graph/allowance"
	"barograph/ingest"
	"barograph/internal/edge"
	"barograph/internal/ratelimit"
	"barograph/internal/settings"
)

// The names of buckets, in metrics and in Redis.
const (
	principalBuckets = "principal"
	addressBuckets   = "address"
)

// allowances are what anybody may ask for over time.
type allowances struct {
	fleet      *ratelimit.Fleet     // nil without a Redis
	gate       *ratelimit.Gate      // nil without a limit of addresses
	principals *allowance.Allowance // nil without a limit of principals
	charge     ingest.Charge        // likewise
	most       int                  // tokens that it can charge at once
	crowd      edge.Crowd
}

// newAllowances returns what the settings say; others tells whether others than this
// machine are served.
func newAllowances(ctx context.Context, s settings.Settings, others bool, logger *slog.Logger) (*allowances, error) {
	proxies, err := s.Proxies()
	if err != nil {
		return nil, err
	}
	principal, bounded := s.Principal(others, s.CostLimit)
	address, gated := s.Address(others)
	clock := ratelimit.Monotonic()
	a := &allowances{crowd: edge.Crowd{Most: s.MaxConnections, Each: s.AddressConnections, Trusted: proxies.Trusts}}
	buckets := func(name string, limit ratelimit.Limit) ratelimit.Buckets {
		if a.fleet != nil {
			return a.fleet.Buckets(name, limit, ratelimit.DefaultBuckets)
		}
		return ratelimit.NewLocal(name, limit, ratelimit.DefaultBuckets, clock)
	}
	if s.RedisURL != "" && (bounded || gated) {
		a.fleet, err = ratelimit.Join(ctx, ratelimit.FleetConfig{URL: s.RedisURL, Node: rand.Text(), Nodes: s.RateNodes, Clock: clock, Logger: logger})
		if err != nil {
			return nil, fmt.Errorf("--redis-url: %w", err)
		}
	}
	if gated {
		a.gate = ratelimit.NewGate(buckets(addressBuckets, address), proxies, clock, logger)
	}
	if bounded {
		a.principals = allowance.New(allowance.Config{
			Buckets: buckets(principalBuckets, principal), Operations: s.PrincipalOperations, Subscriptions: s.PrincipalSubscriptions,
			Report: allowance.Report(s.CostReport), Clock: clock, Logger: logger,
		})
		a.charge, a.most = a.principals.Spend, principal.Burst
	}
	return a, nil
}

// run keeps up with the other nodes until ctx is done.
func (a *allowances) run(ctx context.Context) error {
	if a.fleet == nil {
		return nil
	}
	return a.fleet.Run(ctx)
}

func (a *allowances) close() {
	if a.fleet != nil {
		a.fleet.Close()
	}
}

// rateDefaults are what the limits are where they are auto.
func rateDefaults() kong.Vars {
	return kong.Vars{
		"rate_limit":   strconv.Itoa(settings.AutoRateLimit),
		"address_rate": strconv.Itoa(settings.AutoAddressRate),
	}
}
