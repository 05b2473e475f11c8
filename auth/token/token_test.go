package token_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"barograph/auth"
	"barograph/auth/token"
	"barograph/internal/fault"
)

// signByHand signs as RS256, whatever the header says.
func signByHand(header, payload string) string {
	text := encode(header) + "." + encode(payload)
	sum := sha256.Sum256([]byte(text))
	return text + "." + encode(string(must(rsa.SignPKCS1v15(rand.Reader, rsaKey(), crypto.SHA256, sum[:]))))
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func TestATokenSaysWhoAsksAndWhatTheyMay(t *testing.T) {
	t.Parallel()
	on(t, jwks(public("first", jose.RS256, rsaKey())), func(s *stage) {
		p := s.accepts("a viewer's", s.token(nil))
		if p.Name != issuerName+"|ada" || p.Kind != auth.Token || p.Scopes != auth.Viewer.Scopes() || !p.Reach.Everything() {
			s.Errorf("it is about %+v", p)
		}
		if left := time.Until(p.Expires); left != time.Hour+30*time.Second {
			s.Errorf("it is good for %v, want an hour and the leeway", left)
		}
		for name, c := range map[string]struct {
			claims map[string]any
			scopes string
			reach  string
		}{
			"no roles":               {map[string]any{"roles": nil}, "", ""},
			"a role in a string":     {map[string]any{"roles": "producer"}, "weather:read payloads:write", ""},
			"roles together":         {map[string]any{"roles": "producer viewer"}, "weather:read records:read payloads:write", ""},
			"unknown roles":          {map[string]any{"roles": []string{"root", "Admin", "admin ", ""}}, "", ""},
			"scopes in a string":     {map[string]any{"roles": nil, "scope": "openid weather:read keys:write"}, "weather:read keys:write", ""},
			"scopes in a list":       {map[string]any{"roles": nil, "scp": []string{"audit:read"}}, "audit:read", ""},
			"pipelines":              {map[string]any{"roles": nil, "barograph_pipelines": []string{"orders", "eu-*"}}, "", "eu-* orders"},
			"several audiences":      {map[string]any{"roles": nil, "aud": []string{"other", "barograph"}}, "", ""},
			"a fraction of a second": {map[string]any{"roles": nil, "exp": float64(time.Now().Unix()) + 0.5}, "", ""},
		} {
			p := s.accepts(name, s.token(c.claims))
			if p.Scopes.String() != c.scopes || strings.Join(p.Reach.Patterns(), " ") != c.reach {
				s.Errorf("%s: it allows %q with %q, want %q with %q", name, p.Scopes, p.Reach.Patterns(), c.scopes, c.reach)
			}
		}
	})
}

func TestRolesAreWhereTheSettingsSay(t *testing.T) {
	t.Parallel()
	for name, claims := range map[string]map[string]any{
		"realm_access.roles":         {"realm_access": map[string]any{"roles": []string{"admin"}}},
		"https://app.example/roles":  {"https://app.example/roles": []string{"admin"}},
		"a.b":                        {"a.b": "admin", "a": map[string]any{"b": "viewer"}},
		"https://app.example/a.of.b": {"https://app": map[string]any{"example/a": map[string]any{"of": map[string]any{"b": "admin"}}}},
	} {
		on(t, jwks(public("first", jose.RS256, rsaKey())), func(s *stage) {
			if p := s.accepts(name, s.token(claims)); p.Scopes != auth.All {
				s.Errorf("by %s it allows %q, want all", name, p.Scopes)
			}
		}, func(c *token.Config) { c.RolesClaim = name })
	}
}

func TestEveryAsymmetricMethodIsGood(t *testing.T) {
	t.Parallel()
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	for method, key := range map[jose.SignatureAlgorithm]crypto.Signer{
		jose.RS256: rsaKey(), jose.RS384: rsaKey(), jose.RS512: rsaKey(), jose.PS256: rsaKey(), jose.PS384: rsaKey(), jose.PS512: rsaKey(),
		jose.ES256: ecKey(), jose.ES384: p384, jose.ES512: p521, jose.EdDSA: edwardsKey(),
	} {
		on(t, jwks(public("first", method, key)), func(s *stage) {
			s.accepts(string(method), sign(s, method, key, claims(nil), ofFirst))
		})
	}
}

// What is tried on whoever verifies tokens: RFC 8725, and A133 to A144.
func TestTokensThatConfuseAreRefused(t *testing.T) {
	t.Parallel()
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(rsaKey().Public()))})
	symmetric := []byte("hunter2hunter2hunter2hunter2hunter2")
	set := jwks(public("first", jose.RS256, rsaKey()), public("ec", "", ecKey()), public("rsa", "", otherRSA()),
		jose.JSONWebKey{KeyID: "oct", Algorithm: "HS256", Key: symmetric},
		jose.JSONWebKey{KeyID: "enc", Algorithm: "RS256", Use: "enc", Key: otherRSA().Public()},
		jose.JSONWebKey{KeyID: "private", Algorithm: "RS256", Use: "sig", Key: otherRSA()},
		strings.Replace(string(must(public("signs", "RS256", otherRSA()).MarshalJSON())), "{", `{"key_ops":["sign"],`, 1))
	hs256 := func(header, key string) string {
		text := encode(header) + "." + encode(claims(nil))
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(text))
		return text + "." + encode(string(mac.Sum(nil)))
	}
	on(t, set, func(s *stage) {
		good := s.token(nil)
		s.accepts("a good one", good)
		parts := strings.Split(good, ".")
		otherClaims := encode(claims(map[string]any{"sub": "hunter2", "roles": "admin"}))
		head := func(header string) string { return signByHand(header, claims(nil)) }
		s.accepts("one signed by hand", head(`{"alg":"RS256","kid":"first"}`))
		own := func(header map[string]any) string { return sign(s, jose.RS256, rsaKey(), claims(nil), header) }
		jwk := jose.JSONWebKey{Key: otherRSA().Public()}
		for name, text := range map[string]string{
			"nothing":                            "",
			"a word":                             "hunter2",
			"dots":                               "..",
			"two parts":                          parts[0] + "." + parts[1],
			"four parts":                         good + ".",
			"a stripped signature":               parts[0] + "." + parts[1] + ".",
			"other claims":                       parts[0] + "." + otherClaims + "." + parts[2],
			"another signature":                  parts[0] + "." + parts[1] + "." + encode("hunter2"),
			"a changed signature":                good[:len(good)-10] + "AAAAAAAAAA",
			"alg none":                           encode(`{"alg":"none","kid":"first"}`) + "." + parts[1] + ".",
			"alg None, with a signature":         head(`{"alg":"None","kid":"first"}`),
			"no alg":                             head(`{"kid":"first"}`),
			"an alg that is none":                head(`{"alg":7,"kid":"first"}`),
			"alg in another case":                head(`{"Alg":"RS256","kid":"first"}`),
			"HS256 with the public key":          hs256(`{"alg":"HS256","kid":"first"}`, string(pemKey)),
			"HS256 with the symmetric key":       hs256(`{"alg":"HS256","kid":"oct"}`, string(symmetric)),
			"HS256 with an empty key":            hs256(`{"alg":"HS256","kid":"../../dev/null"}`, ""),
			"PS256 with the key for RS256":       sign(s, jose.PS256, rsaKey(), claims(nil), ofFirst),
			"RS512 with the key for RS256":       sign(s, jose.RS512, rsaKey(), claims(nil), ofFirst),
			"PS256 with a key that does not say": sign(s, jose.PS256, otherRSA(), claims(nil), map[string]any{"kid": "rsa"}),
			"RS256 with an elliptic key":         sign(s, jose.RS256, otherRSA(), claims(nil), map[string]any{"kid": "ec"}),
			"a key for encryption":               sign(s, jose.RS256, otherRSA(), claims(nil), map[string]any{"kid": "enc"}),
			"a key that nobody should see":       sign(s, jose.RS256, otherRSA(), claims(nil), map[string]any{"kid": "private"}),
			"a key that only signs":              sign(s, jose.RS256, otherRSA(), claims(nil), map[string]any{"kid": "signs"}),
			"another's key":                      sign(s, jose.RS256, otherRSA(), claims(nil), ofFirst),
			"no kid":                             own(nil),
			"an empty kid":                       own(map[string]any{"kid": ""}),
			"a kid that is a path":               own(map[string]any{"kid": "../../../dev/null"}),
			"a kid that is SQL":                  own(map[string]any{"kid": "x' union select 'hunter2"}),
			"a kid that is a number":             own(map[string]any{"kid": 7}),
			"its own key":                        sign(s, jose.RS256, otherRSA(), claims(nil), map[string]any{"kid": "hunter2", "jwk": jwk}),
			"its own key's place":                sign(s, jose.RS256, otherRSA(), claims(nil), map[string]any{"kid": "first", "jku": "https://evil.example/keys"}),
			"its own certificate's place":        sign(s, jose.RS256, otherRSA(), claims(nil), map[string]any{"kid": "first", "x5u": "https://evil.example/keys"}),
			"crit":                               head(`{"alg":"RS256","kid":"first","crit":["hunter2"],"hunter2":true}`),
			"crit of b64":                        head(`{"alg":"RS256","kid":"first","crit":["b64"],"b64":true}`),
			"the type of a logout":               own(map[string]any{"kid": "first", "typ": "logout+jwt"}),
			"a type that is none":                own(map[string]any{"kid": "first", "typ": 7}),
			"alg twice":                          head(`{"alg":"RS256","alg":"none","kid":"first"}`),
			"a line break":                       parts[0] + ".\n" + parts[1] + "." + parts[2],
			"padding":                            parts[0] + "." + parts[1] + "=." + parts[2],
			"a header of an array":               head(`["hunter2"]`),
			"a header of null":                   head(`null`),
			"claims of a string":                 sign(s, jose.RS256, rsaKey(), `"hunter2"`, ofFirst),
			"claims that are no JSON":            sign(s, jose.RS256, rsaKey(), `hunter2`, ofFirst),
			"a header that is too long":          own(map[string]any{"kid": "first", "x": strings.Repeat("x", 4<<10)}),
			"a token that is too long":           s.token(map[string]any{"x": strings.Repeat("x", 8<<10)}),
			"roles twice":                        sign(s, jose.RS256, rsaKey(), strings.Replace(claims(nil), "{", `{"roles":"admin",`, 1), ofFirst),
			"roles twice, deep inside":           sign(s, jose.RS256, rsaKey(), strings.Replace(claims(nil), "{", `{"a":{"roles":"admin","roles":"viewer"},`, 1), ofFirst),
			"encrypted":                          "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..a.b.c",
			"many dots":                          strings.Repeat(".", 8000),
		} {
			s.refuses(name, text)
		}
		if n := s.issuer.calls(); n > 2 {
			s.Errorf("the issuer was asked %d times: %q", n, s.issuer.asked)
		}
	})
}

