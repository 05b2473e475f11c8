// Package tlstest gives tests certificates, good and bad, and the authorities
// that sign them.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An Authority signs certificates. It is safe for concurrent use.
type Authority struct {
	Name        string
	PEM         []byte
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority returns an authority that nobody trusts yet.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	return newAuthority(t, name, nil)
}

// Below returns an authority that this one vouches for.
func (a *Authority) Below(t testing.TB, name string) *Authority {
	t.Helper()
	return newAuthority(t, name, a)
}

func newAuthority(t testing.TB, name string, above *Authority) *Authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if above == nil {
		above = &Authority{certificate: template, key: key} // itself
	}
	raw := must(x509.CreateCertificate(rand.Reader, template, above.certificate, key.Public(), above.key))(t)
	return &Authority{name, block("CERTIFICATE", raw), must(x509.ParseCertificate(raw))(t), key}
}

// Pool returns who trusts the authority and nobody else.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// A Pair is a certificate and its key, in PEM.
type Pair struct{ Certificate, Key []byte }

// Issue returns a pair of this machine's, for servers and clients, valid now,
// after the changes that the caller wants.
func (a *Authority) Issue(t testing.TB, changes ...func(*x509.Certificate)) Pair {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "of " + a.Name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	for _, change := range changes {
		change(template)
	}
	raw := must(x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key))(t)
	return Pair{block("CERTIFICATE", raw), block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key))(t))}
}

// Expired makes a certificate that was valid until a minute ago.
func Expired(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }

// ServersOnly makes a certificate that no client may show.
func ServersOnly(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }

// For makes a certificate good for one name alone.
func For(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{name}, nil }
}

// Named makes a certificate with the name of its subject.
func Named(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.Subject.CommonName = name }
}

// TLS returns the pair as crypto/tls has it.
func (p Pair) TLS(t testing.TB) tls.Certificate {
	t.Helper()
	return must(tls.X509KeyPair(p.Certificate, p.Key))(t)
}

// Write puts the pair into tls.crt and tls.key of a directory, each at once as
// others see it.
func (p Pair) Write(t testing.TB, dir string) (certificate, key string) {
	t.Helper()
	return Put(t, dir, "tls.crt", p.Certificate), Put(t, dir, "tls.key", p.Key)
}

// Put replaces a file at once, as others see it, and returns its path.
func Put(t testing.TB, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	return path
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
}

func block(kind string, raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw})
}

// must ends the test where there is an error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
