package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Hosts are those that HTTP steps may call. An entry is
//
//	hooks.example.com          by https, at the default port, at a public address
//	hooks.example.com:8443     the same, at a port
//	*.example.com              any host whose name ends so
//	http://billing.internal    what is written out with its scheme, wherever its
//	https://10.0.0.7:8443      name leads: also to an address of this network
//
// Addresses of the link, among which clouds keep their credentials, are called
// only where they are written out themselves.
type Hosts []host

type host struct {
	scheme string
	name   string // of a suffix, with its dot
	port   string
	suffix bool
	inside bool // whether addresses that are not public are fine
}

// ParseHosts reads entries of Hosts.
func ParseHosts(entries []string) (Hosts, error) {
	var all Hosts
	for _, entry := range entries {
		h := host{scheme: "https"}
		rest := entry
		if scheme, after, found := strings.Cut(entry, "://"); found {
			h.scheme, rest, h.inside = scheme, after, true
		}
		u, err := url.Parse(h.scheme + "://" + strings.TrimPrefix(rest, "*"))
		switch {
		case err != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Hostname() == "",
			h.scheme != "http" && h.scheme != "https",
			strings.Contains(u.Hostname(), "*"):
			return nil, fmt.Errorf("%q is no host, as in hooks.example.com, *.example.com:8443 or http://billing.internal", entry)
		case strings.HasPrefix(rest, "*"):
			if h.suffix = true; !strings.HasPrefix(u.Hostname(), ".") || h.inside {
				return nil, fmt.Errorf("%q: a host with a wildcard is written *.example.com, without a scheme", entry)
			}
		}
		h.name, h.port = strings.ToLower(u.Hostname()), portOf(u)
		all = append(all, h)
	}
	return all, nil
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}

// find returns the entry that allows a URL, one that says more first.
func (all Hosts) find(u *url.URL) (host, bool) {
	var found host
	name, ok := strings.ToLower(u.Hostname()), false
	for _, h := range all {
		if h.scheme != u.Scheme || h.port != portOf(u) || !h.covers(name) {
			continue
		}
		if !ok || h.inside {
			found, ok = h, true
		}
	}
	return found, ok
}

func (h host) covers(name string) bool {
	if h.suffix {
		return strings.HasSuffix(name, h.name) && len(name) > len(h.name)
	}
	return name == h.name
}

// errInside is why an address is not called.
var errInside = errors.New("the address is none of the public network")

// nat64 is where other addresses hide in those of version 6.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// allows reports whether an address, which the host's name leads to, may be called.
func (h host) allows(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if written, err := netip.ParseAddr(h.name); err == nil {
		return written.Unmap() == address
	}
	switch {
	case address.IsLinkLocalUnicast(), address.IsUnspecified(), address.IsMulticast():
		return false
	case h.inside:
		return true
	}
	return address.IsGlobalUnicast() && !address.IsPrivate() && !address.IsLoopback() && !nat64.Contains(address) && !special(address)
}

// reserved are the addresses that look public, and lead elsewhere: of carriers,
// of tests and of protocols.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

func special(address netip.Addr) bool {
	for _, prefix := range reserved {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// dial returns how connections to allowed hosts are made: the address is looked
// at when it is known, so that no name can lead elsewhere in between.
func (all Hosts) dial(scheme string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		h, ok := all.find(&url.URL{Scheme: scheme, Host: address})
		if !ok {
			return nil, errInside
		}
		dialer := net.Dialer{Timeout: connectLimit, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			found, err := netip.ParseAddrPort(address)
			if err != nil || !h.allows(found.Addr()) {
				return errInside
			}
			return nil
		}}
		return dialer.DialContext(ctx, network, address)
	}
}

const connectLimit = 3 * time.Second