func TestClaimsAreWhatTheySayOrTheTokenIsRefused(t *testing.T) {
	t.Parallel()
	on(t, jwks(public("first", jose.RS256, rsaKey())), func(s *stage) {
		at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
		for name, c := range map[string]map[string]any{
			"expired":                     {"exp": at(-30 * time.Second)},
			"long expired":                {"exp": 0},
			"no exp":                      {"exp": nil},
			"exp in a string":             {"exp": fmt.Sprint(at(time.Hour))},
			"exp below zero":              {"exp": -1},
			"exp beyond all times":        {"exp": 1e300},
			"not good yet":                {"nbf": at(31 * time.Second)},
			"nbf in a string":             {"nbf": "0"},
			"of the future":               {"iat": at(31 * time.Second)},
			"iat of null":                 {"iat": []any{}},
			"another issuer":              {"iss": "https://evil.example"},
			"an issuer with a slash more": {"iss": issuerName + "/"},
			"no issuer":                   {"iss": nil},
			"a list of issuers":           {"iss": []string{issuerName}},
			"another audience":            {"aud": "hunter2"},
			"an audience in another case": {"aud": "Barograph"},
			"no audience":                 {"aud": nil},
			"an empty list of audiences":  {"aud": []string{}},
			"other audiences":             {"aud": []any{"hunter2", 7, map[string]any{"barograph": true}}},
			"no subject":                  {"sub": nil},
			"an empty subject":            {"sub": ""},
			"a subject of a number":       {"sub": 7},
			"a subject with a line break": {"sub": "a\nhunter2"},
			"a subject that turns around": {"sub": "a\u202eb"},
			"a subject that is too long":  {"sub": strings.Repeat("ü", 256)},
			"roles of a number":           {"roles": 7},
			"roles of numbers":            {"roles": []int{7}},
			"roles in an object":          {"roles": map[string]any{"admin": true}},
			"scopes of a number":          {"scope": 7},
			"no pipelines":                {"barograph_pipelines": []string{}},
			"pipelines in a string":       {"barograph_pipelines": "orders"},
			"pipelines of numbers":        {"barograph_pipelines": []int{7}},
			"pipelines by no pattern":     {"barograph_pipelines": []string{"orders", "*-hunter2"}},
			"an empty pipeline":           {"barograph_pipelines": []string{""}},
		} {
			s.refuses(name, s.token(c))
		}
		null := strings.Replace(claims(nil), "{", `{"barograph_pipelines":null,`, 1)
		s.refuses("pipelines of null", sign(s, jose.RS256, rsaKey(), null, ofFirst))
		for name, c := range map[string]map[string]any{
			"expired within the leeway":      {"exp": at(-29 * time.Second)},
			"not good yet within the leeway": {"nbf": at(30 * time.Second)},
			"of a near future":               {"iat": at(30 * time.Second)},
			"a long subject":                 {"sub": strings.Repeat("ü", 255)},
		} {
			s.accepts(name, s.token(c))
		}
	})
}

