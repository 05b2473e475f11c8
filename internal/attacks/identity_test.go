package attacks_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-jose/go-jose/v4"

	"barograph/internal/programtest"
)

const unauthenticated = "UNAUTHENTICATED"

// trusting starts a gateway that trusts issuers, and asks it with a token of the
// first.
func trusting(t *testing.T, issuers ...*issuer) *gateway {
	t.Helper()
	var names []string
	for _, i := range issuers {
		names = append(names, i.url)
	}
	// Each guess costs its address more than a request: that is another test's.
	g := start(t, "--address-rate=1000000", "--address-burst=10000000", "--jwt-issuers="+strings.Join(names, ","), "--jwt-audiences=barograph", "--jwt-leeway=0s")
	g.token = issuers[0].token(nil)
	return g
}

const whoAsks = `{"query":"{ __typename }"}`

// letsIn checks that a token is good.
func (g *gateway) letsIn(t *testing.T, name, token string) {
	t.Helper()
	if got := g.post(t, whoAsks, "Authorization", "Bearer "+token); got.status != http.StatusOK {
		t.Errorf("%s is answered %s, want 200", name, got)
	}
}

// keepsOut checks that a token is no good, and that the answer says so.
func (g *gateway) keepsOut(t *testing.T, name, token string) {
	t.Helper()
	got := g.post(t, whoAsks, "Authorization", "Bearer "+token)
	if got.status != http.StatusUnauthorized || !got.has(unauthenticated) || !strings.Contains(got.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("%s is answered %s with %q, want 401", name, got, got.header.Get("WWW-Authenticate"))
	}
}

