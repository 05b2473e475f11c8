package loopback_test

import (
	"net"
	"testing"

	"barograph/internal/loopback"
)

func TestHostsOfThisMachineAreKnown(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "LOCALHOST": true, "localhost.:1": true, "app.localhost:8080": true,
		"127.0.0.1": true, "127.0.0.1:8080": true, "127.1.2.3": true, "[::1]": true, "[::1]:8080": true, "::1": true,
		"": false, "evil.example": false, "evil.example:8080": false, "localhost.evil.example": false, "evillocalhost": false,
		"10.0.0.1": false, "0.0.0.0": false, "[::]": false, "127.0.0.1.evil.example": false,
	} {
		if got := loopback.Host(host); got != want {
			t.Errorf("Host(%q) = %t, want %t", host, got, want)
		}
	}
}

func TestAddressesOfThisMachineAreKnown(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]bool{"127.0.0.1": true, "::1": true, "0.0.0.0": false, "::": false, "192.0.2.1": false} {
		if got := loopback.Address(&net.TCPAddr{IP: net.ParseIP(ip)}); got != want {
			t.Errorf("Address(%s) = %t, want %t", ip, got, want)
		}
	}
	if loopback.Address(&net.UnixAddr{}) {
		t.Error("a socket in the file system is taken for a loopback address")
	}
}
