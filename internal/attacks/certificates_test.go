package attacks_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"barograph/internal/tlsconfig/tlstest"
)

const viewersByName = "- {common-name: reader, roles: [viewer]}\n"

// certified starts a gateway that knows one client by a certificate that the
// authority of clients signs, which clients.crt in the directory says.
func certified(t *testing.T, clients *tlstest.Authority) (g *gateway, dir string) {
	t.Helper()
	dir = t.TempDir()
	return startTLS(t, tlstest.NewAuthority(t, "servers"), dir,
		"--client-ca", tlstest.Put(t, dir, "clients.crt", clients.PEM),
		"--client-principals", tlstest.Put(t, dir, "clients.yaml", []byte(viewersByName))), dir
}

// by returns a client that shows a certificate, or none, and speaks one protocol.
// It keeps its connection.
func (g *gateway) by(t *testing.T, protocol string, shown ...tls.Certificate) *http.Client {
	t.Helper()
	config := g.client.Clone()
	config.Certificates = shown
	config.NextProtos = []string{protocol}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: protocol == "h2"}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// whoIs asks who a client is, and returns the answer, its status and its protocol.
func (g *gateway) whoIs(t *testing.T, client *http.Client) (body string, status, protocol int) {
	t.Helper()
	res, err := client.Post(g.url, "application/json", strings.NewReader(`{"query":"{ me { name } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), res.StatusCode, res.ProtoMajor
}

const reader = `{"data":{"me":{"name":"certificate|CN=reader"}}`

func TestACertificateIsWhoAsks(t *testing.T) {
	t.Parallel()
	clients := tlstest.NewAuthority(t, "clients")
	g, _ := certified(t, clients)
	good := clients.Issue(t, tlstest.Named("reader")).TLS(t)
	for protocol, major := range map[string]int{"h2": 2, "http/1.1": 1} {
		if body, status, by := g.whoIs(t, g.by(t, protocol, good)); status != http.StatusOK || by != major || !strings.HasPrefix(body, reader) {
			t.Errorf("over %s, with a certificate: %d %s by HTTP/%d, want %s", protocol, status, body, by, reader)
		}
		if body, status, _ := g.whoIs(t, g.by(t, protocol)); status != http.StatusUnauthorized {
			t.Errorf("over %s, without one: %d %s, want 401", protocol, status, body)
		}
		if body, status, _ := g.whoIs(t, g.by(t, protocol, clients.Issue(t, tlstest.Named("another")).TLS(t))); status != http.StatusUnauthorized {
			t.Errorf("over %s, with that of somebody unknown: %d %s, want 401", protocol, status, body)
		}
	}
	s := g.handshake(t, nil)
	s.send(t, `{"type":"connection_init"}`)
	s.closes(t, 4403)
	g.client.Certificates = []tls.Certificate{good}
	s = g.socket(t)
	s.send(t, subscribe("1", "{ me { name } }"))
	if m, err := s.next(t); err != nil || !strings.HasPrefix(string(m.Payload), reader) {
		t.Errorf("over a WebSocket: %s, %v, want %s", m.Payload, err, reader)
	}
}

// TestACertificateEndsWithItsAuthority takes the authority of a client out of the
// file while a connection is kept and a socket is open.
func TestACertificateEndsWithItsAuthority(t *testing.T) {
	t.Parallel()
	clients, others := tlstest.NewAuthority(t, "clients"), tlstest.NewAuthority(t, "others")
	g, dir := certified(t, clients)
	g.client.Certificates = []tls.Certificate{clients.Issue(t, tlstest.Named("reader")).TLS(t)}
	kept := map[string]*http.Client{}
	for _, protocol := range []string{"h2", "http/1.1"} {
		kept[protocol] = g.by(t, protocol, g.client.Certificates...)
		if body, status, _ := g.whoIs(t, kept[protocol]); status != http.StatusOK {
			t.Fatalf("over %s: %d %s", protocol, status, body)
		}
	}
	s := g.socket(t)
	s.send(t, subscribe("1", "subscription { recordChanged { record { id } } }"))
	tlstest.Put(t, dir, "clients.crt", others.PEM)
	s.closes(t, 4403)
	for protocol, client := range kept {
		if body, status, _ := g.whoIs(t, client); status != http.StatusUnauthorized {
			t.Errorf("over %s, on a connection that was kept: %d %s, want 401", protocol, status, body)
		}
	}
}