// TestTokensThatConfuseAreRefused tries what is known against those who verify
// tokens: RFC 8725.
func TestTokensThatConfuseAreRefused(t *testing.T) {
	t.Parallel()
	from, other := newIssuer(t), newIssuer(t)
	public, err := x509.MarshalPKIXPublicKey(from.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	symmetric := "hunter2hunter2hunter2hunter2hunter2"
	from.publishes(http.StatusOK, jwks(t, from.public("first", jose.RS256), other.public("second", ""),
		jose.JSONWebKey{KeyID: "oct", Algorithm: "HS256", Use: "sig", Key: []byte(symmetric)}))
	hs256 := func(kid, key string) string {
		text := encode(`{"alg":"HS256","kid":"`+kid+`"}`) + "." + encode(from.claims(nil))
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(text))
		return text + "." + encode(string(mac.Sum(nil)))
	}
	by := func(header string) string { return sign(t, jose.RS256, from.key, header, from.claims(nil)) }
	g := trusting(t, from)
	g.letsIn(t, "a good token", g.token)
	refused := func(id, name string, tokens map[string]string) attack {
		return attack{id: id, name: name, run: func(t *testing.T, g *gateway) {
			for name, token := range tokens {
				g.keepsOut(t, name, token)
			}
		}}
	}
	parts := strings.Split(g.token, ".")
	const evil = "https://evil.example/keys"
	try(t, g, []attack{
		refused("A133", "JWT signature stripped", map[string]string{
			"no signature": parts[0] + "." + parts[1] + ".", "two parts": parts[0] + "." + parts[1],
			"alg none": encode(`{"alg":"none","kid":"first"}`) + "." + parts[1] + ".", "alg nOnE, signed": by(`{"alg":"nOnE","kid":"first"}`),
			"another's signature": parts[0] + "." + encode(from.claims(map[string]any{"sub": "root"})) + "." + parts[2],
		}),
		refused("A135", "HS256 with the public key", map[string]string{
			"as PEM": hs256("first", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))),
			"as DER": hs256("first", string(public)), "its modulus": hs256("first", string(from.key.N.Bytes())),
		}),
		refused("A135", "HS256 with an oct key in the JWKS", map[string]string{"its key": hs256("oct", symmetric)}),
		refused("A136", "PS256 with an RS256 key", map[string]string{
			"where the key says its method":    sign(t, jose.PS256, from.key, `{"alg":"PS256","kid":"first"}`, from.claims(nil)),
			"where the key does not say":       sign(t, jose.PS256, other.key, `{"alg":"PS256","kid":"second"}`, from.claims(nil)),
			"the header of one, signed by one": by(`{"alg":"PS256","kid":"first"}`),
		}),
		refused("A137", "kid injection", map[string]string{
			"a path": hs256("../../../../dev/null", ""), "a path, signed": by(`{"alg":"RS256","kid":"../../../../dev/null"}`),
			"SQL": by(`{"alg":"RS256","kid":"x' union select 'first"}`), "a number": by(`{"alg":"RS256","kid":7}`), "a list": by(`{"alg":"RS256","kid":["first"]}`),
			"a URL": by(`{"alg":"RS256","kid":"` + evil + `"}`),
		}),
		refused("A138", "no kid", map[string]string{"none": by(`{"alg":"RS256"}`), "an empty one": by(`{"alg":"RS256","kid":""}`), "null": by(`{"alg":"RS256","kid":null}`)}),
		refused("A137", "jku, x5u, jwk and x5c in the header", map[string]string{
			"jku": sign(t, jose.RS256, other.key, `{"alg":"RS256","kid":"first","jku":"`+other.url+`/keys"}`, from.claims(nil)),
			"x5u": sign(t, jose.RS256, other.key, `{"alg":"RS256","kid":"first","x5u":"`+other.url+`/keys"}`, from.claims(nil)),
			"jwk": sign(t, jose.RS256, other.key, `{"alg":"RS256","kid":"own","jwk":`+string(must(other.public("own", jose.RS256).MarshalJSON()))+`}`, from.claims(nil)),
		}),
		refused("A133", "unknown crit", map[string]string{
			"hunter2": by(`{"alg":"RS256","kid":"first","crit":["hunter2"],"hunter2":1}`), "b64": by(`{"alg":"RS256","kid":"first","crit":["b64"],"b64":false}`),
			"an empty list": by(`{"alg":"RS256","kid":"first","crit":[]}`),
		}),
		{id: "A141", name: "random-kid flood", run: func(t *testing.T, g *gateway) {
			for n := range 1000 {
				g.keepsOut(t, "an unknown key", by(fmt.Sprintf(`{"alg":"RS256","kid":"random-%d"}`, n)))
			}
			if n := from.fetched.Load(); n > 2 {
				t.Errorf("the keys were fetched %d times, want twice", n)
			}
			if n := other.fetched.Load(); n > 0 {
				t.Errorf("a place that a header named was asked %d times", n)
			}
			g.letsIn(t, "a good token", from.token(map[string]any{"sub": "someone"}))
		}},
		refused("A143", "clock skew and missing times", map[string]string{
			"no exp": from.token(map[string]any{"exp": nil}), "exp in a string": from.token(map[string]any{"exp": "9999999999"}),
			"expired": from.token(map[string]any{"exp": time.Now().Add(-time.Second).Unix()}), "not good yet": from.token(map[string]any{"nbf": time.Now().Add(time.Minute).Unix()}),
			"of the future": from.token(map[string]any{"iat": time.Now().Add(time.Minute).Unix()}), "exp of infinity": from.token(map[string]any{"exp": 1e300}),
		}),
		refused("A143", "wrong aud or iss", map[string]string{
			"another audience": from.token(map[string]any{"aud": "billing"}), "others": from.token(map[string]any{"aud": []string{"billing", "mail"}}), "none": from.token(map[string]any{"aud": nil}),
			"another issuer": other.token(nil), "another issuer's name": from.token(map[string]any{"iss": other.url}), "no issuer": from.token(map[string]any{"iss": nil}),
			"bound to a key": from.token(map[string]any{"cnf": map[string]any{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}),
		}),
		refused("A144", "duplicate claims", map[string]string{
			"roles":    sign(t, jose.RS256, from.key, `{"alg":"RS256","kid":"first"}`, strings.Replace(from.claims(nil), "{", `{"roles":["viewer"],`, 1)),
			"sub":      sign(t, jose.RS256, from.key, `{"alg":"RS256","kid":"first"}`, strings.Replace(from.claims(nil), "{", `{"sub":"root",`, 1)),
			"a header": by(`{"alg":"none","alg":"RS256","kid":"first"}`),
		}),
		{id: "A149", name: "API key in the URL", run: func(t *testing.T, g *gateway) {
			for _, name := range []string{"api_key", "apikey", "access_token", "X-API-Key", "authorization", "%61pi_key"} {
				got := g.send(t, http.MethodGet, g.url+"?query=%7B__typename%7D&"+name+"=barograph_hunter2", nil, nil)
				if got.status != http.StatusBadRequest || !got.has("BAD_REQUEST") || strings.Contains(got.body, "hunter2") {
					t.Errorf("%s in a URL is answered %s, want 400", name, got)
				}
			}
			got := g.send(t, http.MethodGet, g.url+"?query=%7B__typename%7D&token="+url.QueryEscape(g.token), nil, nil)
			if got.status != http.StatusBadRequest {
				t.Errorf("a token in a URL is answered %s, want 400", got)
			}
		}},
		{id: "A150", name: "two credentials", run: func(t *testing.T, g *gateway) {
			got := g.post(t, whoAsks, "X-API-Key", "barograph_hunter2")
			if got.status != http.StatusBadRequest || !got.has("BAD_REQUEST") || strings.Contains(got.body, "data") {
				t.Errorf("a token with a key is answered %s, want 400", got)
			}
		}},
		{id: "A180", name: "secrets in logs", run: func(t *testing.T, g *gateway) {
			g.post(t, whoAsks, "Authorization", "Basic aHVudGVyMjpodW50ZXIy")
			g.post(t, whoAsks, "Authorization", "", "X-API-Key", "hunter2")
			g.ask(t, `mutation { processPayload(input: { payload: { id: "a", secret: "hunter2" } }) { problems { code } } }`)
			made := g.ask(t, `mutation { createApiKey(input: { name: "ci", role: VIEWER }) { secret } }`)
			key := regexp.MustCompile(`barograph_[a-z2-7]+_([a-z2-7]+)`).FindStringSubmatch(made.body)
			if key == nil {
				t.Fatalf("no API key is made: %s", made)
			}
			for _, header := range [][2]string{{"Authorization", "Bearer " + key[0]}, {"X-API-Key", key[0]}} {
				if got := g.post(t, whoAsks, "Authorization", " ", header[0], header[1]); got.status != http.StatusOK {
					t.Errorf("with an API key as %s, it is answered %s", header[0], got)
				}
			}
			g.keepsOut(t, "an API key that is mistyped", key[0][:len(key[0])-1])
			g.send(t, http.MethodGet, g.url+"?query=%7B__typename%7D&api_key="+key[0], nil, nil)
			log := g.log.String()
			if !strings.Contains(log, from.url+"|mallory") {
				t.Error("the log does not name who asks")
			}
			for _, secret := range []string{"hunter2", "aHVudGVyMjpodW50ZXIy", parts[0], parts[1], parts[2], key[1][:len(key[1])-1]} {
				if at := strings.Index(log, secret); at >= 0 {
					t.Errorf("logged: %s", log[max(0, at-200):min(len(log), at+100)])
				}
			}
		}},
	})
}

