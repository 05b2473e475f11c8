// Package tlsconfig makes what a server speaks TLS by, 1.3 and nothing older, of
// files that it follows as they change, or of a certificate that it signs itself.
// Listening and handshakes are left to others, and so is whom a client's
// certificate stands for.
package tlsconfig

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Files name what a server's configuration is made of.
type Files struct {
	Certificate string // PEM, the server's own first, those that vouch for it behind
	Key         string
	ClientCA    string // PEM; "" where clients are not asked for certificates
	Required    bool   // whether a client without a certificate is refused
}

// A Server is the configuration of a server that is running. It is safe for
// concurrent use.
type Server struct {
	files  Files
	now    func() time.Time
	logger *slog.Logger
	config atomic.Pointer[tls.Config]

	failing atomic.Bool // whether the files made no configuration when they were looked at last

	mu      sync.Mutex // held by one look at a time, also while it waits for the files
	inForce digest     // guarded by mu: of the files that the configuration is made of
	suspect digest     // guarded by mu: of files that made none, when they were looked at last
	failure string     // guarded by mu: why
}

// Follow returns a server's configuration as the files say. A certificate that
// is not valid at this time is served all the same, and that is logged.
func Follow(files Files, now func() time.Time, logger *slog.Logger) (*Server, error) {
	s := &Server{files: files, now: now, logger: logger}
	found := files.read()
	config, err := found.config(files.Required, now)
	if err != nil {
		return nil, err
	}
	if err := timely(config, now()); err != nil {
		logger.Warn("clients will refuse the certificate", "err", err)
	}
	s.inForce = found.digest()
	s.config.Store(config)
	return s, nil
}

// Config returns the configuration as it is now, for one handshake. A connection
// keeps what it began with. Each change makes a configuration of its own, whose
// session tickets open no other's: nobody resumes what was begun under another
// certificate, or was vouched for by another authority.
func (s *Server) Config() *tls.Config { return s.config.Load() }

// Certificate returns the server's own certificate as it is now.
func (s *Server) Certificate() *x509.Certificate { return s.Config().Certificates[0].Leaf }

// Fingerprint returns the SHA-256 of the certificate as browsers and openssl show
// it.
func (s *Server) Fingerprint() string {
	sum := sha256.Sum256(s.Certificate().Raw)
	text := strings.ToUpper(hex.EncodeToString(sum[:]))
	var parted strings.Builder
	for i := 0; i < len(text); i += 2 {
		if i > 0 {
			parted.WriteByte(':')
		}
		parted.WriteString(text[i : i+2])
	}
	return parted.String()
}

// Failing reports whether the files could not be followed when they were looked
// at last. It waits for no look that is under way: files may hang, and whoever asks
// for the metrics should not.
func (s *Server) Failing() bool { return s.failing.Load() }

// content is what files hold, and why not, at one moment.
type content struct {
	certificate, key, clientCA []byte
	err                        error
}

// clientCAs is what Files.ClientCA holds, as errors call it.
const clientCAs = "certificates of the clients' authorities"

type digest [sha256.Size]byte

func (f Files) read() (c content) {
	var err error
	if c.certificate, err = os.ReadFile(f.Certificate); err != nil {
		c.err = errors.Join(c.err, fmt.Errorf("certificate: %w", err))
	}
	if c.key, err = os.ReadFile(f.Key); err != nil {
		c.err = errors.Join(c.err, fmt.Errorf("key: %w", err))
	}
	if f.ClientCA == "" {
		return c
	}
	if c.clientCA, err = os.ReadFile(f.ClientCA); err != nil {
		c.err = errors.Join(c.err, fmt.Errorf("%s: %w", clientCAs, err))
	}
	return c
}

// digest tells contents apart. Times and inodes would do so only on some file
// systems.
func (c content) digest() digest {
	sum := sha256.New()
	for _, part := range [][]byte{c.certificate, c.key, c.clientCA, fmt.Append(nil, c.err)} {
		one := sha256.Sum256(part)
		_, _ = sum.Write(one[:]) // never fails
	}
	return digest(sum.Sum(nil))
}

// leastRSA is how many bits an RSA key needs, by all that browsers and their
// authorities agree on.
const leastRSA = 2048

// config returns the configuration that the contents make.
func (c content) config(required bool, now func() time.Time) (*tls.Config, error) {
	if err := errors.Join(c.err, whole("certificate", c.certificate), whole("key", c.key), whole(clientCAs, c.clientCA)); err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(c.certificate, c.key)
	if err != nil {
		return nil, fmt.Errorf("certificate and key: %w", err)
	}
	if public, ok := pair.Leaf.PublicKey.(*rsa.PublicKey); ok && public.N.BitLen() < leastRSA {
		return nil, fmt.Errorf("certificate and key: an RSA key of %d bits is weak: make one of %d or more, or an ECDSA key", public.N.BitLen(), leastRSA)
	}
	config := serving(pair, now)
	if c.clientCA == nil {
		return config, nil
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(c.clientCA) {
		return nil, fmt.Errorf("%s: there is none in the file", clientCAs)
	}
	config.ClientAuth = tls.VerifyClientCertIfGiven
	if required {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config, nil
}

// whole returns why PEM is not whole: who parses it passes over a block that is cut
// off, and so a chain or a list of authorities would end before it.
func whole(what string, text []byte) error {
	if begun, ended := bytes.Count(text, []byte("-----BEGIN ")), bytes.Count(text, []byte("-----END ")); begun != ended {
		return fmt.Errorf("%s: the file is cut off: of %d parts, %d have an end", what, begun, ended)
	}
	return nil
}

// serving returns the configuration of a server with a certificate. What is not
// said here is for crypto/tls to choose: under TLS 1.3 all of its cipher suites
// and curves are good, and it accepts no early data.
func serving(pair tls.Certificate, now func() time.Time) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		MinVersion:   tls.VersionTLS13,
		NextProtos:   []string{"h2", "http/1.1"},
		Time:         now,
	}
}

// timely returns why the certificate of a configuration is not valid at a time.
func timely(config *tls.Config, at time.Time) error {
	switch leaf := config.Certificates[0].Leaf; {
	case at.Before(leaf.NotBefore):
		return fmt.Errorf("the certificate is not valid before %s", leaf.NotBefore.Format(time.RFC3339))
	case at.After(leaf.NotAfter):
		return fmt.Errorf("the certificate has expired on %s", leaf.NotAfter.Format(time.RFC3339))
	}
	return nil
}
