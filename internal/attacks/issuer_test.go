package attacks_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// An issuer publishes keys, and signs what it is told to.
type issuer struct {
	*testing.T
	url     string
	key     *rsa.PrivateKey
	fetched atomic.Int64 // how often

	mu     sync.Mutex
	status int    // guarded by mu
	answer string // guarded by mu: its keys
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{T: t, key: newKey(t)}
	i.publishes(http.StatusOK, jwks(t, i.public("first", jose.RS256)))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/openid-configuration" {
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.url, "jwks_uri": i.url + "/keys"})
			return
		}
		i.fetched.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		w.WriteHeader(i.status)
		_, _ = w.Write([]byte(i.answer)) // the gateway may have read enough
	}))
	i.url = "http://" + server.Listener.Addr().String()
	server.Start()
	t.Cleanup(server.Close)
	return i
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (i *issuer) publishes(status int, keys string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status, i.answer = status, keys
}

func (i *issuer) public(id string, method jose.SignatureAlgorithm) jose.JSONWebKey {
	return jose.JSONWebKey{KeyID: id, Algorithm: string(method), Use: "sig", Key: i.key.Public()}
}

func jwks(t *testing.T, keys ...jose.JSONWebKey) string {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// claims are those of an admin's token, with some changed; nil takes one away.
func (i *issuer) claims(changes map[string]any) string {
	all := map[string]any{
		"iss": i.url, "aud": "barograph", "sub": "mallory", "roles": []string{"admin"}, "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(all, changes)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	text, err := json.Marshal(all)
	if err != nil {
		i.Fatal(err)
	}
	return string(text)
}

// token returns a good one, but for its claims.
func (i *issuer) token(changes map[string]any) string {
	return sign(i.T, jose.RS256, i.key, `{"alg":"RS256","kid":"first"}`, i.claims(changes))
}

// sign signs by RS256 or PS256, whatever the header says.
func sign(t *testing.T, method jose.SignatureAlgorithm, key *rsa.PrivateKey, header, claims string) string {
	t.Helper()
	text := encode(header) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if method == jose.PS256 {
		signature, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encode(string(signature))
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
