package main

import (
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// An issuer publishes the keys of tokens, and signs them.
type issuer struct {
	*testing.T
	url string
	key ed25519.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{T: t, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.url, "jwks_uri": i.url + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{KeyID: "1", Algorithm: "EdDSA", Use: "sig", Key: public}}})
	})
	server := httptest.NewUnstartedServer(mux)
	i.url = "http://" + server.Listener.Addr().String()
	server.Start()
	t.Cleanup(server.Close)
	return i
}

// token returns one that is good for a time.
func (i *issuer) token(role string, lifetime time.Duration) string {
	i.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{KeyID: "1", Key: i.key}}, nil)
	if err != nil {
		i.Fatal(err)
	}
	claims, err := json.Marshal(map[string]any{"iss": i.url, "aud": "barograph", "sub": "ada", "roles": role, "exp": time.Now().Add(lifetime).Unix()})
	if err != nil {
		i.Fatal(err)
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		i.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		i.Fatal(err)
	}
	return text
}

// get asks a gateway for a path, and returns the status, a header and the body.
func (g *gateway) get(t *testing.T, path, authorization, header string) (status int, value, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	var text strings.Builder
	if _, err := io.Copy(&text, res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, strings.Join(res.Header.Values(header), ", "), text.String()
}

const (
	aCity      = "/graphql?query=%7Bcity(name%3A%22Oslo%22)%7Bname%7D%7D"
	theSchema  = "/graphql?query=%7B__schema%7BqueryType%7Bname%7D%7D%7D"
	allRecords = "/graphql?query=%7Brecords%7BtotalCount%7D%7D"
	notLetIn   = `"code":"UNAUTHENTICATED"`
	notAllowed = `"code":"FORBIDDEN"`
)

func TestServeLetsInWhoeverHasAGoodToken(t *testing.T) {
	t.Parallel()
	from := newIssuer(t)
	g := observed(t, "--jwt-issuers", from.url, "--jwt-audiences", "barograph")
	token := "Bearer " + from.token("viewer", time.Hour)
	for name, c := range map[string]struct {
		path, authorization string
		status              int
		header, value, body string
	}{
		"a viewer":              {aCity, token, 200, "Cache-Control", "max-age=86400, private", `"Oslo"`},
		"caches between":        {aCity, token, 200, "Vary", "Authorization, X-API-Key, Accept, Accept-Encoding", `"Oslo"`},
		"nobody":                {aCity, "", 401, "WWW-Authenticate", `Bearer realm="barograph"`, notLetIn},
		"somebody else":         {aCity, "Bearer " + newIssuer(t).token("admin", time.Hour), 401, "WWW-Authenticate", `Bearer realm="barograph", error="invalid_token"`, notLetIn},
		"an expired token":      {aCity, "Bearer " + from.token("admin", -time.Minute), 401, "Cache-Control", "no-store", "has expired"},
		"a producer":            {allRecords, "Bearer " + from.token("producer", time.Hour), 200, "Cache-Control", "no-store", notAllowed},
		"nobody with a message": {"/ingest/default", "", 401, "WWW-Authenticate", `Bearer realm="barograph"`, notLetIn},
		"introspection":         {theSchema, token, 200, "Cache-Control", "no-store", "errors"},
		"the schema's text":     {"/schema.graphql", token, 404, "", "", ""},
		"the playground":        {"/", "", 404, "", "", ""},
		"a probe":               {"/readyz", "", 200, "", "", "ready"},
	} {
		status, value, body := g.get(t, c.path, c.authorization, c.header)
		if status != c.status || value != c.value || !strings.Contains(body, c.body) {
			t.Errorf("%s: %d, %s: %q and %.300s; want %d, %q and %s", name, status, c.header, value, body, c.status, c.value, c.body)
		}
	}
	_, metrics := get(t, g.admin(t)+"/metrics")
	for _, want := range []string{
		`barograph_auth_authentications_total{kind="token",outcome="accepted"} 4`, `barograph_auth_authentications_total{kind="token",outcome="refused"} 2`,
		`barograph_auth_authentications_total{kind="nobody",outcome="absent"} 2`, `barograph_auth_key_fetches_total{issuer="` + from.url + `",outcome="done"} 1`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if log := g.out.String(); !strings.Contains(log, from.url+"|ada") || strings.Contains(log, token[len("Bearer "):]) {
		t.Errorf("the log names the principal and no token: %s", log)
	}
	if !strings.Contains(g.out.String(), "Access    whoever has a credential") {
		t.Errorf("it announces %s", g.out)
	}
}

func TestServeAsksForCredentialsOnRequest(t *testing.T) {
	t.Parallel()
	data := filepath.Join(tempDir(t), "data")
	g := serve(t, data, "--require-authentication", "--playground", "on", "--introspection", "on")
	for path, want := range map[string]int{aCity: 401, "/": 200, "/schema.graphql": 401, "/healthz": 200} {
		if got, _, _ := g.get(t, path, "", ""); got != want {
			t.Errorf("GET %s: %d, want %d", path, got, want)
		}
	}
	key, _ := runs(t, "keys", "create", "--name", "reader", "--role", "viewer", "--data-dir", data)
	status, vary, body := g.get(t, "/schema.graphql", "Bearer "+strings.TrimSpace(key), "Vary")
	if status != http.StatusOK || vary != "Authorization, X-API-Key, Accept-Encoding" || body != schema {
		t.Errorf("with a key, the schema's text is %d, Vary: %q, %.100s", status, vary, body)
	}
}

// A160.
func TestServeRefusesToServeOthersUntilItIsToldWhoTheyAre(t *testing.T) {
	t.Parallel()
	data := filepath.Join(tempDir(t), "data")
	g := launch(t, command(t, "--listen", "0.0.0.0:0", "--data-dir", data, "--weather", "simulator"))
	<-g.exited
	for _, want := range []string{"refusing to serve", "--jwt-issuers", "--listen=127.0.0.1", "--dangerously-serve-everyone-as-admin"} {
		if !strings.Contains(g.out.String(), want) {
			t.Errorf("it prints %q, want %s", g.out, want)
		}
	}
	if code := g.cmd.ProcessState.ExitCode(); code == 0 {
		t.Error("it ends as if all were well")
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("it has begun to work")
	}
}

func TestServeSaysWhatIsWrongWithItsAuthentication(t *testing.T) {
	t.Parallel()
	for want, flags := range map[string][]string{
		"needs --jwt-audiences": {"--jwt-issuers=https://issuer.example"},
		"need --jwt-issuers":    {"--jwt-audiences=barograph"},
		"must be https":         {"--jwt-issuers=http://issuer.example", "--jwt-audiences=barograph"},
		"one URL for each":      {"--jwt-issuers=https://issuer.example", "--jwt-audiences=barograph", "--jwt-keys=https://a,https://b"},
		"does not go with":      {"--require-authentication", "--dangerously-serve-everyone-as-admin"},
		"from 0 to 5m":          {"--jwt-leeway=1h"},
		"needs --client-ca":     {"--client-principals=/nowhere.yaml"},
		"act as its visitor":    {"--client-principals=/nowhere.yaml", "--client-ca=/nowhere.crt", "--cors-origins=*"},
		"must name a claim":     {"--jwt-roles-claim="},
	} {
		g := launch(t, command(t, append(flags, "--data-dir", filepath.Join(tempDir(t), "data"))...))
		<-g.exited
		if !strings.Contains(g.out.String(), want) || g.cmd.ProcessState.ExitCode() == 0 {
			t.Errorf("with %q it prints %s, want %q", flags, g.out, want)
		}
	}
}