// A138: the only key is meant by a token that does not say which.
func TestATokenWithoutAKeyIDIsSignedWithTheOnlyOne(t *testing.T) {
	t.Parallel()
	on(t, jwks(public("first", jose.RS256, rsaKey())), func(s *stage) {
		s.accepts("no kid", sign(s, jose.RS256, rsaKey(), claims(nil), nil))
		s.refuses("no kid, and another method", sign(s, jose.ES256, ecKey(), claims(nil), nil))
	})
}

func TestATokenThatIsRememberedExpires(t *testing.T) {
	t.Parallel()
	on(t, jwks(public("first", jose.RS256, rsaKey())), func(s *stage) {
		text := s.token(map[string]any{"exp": time.Now().Add(10 * time.Second).Unix()})
		first := s.accepts("at first", text)
		if again := s.accepts("again", text); again != first {
			s.Error("it is verified again at once")
		}
		<-time.After(39*time.Second + 999*time.Millisecond)
		s.accepts("within the leeway", text)
		<-time.After(time.Millisecond)
		s.refuses("after it", text)
	})
}

func TestIssuersThatMustNotBeAskedAreRefused(t *testing.T) {
	t.Parallel()
	for _, i := range []token.Issuer{
		{Name: ""}, {Name: "issuer.example"}, {Name: "http://issuer.example"}, {Name: "https://issuer.example?a"}, {Name: "https://issuer.example/a|b"},
		{Name: "https://user:hunter2@issuer.example"}, {Name: "file:///etc/keys"}, {Name: "http://localhost.evil.example"},
		{Name: issuerName, JWKS: "http://issuer.example/keys"}, {Name: issuerName, JWKS: "/etc/keys"},
	} {
		if _, err := token.New(token.Config{Issuers: []token.Issuer{i}, Now: time.Now}); err == nil {
			t.Errorf("%+v is accepted", i)
		}
	}
	for _, i := range []token.Issuer{{Name: issuerName + "/a"}, {Name: "http://127.0.0.1:8080"}, {Name: issuerName, JWKS: "http://localhost/keys"}} {
		if _, err := token.New(token.Config{Issuers: []token.Issuer{i}, Now: time.Now}); err != nil {
			t.Errorf("%+v: %v", i, err)
		}
	}
}

// Whatever is sent is refused, unless it is signed, and nothing panics.
func FuzzToken(f *testing.F) {
	verifier, err := token.New(token.Config{Issuers: []token.Issuer{{Name: issuerName, JWKS: keysPlace}}, Audiences: []string{"barograph"}, Now: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	good := sign(f, jose.RS256, rsaKey(), claims(nil), ofFirst)
	f.Add(good)
	f.Add(encode(`{"alg":"none"}`) + "." + encode(`{"iss":"https://issuer.example"}`) + ".")
	f.Add("..")
	f.Add(encode(`{"alg":"RS256","crit":["b64"],"b64":false}`) + "." + encode(`{}`) + "." + encode("x"))
	nobody, cancel := context.WithCancel(f.Context())
	cancel() // there are no keys, and nobody waits for them
	f.Fuzz(func(t *testing.T, text string) {
		p, err := verifier.Principal(nobody, text)
		if kind := fault.KindOf(err); p != nil || kind != fault.Unauthenticated && kind != fault.Unavailable {
			t.Errorf("%q is about %v, %v", text, p, err)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
