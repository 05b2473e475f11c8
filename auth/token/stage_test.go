package token_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"barograph/auth"
	"barograph/auth/token"
	"barograph/internal/fault"
)

const (
	issuerName = "https://issuer.example"
	keysPlace  = issuerName + "/keys"
)

// Keys take long to make, and are not changed.
var (
	rsaKey     = sync.OnceValue(func() *rsa.PrivateKey { k, _ := rsa.GenerateKey(rand.Reader, 2048); return k })
	otherRSA   = sync.OnceValue(func() *rsa.PrivateKey { k, _ := rsa.GenerateKey(rand.Reader, 2048); return k })
	ecKey      = sync.OnceValue(func() *ecdsa.PrivateKey { k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader); return k })
	edwardsKey = sync.OnceValue(func() ed25519.PrivateKey { _, k, _ := ed25519.GenerateKey(rand.Reader); return k })
)

// An issuer answers for the web, as a transport of a client.
type issuer struct {
	mu     sync.Mutex
	answer func(*http.Request) (int, string) // guarded by mu
	asked  []string                          // guarded by mu: which paths
}

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = append(i.asked, r.URL.String())
	status, body := i.answer(r)
	if status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	header := http.Header{}
	if status == http.StatusFound {
		header.Set("Location", body)
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// answers makes it answer everything so from now on.
func (i *issuer) answers(status int, body string) {
	i.does(func(*http.Request) (int, string) { return status, body })
}

func (i *issuer) does(answer func(*http.Request) (int, string)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

func (i *issuer) calls() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.asked)
}

// A stage is a verifier that runs, in a bubble of time.
type stage struct {
	*testing.T
	issuer   *issuer
	verifier *token.Verifier
	log      *bytes.Buffer
}

// on runs a test on a stage whose issuer has the keys.
func on(t *testing.T, keys string, test func(*stage), changes ...func(*token.Config)) {
	t.Helper()
	rsaKey() // outside, where time passes
	otherRSA()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, issuer: &issuer{}, log: &bytes.Buffer{}}
		s.issuer.answers(http.StatusOK, keys)
		config := token.Config{
			Issuers: []token.Issuer{{Name: issuerName, JWKS: keysPlace}}, Audiences: []string{"barograph"}, Leeway: 30 * time.Second,
			Transport: s.issuer, Now: time.Now, Logger: slog.New(slog.NewTextHandler(s.log, nil)),
		}
		for _, change := range changes {
			change(&config)
		}
		var err error
		if s.verifier, err = token.New(config); err != nil {
			t.Fatal(err)
		}
		over := make(chan error)
		go func() { over <- s.verifier.Run(t.Context()) }()
		t.Cleanup(func() {
			if err := <-over; err != nil {
				t.Error(err)
			}
		})
		test(s)
	})
}

// jwks returns a set of keys, each a public key or what it is in JSON.
func jwks(keys ...any) string {
	var all []json.RawMessage
	for _, k := range keys {
		switch k := k.(type) {
		case jose.JSONWebKey:
			text, err := k.MarshalJSON()
			if err != nil {
				panic(err)
			}
			all = append(all, text)
		case string:
			all = append(all, json.RawMessage(k))
		}
	}
	text, err := json.Marshal(map[string]any{"keys": all})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func public(id string, method jose.SignatureAlgorithm, key crypto.Signer) jose.JSONWebKey {
	return jose.JSONWebKey{KeyID: id, Algorithm: string(method), Use: "sig", Key: key.Public()}
}

// claims are those of a good token, with some changed; nil takes one away.
func claims(changes map[string]any) string {
	all := map[string]any{
		"iss": issuerName, "aud": "barograph", "sub": "ada", "exp": time.Now().Add(time.Hour).Unix(), "roles": []string{"viewer"},
	}
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// sign signs a payload, with more in its header.
func sign(t testing.TB, method jose.SignatureAlgorithm, key any, payload string, header map[string]any) string {
	t.Helper()
	options := &jose.SignerOptions{}
	for name, value := range header {
		options = options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: method, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var ofFirst = map[string]any{"kid": "first"}

// token returns one signed with the first key.
func (s *stage) token(changes map[string]any) string {
	s.Helper()
	return sign(s, jose.RS256, rsaKey(), claims(changes), ofFirst)
}

func (s *stage) accepts(name, text string) *auth.Principal {
	s.Helper()
	p, err := s.verifier.Principal(s.Context(), text)
	if err != nil {
		s.Errorf("%s is refused: %v", name, err)
		return &auth.Principal{}
	}
	return p
}

// refuses checks that a token is no good, and that nothing of it is repeated.
func (s *stage) refuses(name, text string) {
	s.Helper()
	p, err := s.verifier.Principal(s.Context(), text)
	if fault.KindOf(err) != fault.Unauthenticated {
		s.Errorf("%s: %v, %v; want UNAUTHENTICATED", name, p, err)
		return
	}
	for _, echo := range []string{"hunter2", "eyJ"} {
		if strings.Contains(err.Error(), echo) {
			s.Errorf("%s: the error %q repeats it", name, err)
		}
	}
}