// TestAnIssuerThatFailsKeepsNobodyOut lets issuers fail each in its own way.
func TestAnIssuerThatFailsKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	failures := map[string]struct {
		status int
		answer string
	}{
		"500": {500, ""}, "HTML": {200, "<html></html>"}, "no keys": {200, `{"keys":[]}`}, "nothing": {200, ""},
		"10 MB": {200, strings.Repeat(" ", 10<<20)}, "oct only": {200, jwks(t, jose.JSONWebKey{KeyID: "first", Key: []byte("hunter2")})},
	}
	all, byName := []*issuer{newIssuer(t)}, map[string]*issuer{}
	for name := range failures {
		byName[name] = newIssuer(t)
		all = append(all, byName[name])
	}
	g := trusting(t, all...)
	try(t, g, []attack{{id: "A146", name: "JWKS down or garbage", run: func(t *testing.T, g *gateway) {
		for name, failure := range failures {
			i := byName[name]
			g.letsIn(t, "a token before", i.token(nil))
			i.publishes(failure.status, failure.answer)
			g.keepsOut(t, "a token that makes it be asked", sign(t, jose.RS256, i.key, `{"alg":"RS256","kid":"new"}`, i.claims(nil)))
			if n := i.fetched.Load(); n < 2 {
				t.Errorf("%s: the issuer was not asked again", name)
			}
			g.letsIn(t, "a token while the issuer answers "+name, i.token(map[string]any{"sub": "new"}))
		}
	}}})
}

// TestKeysRotateUnderLoad changes an issuer's key while requests come.
func TestKeysRotateUnderLoad(t *testing.T) {
	t.Parallel()
	from := newIssuer(t)
	g := trusting(t, from)
	old, fresh := from.public("first", jose.RS256), newKey(t)
	var token atomic.Value
	token.Store(from.token(nil))
	var asking sync.WaitGroup
	var asked atomic.Int64
	over := make(chan struct{})
	for range 4 {
		asking.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				g.letsIn(t, "a good token", token.Load().(string))
				asked.Add(1)
			}
		})
	}
	more := func() { // lets some requests pass
		for until := asked.Load() + 100; asked.Load() < until; {
			<-time.After(time.Millisecond)
		}
	}
	more()
	from.publishes(http.StatusOK, jwks(t, old, jose.JSONWebKey{KeyID: "second", Algorithm: "RS256", Use: "sig", Key: fresh.Public()}))
	for n := range 5 { // at once, and each for the first time
		token.Store(sign(t, jose.RS256, fresh, `{"alg":"RS256","kid":"second"}`, from.claims(map[string]any{"n": n})))
		more()
	}
	token.Store(from.token(map[string]any{"sub": "late"})) // by the key before, which is still there
	more()
	close(over)
	asking.Wait()
	t.Logf("%d requests, and none refused", asked.Load())
}

