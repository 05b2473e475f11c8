package door

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"barograph/auth"
	"barograph/pipeline"
)

// Certificates say whom the certificates of clients are about. Whether one is
// good has been seen to when the connection was made, and is seen to again when
// the authorities are others. They are safe for concurrent use.
type Certificates struct {
	// Authorities returns those who vouch for clients now: another pool where they have
	// changed. Nil stands for those of the handshake, for as long as the connection stays.
	Authorities func() *x509.CertPool

	entries []entry
	trust   trust
}

// An entry is of the certificates that have a name.
type entry struct {
	name   string
	of     func(*x509.Certificate) bool
	scopes auth.Scopes
	reach  pipeline.Reach
}

// written is an entry as it stands in a file.
type written struct {
	CommonName string   `yaml:"common-name"` // of the subject
	URI        string   `yaml:"uri"`         // among the alternative names, as SPIFFE has it
	SHA256     string   `yaml:"sha256"`      // of the certificate, in hexadecimal, with colons or without
	Roles      []string `yaml:"roles"`
	Scopes     []string `yaml:"scopes"`
	Pipelines  []string `yaml:"pipelines"` // all, where they are left out
}

// OpenCertificates reads a file that says whom certificates are about.
func OpenCertificates(path string) (*Certificates, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator named it
	if err != nil {
		return nil, fmt.Errorf("read client principals: %w", err)
	}
	c, err := ReadCertificates(text)
	if err != nil {
		return nil, fmt.Errorf("read client principals: %s: %w", path, err)
	}
	return c, nil
}

// ReadCertificates reads YAML that says whom certificates are about: a list of
// which the first that has a certificate's name counts.
func ReadCertificates(text []byte) (*Certificates, error) {
	var all []written
	if err := yaml.UnmarshalWithOptions(text, &all, yaml.DisallowUnknownField()); err != nil {
		return nil, err
	}
	var given []map[string]any
	if err := yaml.Unmarshal(text, &given); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("it names nobody")
	}
	c := &Certificates{}
	for i, w := range all {
		if _, narrowed := given[i]["pipelines"]; narrowed && len(w.Pipelines) == 0 {
			return nil, fmt.Errorf("entry %d: its list of pipelines is empty: leave it out for all of them", i+1)
		}
		e, err := w.read()
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if slices.ContainsFunc(c.entries, func(other entry) bool { return other.name == e.name }) {
			return nil, fmt.Errorf("entry %d: %s stands above already", i+1, e.name)
		}
		c.entries = append(c.entries, e)
	}
	return c, nil
}

func (w written) read() (e entry, err error) {
	if e.name, e.of, err = w.subject(); err != nil {
		return e, err
	}
	for _, name := range w.Roles {
		role, err := auth.ParseRole(name)
		if err != nil {
			return e, err
		}
		e.scopes |= role.Scopes()
	}
	for _, name := range w.Scopes {
		scope, err := auth.ParseScope(name)
		if err != nil {
			return e, err
		}
		e.scopes |= scope
	}
	if e.scopes == 0 {
		return e, errors.New("it has neither roles nor scopes")
	}
	e.reach, err = pipeline.ParseReach(w.Pipelines)
	return e, err
}

// subject returns the name of those that an entry is of, and which they are.
func (w written) subject() (name string, of func(*x509.Certificate) bool, err error) {
	given := 0
	for _, text := range []string{w.CommonName, w.URI, w.SHA256} {
		if text != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return "", nil, errors.New("it has one of common-name, uri and sha256")
	case w.CommonName != "":
		return "CN=" + w.CommonName, func(c *x509.Certificate) bool { return commonName(c) == w.CommonName }, nil
	case w.URI != "":
		return w.URI, func(c *x509.Certificate) bool {
			return len(c.URIs) == 1 && c.URIs[0].String() == w.URI // SPIFFE's rule: one that has two has none
		}, nil
	}
	sum, err := hex.DecodeString(strings.ReplaceAll(w.SHA256, ":", ""))
	if err != nil || len(sum) != sha256.Size {
		return "", nil, errors.New("its sha256 is not one of 32 bytes in hexadecimal")
	}
	want := [sha256.Size]byte(sum)
	return "sha256:" + hex.EncodeToString(sum), func(c *x509.Certificate) bool { return sha256.Sum256(c.Raw) == want }, nil
}

// principal returns whom the certificate of a connection is about, or nil. One
// that has been verified and stands in no entry is no credential.
func (c *Certificates) principal(connection *tls.ConnectionState, now time.Time) *auth.Principal {
	if c == nil || connection == nil || len(connection.VerifiedChains) == 0 {
		return nil
	}
	leaf := connection.VerifiedChains[0][0]
	i := slices.IndexFunc(c.entries, func(e entry) bool { return e.of(leaf) })
	if i < 0 {
		return nil
	}
	e := c.entries[i]
	p := &auth.Principal{Name: "certificate|" + e.name, Kind: auth.Certificate, Scopes: e.scopes, Reach: e.reach, Expires: latest(connection.VerifiedChains)}
	if c.Authorities != nil {
		found := c.trust.check(connection.PeerCertificates, c.Authorities(), now)
		if found == nil {
			return nil
		}
		p.Expires, p.Revoked = found.until, found.revoked
	}
	if !now.Before(p.Expires) { // while the connection stayed
		return nil
	}
	return p
}

var commonNameType = asn1.ObjectIdentifier{2, 5, 4, 3}

// commonName returns the one in the subject of a certificate: none where there are
// two, of which others may take the first and crypto/x509 takes the last.
func commonName(c *x509.Certificate) string {
	several := 0
	for _, attribute := range c.Subject.Names {
		if attribute.Type.Equal(commonNameType) {
			several++
		}
	}
	if several != 1 {
		return ""
	}
	return c.Subject.CommonName
}
