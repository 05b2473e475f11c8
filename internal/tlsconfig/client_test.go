package tlsconfig_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"barograph/internal/tlsconfig"
	"barograph/internal/tlsconfig/tlstest"
)

// asking makes a configuration ask clients for certificates.
func asking(t *testing.T, dir string, authority *tlstest.Authority, required bool) func(*tlsconfig.Files) {
	return func(f *tlsconfig.Files) {
		f.ClientCA, f.Required = tlstest.Put(t, dir, "clients.crt", authority.PEM), required
	}
}

func TestOnlyClientsOfTheAuthorityAreLetIn(t *testing.T) {
	t.Parallel()
	authority, clients, strangers := tlstest.NewAuthority(t, "authority"), tlstest.NewAuthority(t, "clients"), tlstest.NewAuthority(t, "strangers")
	required, _, _ := follow(t, authority.Issue(t), asking(t, t.TempDir(), clients, true))
	optional, _, _ := follow(t, authority.Issue(t), asking(t, t.TempDir(), clients, false))
	none, _, _ := follow(t, authority.Issue(t))
	for _, c := range []struct {
		name     string
		server   *tlsconfig.Server
		pair     []tls.Certificate
		refusal  string
		verified bool
	}{
		{"a good one", required, []tls.Certificate{clients.Issue(t).TLS(t)}, "", true},
		{"none", required, nil, "certificate required", false},
		{"an expired one", required, []tls.Certificate{clients.Issue(t, tlstest.Expired).TLS(t)}, "expired certificate", false},
		{"a server's", required, []tls.Certificate{clients.Issue(t, tlstest.ServersOnly).TLS(t)}, "bad certificate", false},
		{"a stranger's", required, []tls.Certificate{strangers.Issue(t).TLS(t)}, "unknown certificate authority", false},
		{"the server's authority's", required, []tls.Certificate{authority.Issue(t).TLS(t)}, "unknown certificate authority", false},
		{"none where it is optional", optional, nil, "", false},
		{"a good one where it is optional", optional, []tls.Certificate{clients.Issue(t).TLS(t)}, "", true},
		{"a stranger's where it is optional", optional, []tls.Certificate{strangers.Issue(t).TLS(t)}, "unknown certificate authority", false},
		{"one that is not asked for", none, []tls.Certificate{clients.Issue(t).TLS(t)}, "", false},
	} {
		config := &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if len(c.pair) == 0 {
				return &tls.Certificate{}, nil
			}
			return &c.pair[0], nil // whatever the server says it takes
		}}
		_, served, err := shake(t, c.server, config)
		if c.refusal == "" && err != nil || c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.refusal)
		}
		if got := len(served.VerifiedChains) > 0; got != c.verified {
			t.Errorf("%s: verified %t, want %t", c.name, got, c.verified)
		}
	}
}

// A session that is resumed brings no certificate along: it must not outlive
// those who vouched for it.
func TestASessionEndsWithTheAuthorityOrTheCertificateItBeganWith(t *testing.T) {
	t.Parallel()
	authority, clients, others := tlstest.NewAuthority(t, "authority"), tlstest.NewAuthority(t, "clients"), tlstest.NewAuthority(t, "others")
	dir := t.TempDir()
	s, pairDir, _ := follow(t, authority.Issue(t), asking(t, dir, clients, true))
	client := &tls.Config{
		RootCAs: authority.Pool(), ServerName: "localhost", ClientSessionCache: tls.NewLRUClientSessionCache(1),
		Certificates: []tls.Certificate{clients.Issue(t).TLS(t)},
	}
	resumes := func(want bool) {
		t.Helper()
		if seen, _, err := shake(t, s, client); err != nil || seen.DidResume != want {
			t.Errorf("resumed %t, %v, want %t", seen.DidResume, err, want)
		}
	}
	resumes(false)
	resumes(true)
	authority.Issue(t).Write(t, pairDir)
	s.Look()
	resumes(false)
	resumes(true)
	tlstest.Put(t, dir, "clients.crt", append(others.PEM, clients.PEM...))
	s.Look()
	resumes(false)
	tlstest.Put(t, dir, "clients.crt", others.PEM)
	s.Look()
	if _, _, err := shake(t, s, client); err == nil {
		t.Error("a client is let in whose authority is trusted no more")
	}
}

// crypto/tls has early data for QUIC alone. Without it in the ticket, no client
// may send any.
func TestNoTicketAllowsEarlyData(t *testing.T) {
	t.Parallel()
	authority := tlstest.NewAuthority(t, "authority")
	s, _, _ := follow(t, authority.Issue(t))
	cache := &lastTicket{}
	if _, _, err := shake(t, s, &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost", ClientSessionCache: cache}); err != nil {
		t.Fatal(err)
	}
	if cache.session == nil {
		t.Fatal("there is no ticket")
	}
	_, state, err := cache.session.ResumptionState()
	if err != nil || state.EarlyData {
		t.Errorf("the ticket allows early data: %t, %v", state.EarlyData, err)
	}
}

// lastTicket keeps the last session ticket and offers none.
type lastTicket struct{ session *tls.ClientSessionState }

// Get has none.
func (*lastTicket) Get(string) (*tls.ClientSessionState, bool) { return nil, false }

// Put keeps it.
func (c *lastTicket) Put(_ string, session *tls.ClientSessionState) { c.session = session }
