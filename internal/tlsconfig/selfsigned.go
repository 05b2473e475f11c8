package tlsconfig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"time"
)

// selfSignedLife is how long a certificate is valid that is made here: a client
// that is told to trust it takes a longer one amiss.
const selfSignedLife = 397 * 24 * time.Hour

// SelfSigned returns a configuration with a certificate that nobody vouches for,
// and that ends with the process, for localhost and the address that is listened
// on. Whoever trusts it knows its fingerprint.
func SelfSigned(address net.Addr, now func() time.Time) (*Server, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Barograph, self-signed"},
		NotBefore:             now().Add(-time.Hour), // clocks differ
		NotAfter:              now().Add(selfSignedLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if tcp, ok := address.(*net.TCPAddr); ok && !tcp.IP.IsUnspecified() {
		template.IPAddresses = append(template.IPAddresses, tcp.IP)
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	s := &Server{now: now}
	s.config.Store(serving(tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}, now))
	return s, nil
}
