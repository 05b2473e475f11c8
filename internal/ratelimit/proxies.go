package ratelimit

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies say behind whom clients are. The zero value knows of none: who connects is
// the client.
type Proxies struct {
	trusted []netip.Prefix
	header  string
}

// The headers in which proxies tell for whom they ask.
const (
	XForwardedFor = "X-Forwarded-For"
	Forwarded     = "Forwarded"
)

// NewProxies returns proxies at the addresses, single ones or blocks of them, who tell
// for whom they ask in the header. The other header is whoever's: it is not read.
func NewProxies(addresses []string, header string) (Proxies, error) {
	p := Proxies{header: header}
	for _, text := range addresses {
		text = strings.TrimSpace(text)
		block, err := netip.ParsePrefix(text)
		if a, single := netip.ParseAddr(text); single == nil {
			block, err = netip.PrefixFrom(plain(a), plain(a).BitLen()), nil
		}
		if err != nil {
			return Proxies{}, fmt.Errorf("%.80q is neither an address nor a block of them, as in 10.0.0.0/8", text)
		}
		if a := block.Addr(); a.Is4In6() {
			block = netip.PrefixFrom(a.Unmap(), max(block.Bits()-96, 0))
		}
		p.trusted = append(p.trusted, block.Masked())
	}
	return p, nil
}

// Trusts reports whether a proxy is at the address.
func (p Proxies) Trusts(a netip.Addr) bool {
	return slices.ContainsFunc(p.trusted, func(block netip.Prefix) bool { return block.Contains(a) })
}

// Client returns the address of the client that a request comes from: what the last
// proxy that is trusted says, or whoever connects if that is none. It is no address
// where that cannot be told.
func (p Proxies) Client(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := plain(peer.Addr())
	if !p.Trusts(client) {
		return client
	}
	hops := p.hops(r)
	for i := len(hops) - 1; i >= 0; i-- { // each proxy adds on the right
		hop, ok := parseNode(hops[i])
		if !ok {
			break
		}
		if client = hop; !p.Trusts(hop) {
			break
		}
	}
	return client
}

func (p Proxies) hops(r *http.Request) []string {
	all := strings.Join(r.Header.Values(p.header), ",")
	if p.header == Forwarded {
		return forwardedFor(all)
	}
	if all == "" {
		return nil
	}
	return strings.Split(all, ",")
}

// Unsaid reports whether a request names a client that is not believed, since who
// connects is no trusted proxy.
func (p Proxies) Unsaid(r *http.Request) bool {
	if r.Header.Get(XForwardedFor) == "" && r.Header.Get(Forwarded) == "" {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && !p.Trusts(plain(peer.Addr()))
}

// network returns what counts as one client: an IPv4 address, and of IPv6 a block
// of /64, which is the least that anybody gets.
func network(a netip.Addr) string {
	if a.Is6() {
		if block, err := a.Prefix(64); err == nil {
			return block.String()
		}
	}
	return a.String()
}
