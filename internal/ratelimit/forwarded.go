package ratelimit

import (
	"net/netip"
	"strings"
)

// parseNode reads the address of a hop, as X-Forwarded-For and Forwarded have it:
// with a port or without, in brackets if it is IPv6 and has one. Names that proxies
// give to hops they do not tell of are no addresses.
func parseNode(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if a, err := netip.ParseAddr(text); err == nil {
		return plain(a), true
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if inside, rest, closed := strings.Cut(inner, "]"); closed && (rest == "" || rest[0] == ':') {
			if a, err := netip.ParseAddr(inside); err == nil && a.Is6() {
				return plain(a), true
			}
		}
		return netip.Addr{}, false
	}
	if host, _, port := strings.Cut(text, ":"); port {
		if a, err := netip.ParseAddr(host); err == nil {
			return plain(a), true
		}
	}
	return netip.Addr{}, false
}

// plain returns an address in one form: an IPv4 one as such, and none with a zone.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// forwardedFor returns the nodes that the elements of Forwarded headers name, one an
// element and "" where one names none: https://www.rfc-editor.org/rfc/rfc7239. What
// cannot be read ends the list on its left, where nobody can be trusted.
func forwardedFor(header string) (nodes []string) {
	for len(header) > 0 {
		node, rest, ok := element(header)
		if !ok {
			nodes = nil // all that was read so far stands left of it
		} else {
			nodes = append(nodes, node)
		}
		header = rest
	}
	return nodes
}

// element reads one element of a Forwarded header, up to its comma.
func element(text string) (node, rest string, ok bool) {
	ok = true
	for {
		text = strings.TrimLeft(text, " \t")
		name, value, after, fine := pair(text)
		if ok = ok && fine; strings.EqualFold(name, "for") {
			ok = ok && node == ""
			node = value
		}
		text = strings.TrimLeft(after, " \t")
		switch {
		case text == "":
			return node, "", ok
		case text[0] == ',':
			return node, text[1:], ok
		case text[0] == ';':
			text = text[1:]
		default: // something stands behind a quoted value
			ok, text = false, text[1:]
		}
	}
}

// pair reads a parameter, which may be empty, up to what ends it.
func pair(text string) (name, value, rest string, ok bool) {
	end := strings.IndexAny(text, `=;,"`)
	if end < 0 || text[end] != '=' {
		if end < 0 {
			end = len(text)
		}
		if end < len(text) && text[end] == '"' {
			return "", "", text[end+1:], false
		}
		return "", "", text[end:], strings.TrimSpace(text[:end]) == ""
	}
	name, text = strings.TrimSpace(text[:end]), text[end+1:]
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ";,")
		if end < 0 {
			end = len(text)
		}
		return name, strings.TrimSpace(text[:end]), text[end:], true
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			return name, b.String(), text[i+1:], true
		case '\\':
			if i++; i < len(text) {
				b.WriteByte(text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return name, b.String(), "", false // it has no end
}
