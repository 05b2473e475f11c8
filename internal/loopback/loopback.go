// Package loopback tells what stays on this machine. A server on a loopback
// address can be reached by any web page in a browser beside it, if the page's
// own name is made to lead here (DNS rebinding); the Host header still says it.
package loopback

import (
	"net"
	"strings"
)

// Address reports whether only this machine can reach an address.
func Address(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// Host reports whether a Host header, with a port or without, names this
// machine: localhost, a name below it, or a loopback address by number.
func Host(header string) bool {
	host, _, err := net.SplitHostPort(header)
	if err != nil {
		host = header
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return ip != nil && ip.IsLoopback()
}