// TestWhatIsServedEndsWithItsToken holds connections open until their tokens
// expire.
func TestWhatIsServedEndsWithItsToken(t *testing.T) {
	t.Parallel()
	from := newIssuer(t)
	g := trusting(t, from)
	const lifetime = 2 * time.Second
	short := func() (token string, until time.Time) {
		until = time.Now().Add(lifetime)
		return from.token(map[string]any{"exp": float64(until.UnixMilli()) / 1000}), until
	}
	inTime := func(t *testing.T, until time.Time) {
		t.Helper()
		if late := time.Since(until); late < -50*time.Millisecond || late > 3*time.Second {
			t.Errorf("it ends %v after the token expired", late)
		}
	}
	const document = "subscription { recordChanged { record { id } } }"
	stream := func(accept, code string) func(*testing.T, *gateway) {
		return func(t *testing.T, g *gateway) {
			token, until := short()
			got := g.post(t, fmt.Sprintf(`{"query":%q}`, document), "Accept", accept, "Authorization", "Bearer "+token)
			if got.status != http.StatusOK || !strings.Contains(got.body, code) {
				t.Errorf("it ends with %s, want %s", got, code)
			}
			inTime(t, until)
		}
	}
	try(t, g, []attack{
		{id: "A103", name: "token expires during the subscription", run: func(t *testing.T, g *gateway) {
			token, until := short()
			s := g.handshake(t, nil)
			s.send(t, `{"type":"connection_init","payload":{"Authorization":"Bearer `+token+`"}}`)
			if m, err := s.next(t); err != nil || m.Type != "connection_ack" {
				t.Fatalf("it is answered %+v, %v", m, err)
			}
			s.send(t, subscribe("1", document))
			s.awaitEvent(t, g)
			if reason := s.closes(t, 4403); reason != "Forbidden" {
				t.Errorf("it closes for %q", reason)
			}
			inTime(t, until)
		}},
		{id: "A103", name: "the same as events", run: stream("text/event-stream", unauthenticated)},
		{id: "A103", name: "the same in parts", run: stream(`multipart/mixed;boundary="graphql";subscriptionSpec=1.0`, unauthenticated)},
		{id: "A103", name: "the same with messages", run: func(t *testing.T, g *gateway) {
			token, until := short()
			body, more := io.Pipe()
			defer more.Close() //nolint:errcheck // nothing is left to do about it
			go func() { _, _ = io.WriteString(more, `{"id":"streamed"}`+"\n") }()
			got := g.send(t, http.MethodPost, strings.Replace(g.url, "/graphql", "/ingest/default", 1),
				map[string]string{"Content-Type": "application/x-ndjson", "Authorization": "Bearer " + token}, body)
			if !strings.Contains(got.body, `"accepted":1`) || !strings.Contains(got.body, unauthenticated) {
				t.Errorf("it ends with %s, want %s", got, unauthenticated)
			}
			inTime(t, until)
		}},
		{id: "A103", name: "sockets without a good token", run: func(t *testing.T, g *gateway) {
			expired := from.token(map[string]any{"exp": time.Now().Add(-time.Second).Unix()})
			for _, payload := range []string{`{}`, `null`, `{"Authorization":"Bearer ` + expired + `"}`, `{"Authorization":"` + g.token + `"}`, `{"headers":{"X-API-Key":"barograph_hunter2"}}`} {
				s := g.handshake(t, nil)
				s.send(t, `{"type":"connection_init","payload":`+payload+`}`)
				s.closes(t, 4403)
			}
			s := g.handshake(t, http.Header{"Authorization": {"Bearer " + g.token}})
			s.send(t, `{"type":"connection_init","payload":{"Authorization":"Bearer `+from.token(map[string]any{"sub": "another"})+`"}}`)
			s.closes(t, 4403)
			s = g.handshake(t, nil)
			s.send(t, subscribe("1", document))
			s.closes(t, 4401)
		}},
	})
}

// handshake opens a connection of which nothing has been said.
func (g *gateway) handshake(t *testing.T, header http.Header) *socket {
	t.Helper()
	options := &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header}
	if g.client != nil {
		options.HTTPClient = &http.Client{Transport: &http.Transport{TLSClientConfig: g.client.Clone()}}
	}
	conn, _, err := websocket.Dial(t.Context(), g.url, options) //nolint:bodyclose // the connection's
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(8 << 20)
	return &socket{conn}
}

// A160.
func TestOthersAreNotServedByDefault(t *testing.T) {
	t.Parallel()
	t.Run("A160 admin by default", func(t *testing.T) {
		t.Parallel()
		for _, listen := range []string{"0.0.0.0:0", "[::]:0", ":0"} {
			out, err := exec.CommandContext(t.Context(), programtest.Build(t), "--listen="+listen, "--admin-listen=none", "--data-dir="+t.TempDir()).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "refusing to serve") {
				t.Errorf("at %s: %v, %s; want a refusal", listen, err, out)
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
