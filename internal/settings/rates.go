package settings

import (
	"errors"
	"fmt"
	"strconv"

	"barograph/internal/ratelimit"
)

// Rates say how much anybody may ask for over time. docs/rate-limits.md tells more.
type Rates struct {
	RateLimit string `default:"auto" env:"BAROGRAPH_RATE_LIMIT" placeholder:"COST" help:"Cost of operations that a principal gets back each second, of which a payload that comes as a message is 1: a number, off, or auto, which is ${rate_limit} where others than this machine are served."`
	RateBurst int    `default:"0" env:"BAROGRAPH_RATE_BURST" placeholder:"COST" help:"Cost that a principal may save up. 0 is four times --cost-limit."`
	RateNodes int    `default:"2" env:"BAROGRAPH_RATE_NODES" placeholder:"N" help:"Gateways that share --redis-url, as long as it has not said how many: each has that part of the limits while it is gone."`

	PrincipalOperations    int    `default:"500" env:"BAROGRAPH_PRINCIPAL_OPERATIONS" placeholder:"N" help:"Queries and mutations that a principal may have under way at a time on this gateway, where --rate-limit is in force."`
	PrincipalSubscriptions int    `default:"1000" env:"BAROGRAPH_PRINCIPAL_SUBSCRIPTIONS" placeholder:"N" help:"Subscriptions, likewise, on all of its connections."`
	CostReport             string `default:"on" enum:"on,asked,off" env:"BAROGRAPH_COST_REPORT" help:"Which answers tell in extensions.cost what they cost, where --rate-limit is in force: on, all but those to GET; asked, those to requests with the header X-Barograph-Cost: 1; off, none."`

	AddressRate    string   `default:"auto" env:"BAROGRAPH_ADDRESS_RATE" placeholder:"N" help:"Requests that an address may send a second in the long run, before anybody asks who it is: a number, off, or auto, which is ${address_rate} where others than this machine are served. IPv6 addresses count by /64."`
	AddressBurst   int      `default:"0" env:"BAROGRAPH_ADDRESS_BURST" placeholder:"N" help:"Requests that an address may send at once. 0 is ten seconds' worth."`
	TrustedProxies []string `env:"BAROGRAPH_TRUSTED_PROXIES" placeholder:"CIDR,…" help:"Addresses of the proxies in front, single ones or blocks of them, who are believed when they say for whom they ask."`
	ProxyHeader    string   `default:"X-Forwarded-For" enum:"X-Forwarded-For,Forwarded" env:"BAROGRAPH_PROXY_HEADER" help:"The header in which they say so: ${enum}. They must set it: whatever a client sends of the other is left aside."`

	MaxConnections     int `name:"connections" default:"20000" env:"BAROGRAPH_CONNECTIONS" placeholder:"N" help:"Connections that may be open at a time."`
	AddressConnections int `default:"2000" env:"BAROGRAPH_ADDRESS_CONNECTIONS" placeholder:"N" help:"Those of one address, unless it is a trusted proxy or this machine."`
}

// What rates are where they are auto.
const (
	AutoRateLimit   = 25_000
	AutoAddressRate = 1_000

	burstCosts   = 4  // of the dearest operation
	burstSeconds = 10 // of requests
	mostTokens   = 1 << 31
)

// Principal returns the limit of a principal, and whether there is one. auto is in
// force where others are served.
func (s *Rates) Principal(others bool, costLimit int) (ratelimit.Limit, bool) {
	rate := rateOf(s.RateLimit, AutoRateLimit, others)
	burst := s.RateBurst
	if burst == 0 {
		burst = min(burstCosts*costLimit, mostTokens)
	}
	return ratelimit.Limit{Rate: float64(rate), Burst: burst}, rate > 0
}

// Address returns the limit of an address, and whether there is one.
func (s *Rates) Address(others bool) (ratelimit.Limit, bool) {
	rate := rateOf(s.AddressRate, AutoAddressRate, others)
	burst := s.AddressBurst
	if burst == 0 {
		burst = min(burstSeconds*rate, mostTokens)
	}
	return ratelimit.Limit{Rate: float64(rate), Burst: burst}, rate > 0
}

// Proxies returns the proxies that are trusted.
func (s *Rates) Proxies() (ratelimit.Proxies, error) {
	p, err := ratelimit.NewProxies(s.TrustedProxies, s.ProxyHeader)
	if err != nil {
		return p, fmt.Errorf("--trusted-proxies: %w", err)
	}
	return p, nil
}

// rateOf returns what a setting says that has been validated; 0 is no limit.
func rateOf(setting string, auto int, others bool) int {
	if setting == "auto" && others {
		return auto
	}
	n, err := strconv.Atoi(setting)
	if err != nil {
		return 0
	}
	return n
}

// validate returns why the settings cannot be in force.
func (s *Rates) validate() error {
	for name, setting := range map[string]string{"--rate-limit": s.RateLimit, "--address-rate": s.AddressRate} {
		if setting == "auto" || setting == "off" {
			continue
		}
		if n, err := strconv.Atoi(setting); err != nil || n < 1 || n > mostTokens {
			return fmt.Errorf("%s must be auto, off, or a number from 1 to %d", name, mostTokens)
		}
	}
	switch {
	case s.RateBurst < 0 || s.RateBurst > mostTokens || s.AddressBurst < 0 || s.AddressBurst > mostTokens:
		return fmt.Errorf("--rate-burst and --address-burst must be from 0 to %d", mostTokens)
	case s.RateNodes < 1 || s.RateNodes > 10_000:
		return errors.New("--rate-nodes must be from 1 to 10000")
	case s.PrincipalOperations < 1 || s.PrincipalSubscriptions < 1 || s.MaxConnections < 1 || s.AddressConnections < 1:
		return errors.New("--principal-operations, --principal-subscriptions, --connections and --address-connections must be at least 1")
	}
	_, err := s.Proxies()
	return err
}
