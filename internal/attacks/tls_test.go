package attacks_test

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"barograph/internal/tlsconfig/tlstest"
)

// startTLS starts the program under TLS, with a certificate in the directory that
// the authority has signed.
func startTLS(t *testing.T, authority *tlstest.Authority, dir string, flags ...string) *gateway {
	t.Helper()
	certificate, key := authority.Issue(t, tlstest.Named("first")).Write(t, dir)
	g := start(t, append([]string{"--tls-cert", certificate, "--tls-key", key}, flags...)...)
	g.client = &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"}
	return g
}

// TestNobodyIsLetInWithWeakOrForeignTLS tries what can be done before HTTP is
// spoken.
func TestNobodyIsLetInWithWeakOrForeignTLS(t *testing.T) {
	t.Parallel()
	authority, clients := tlstest.NewAuthority(t, "authority"), tlstest.NewAuthority(t, "clients")
	g := startTLS(t, authority, t.TempDir())
	try(t, g, []attack{
		{id: "A081", name: "TLS 1.2 client", run: func(t *testing.T, g *gateway) {
			for version := uint16(tls.VersionTLS10); version < tls.VersionTLS13; version++ {
				config := g.client.Clone()
				config.MinVersion, config.MaxVersion = version, version
				if err := g.shake(t, config); err == nil || !strings.Contains(err.Error(), "protocol version not supported") {
					t.Errorf("a client of %s: %v, want that the version is not supported", tls.VersionName(version), err)
				}
			}
		}},
		{id: "A082", name: "TLS renegotiation, 0-RTT replay", run: func(t *testing.T, g *gateway) {
			mutation := `{"query":"mutation { processPayload(input: { payload: { id: \"early\" } }) { duplicate } }"}`
			early := fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(mutation), mutation)
			conn := g.dial(t)
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = conn.Write(append(withEarlyData(t, hello(t, g.client)), record(early)...))
			got, err := io.ReadAll(conn)
			const alert, unsupportedExtension = 21, 110
			if timedOut(err) || len(got) < 7 || got[0] != alert || got[6] != unsupportedExtension {
				t.Errorf("early data is answered % x, %v; want an alert and the end", got, err)
			}
			if got := g.ask(t, `{ records { totalCount } }`); !strings.Contains(got.body, `"totalCount":0`) {
				t.Errorf("early data was taken in: %s", got)
			}
			// TLS 1.3 has no renegotiation, and a second greeting in the clear is no record
			// of a connection that is encrypted.
			raw := g.dial(t)
			_ = raw.SetDeadline(time.Now().Add(10 * time.Second))
			secured := tls.Client(raw, g.client)
			if err := secured.Handshake(); err != nil {
				t.Fatal(err)
			}
			_, _ = raw.Write(hello(t, g.client))
			if _, err := secured.Read(make([]byte, 1)); err == nil || timedOut(err) {
				t.Errorf("a second greeting is answered %v, want an alert", err)
			}
		}},
	})

	strangers, dir := tlstest.NewAuthority(t, "strangers"), t.TempDir()
	g = startTLS(t, authority, dir, "--client-ca", tlstest.Put(t, dir, "clients.crt", clients.PEM), "--client-certs=required")
	g.client.Certificates = []tls.Certificate{clients.Issue(t).TLS(t)}
	try(t, g, []attack{
		{id: "A083", name: "expired or foreign client certificate", run: func(t *testing.T, g *gateway) {
			for name, pair := range map[string]tls.Certificate{
				"none":                    {},
				"an expired one":          clients.Issue(t, tlstest.Expired).TLS(t),
				"a server's":              clients.Issue(t, tlstest.ServersOnly).TLS(t),
				"a stranger's":            strangers.Issue(t).TLS(t),
				"of who signed ours":      authority.Issue(t).TLS(t),
				"a stranger's namesake's": tlstest.NewAuthority(t, "clients").Issue(t).TLS(t),
			} {
				config := g.client.Clone()
				config.Certificates = nil
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
				for _, protocol := range []string{"h2", "http/1.1"} {
					config.NextProtos = []string{protocol}
					if err := g.shake(t, config); err == nil || !strings.Contains(err.Error(), "remote error: tls: ") {
						t.Errorf("%s, by %s: %v, want a refusal", name, protocol, err)
					}
				}
			}
			if err := g.shake(t, g.client); err != nil {
				t.Errorf("a good one: %v", err)
			}
		}},
	})
}

// shake connects and asks by HTTP/1.1, and returns why nothing is answered.
func (g *gateway) shake(t *testing.T, config *tls.Config) error {
	t.Helper()
	conn := tls.Client(g.dial(t), config)
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 1))
	return err
}

// hello returns a client's greeting.
func hello(t *testing.T, config *tls.Config) []byte {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close() //nolint:errcheck // nothing is left to do about it
	go func() {
		_ = tls.Client(theirs, config).Handshake() // nobody answers
		_ = theirs.Close()
	}()
	greeting := make([]byte, 16<<10)
	n, err := ours.Read(greeting)
	if err != nil {
		t.Fatal(err)
	}
	return greeting[:n]
}

// withEarlyData returns a greeting that says that early data follows.
func withEarlyData(t *testing.T, greeting []byte) []byte {
	t.Helper()
	const beforeSession = 5 + 4 + 2 + 32 // the record's head, the message's, the version, the random
	at := beforeSession
	at += 1 + int(greeting[at])
	at += 2 + int(binary.BigEndian.Uint16(greeting[at:]))
	at += 1 + int(greeting[at])
	extension := []byte{0, 42, 0, 0}
	grown := append(append(append([]byte{}, greeting[:at+2]...), extension...), greeting[at+2:]...)
	for _, length := range []int{3, 7, at} { // of the record, of the message but its first byte, of the extensions
		binary.BigEndian.PutUint16(grown[length:], binary.BigEndian.Uint16(grown[length:])+uint16(len(extension)))
	}
	return grown
}

// record returns text as a record of data, as encrypted as early data may look.
func record(text string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{23, 3, 3}, uint16(len(text))), text...)
}

// answered asks for the probe by a client of its own and returns why it is not
// answered, and by whose certificate it is.
func answered(client *http.Client, url string) (name string, err error) {
	res, err := client.Get(strings.TrimSuffix(url, "/graphql") + "/readyz")
	if err != nil {
		return "", err
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("answered %s", res.Status)
	}
	return res.TLS.PeerCertificates[0].Subject.CommonName, nil
}
