package door_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"barograph/auth"
	"barograph/auth/door"
	"barograph/internal/fault"
	"barograph/pipeline"
)

var (
	ada   = &auth.Principal{Name: "ada", Kind: auth.Token, Scopes: auth.Viewer.Scopes()}
	grace = &auth.Principal{Name: "grace", Kind: auth.Key, Scopes: auth.Admin.Scopes()}
)

// Known are credentials that are good.
type known map[string]*auth.Principal

func (k known) Principal(_ context.Context, text string) (*auth.Principal, error) {
	if text == "away" {
		return nil, fault.New(fault.Unavailable, "nobody is there").After(2 * time.Second)
	}
	if p := k[text]; p != nil {
		return p, nil
	}
	return nil, fault.New(fault.Unauthenticated, "the credential is no good")
}

const certified = `
- common-name: sensor
  roles: [producer]
  scopes:
    - weather:read
  pipelines: [eu-*]
`

func config(t *testing.T) door.Config {
	t.Helper()
	certificates, err := door.ReadCertificates([]byte(certified))
	if err != nil {
		t.Fatal(err)
	}
	narrow, err := pipeline.ParseReach([]string{"eu-*"})
	if err != nil {
		t.Fatal(err)
	}
	return door.Config{
		Tokens: known{"a.b.c": ada, "d.e.f": {Name: "ada", Kind: auth.Token, Scopes: auth.Admin.Scopes()}, "g.h.i": {Name: "ada", Kind: auth.Token, Scopes: auth.Viewer.Scopes(), Expires: time.Now()},
			"j.k.l": {Name: "ada", Kind: auth.Token, Scopes: auth.Viewer.Scopes(), Reach: narrow}},
		Keys: known{"barograph_1": grace}, Certificates: certificates, Now: time.Now,
	}
}

// unread fails a test when somebody reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body is read")
	return 0, io.EOF
}

// An answer is what came of a request.
type answer struct {
	who    *auth.Principal // nil where it was refused
	why    *fault.Error
	header http.Header
}

// enter sends a request with headers as in "Authorization: Bearer a.b.c".
func enter(t *testing.T, config door.Config, change func(*http.Request), headers ...string) (a answer) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", unread{t})
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { a.who = auth.From(r.Context()) })
	door.New(config).Handler(next, func(_ http.ResponseWriter, _ *http.Request, why *fault.Error) { a.why = why },
		func(r *http.Request) bool { return r.Header.Get("Upgrade") != "" }).ServeHTTP(w, r)
	if (a.who == nil) == (a.why == nil) {
		t.Fatalf("it is passed on to %v, and refused for %v", a.who, a.why)
	}
	a.header = w.Header()
	return a
}

func TestACredentialSaysWhoAsks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		headers []string
		want    string
	}{
		"a token":                   {[]string{"Authorization: Bearer a.b.c"}, "ada"},
		"a token, in another case":  {[]string{"authorization: bEARER   a.b.c "}, "ada"},
		"a key":                     {[]string{"X-API-Key: barograph_1"}, "grace"},
		"a key as a bearer":         {[]string{"Authorization: Bearer barograph_1"}, "grace"},
		"the same key in both":      {[]string{"Authorization: Bearer barograph_1", "X-API-Key: barograph_1"}, "grace"},
		"the same token twice":      {[]string{"Authorization: Bearer a.b.c", "Authorization: Bearer a.b.c"}, "ada"},
		"a key and an empty header": {[]string{"Authorization: ", "X-API-Key: barograph_1"}, "grace"},
	} {
		if got := enter(t, config(t), nil, c.headers...); got.who == nil || got.who.Name != c.want {
			t.Errorf("%s is that of %+v, %v; want %s", name, got.who, got.why, c.want)
		} else if vary := got.header.Get("Vary"); vary != "Authorization, X-API-Key" {
			t.Errorf("%s: Vary is %q", name, vary)
		}
	}
}

func TestWhoeverHasNoGoodCredentialIsRefused(t *testing.T) {
	t.Parallel()
	const invalid = `Bearer realm="barograph", error="invalid_token"`
	for name, c := range map[string]struct {
		headers   []string
		query     string
		kind      fault.Kind
		challenge string
	}{
		"nothing":                       {nil, "", fault.Unauthenticated, `Bearer realm="barograph"`},
		"an empty header":               {[]string{"Authorization: "}, "", fault.Unauthenticated, `Bearer realm="barograph"`},
		"a bad token":                   {[]string{"Authorization: Bearer hunter2"}, "", fault.Unauthenticated, invalid},
		"a bad key":                     {[]string{"X-API-Key: barograph_hunter2"}, "", fault.Unauthenticated, invalid},
		"a token as a key":              {[]string{"X-API-Key: a.b.c"}, "", fault.Unauthenticated, invalid},
		"no token":                      {[]string{"Authorization: Bearer"}, "", fault.Unauthenticated, invalid},
		"two tokens in one":             {[]string{"Authorization: Bearer a.b.c a.b.c"}, "", fault.Unauthenticated, invalid},
		"a list":                        {[]string{"Authorization: Bearer a.b.c,Bearer hunter2"}, "", fault.Unauthenticated, invalid},
		"a bare token":                  {[]string{"Authorization: a.b.c"}, "", fault.Unauthenticated, invalid},
		"a password":                    {[]string{"Authorization: Basic aHVudGVyMjpodW50ZXIy"}, "", fault.Unauthenticated, invalid},
		"a token that is not ASCII":     {[]string{"Authorization: Bearer hünter2"}, "", fault.Unauthenticated, invalid},
		"two that differ":               {[]string{"Authorization: Bearer a.b.c", "X-API-Key: barograph_1"}, "", fault.BadRequest, ""},
		"two tokens":                    {[]string{"Authorization: Bearer a.b.c", "Authorization: Bearer d.e.f"}, "", fault.BadRequest, ""},
		"two keys":                      {[]string{"X-API-Key: barograph_1", "X-API-Key: barograph_2"}, "", fault.BadRequest, ""},
		"a good one and a bad one":      {[]string{"Authorization: Bearer a.b.c", "X-API-Key: hunter2"}, "", fault.Unauthenticated, invalid},
		"one that cannot be checked":    {[]string{"Authorization: Bearer away"}, "", fault.Unavailable, ""},
		"a key in the URL":              {nil, "api_key=hunter2", fault.BadRequest, ""},
		"a token in the URL":            {nil, "query=%7Ba%7D&access_token=hunter2", fault.BadRequest, ""},
		"an escaped name":               {nil, "%61pi%4bey=hunter2", fault.BadRequest, ""},
		"a key in the URL, and another": {[]string{"X-API-Key: barograph_1"}, "X-API-Key=hunter2", fault.BadRequest, ""},
		"a key as a stream's token":     {nil, "token=barograph_hunter2", fault.BadRequest, ""},
		"a token as a stream's token":   {nil, "token=eyJhbGciOiJub25lIn0.e30.", fault.BadRequest, ""},
	} {
		got := enter(t, config(t), func(r *http.Request) { r.URL.RawQuery = c.query }, c.headers...)
		if got.why == nil || got.why.Kind != c.kind || got.header.Get("WWW-Authenticate") != c.challenge {
			t.Errorf("%s: %+v, %v with %q; want %s with %q", name, got.who, got.why, got.header.Get("WWW-Authenticate"), c.kind.Code(), c.challenge)
			continue
		}
		if strings.Contains(got.why.Error(), "hunter2") {
			t.Errorf("%s: the refusal %q repeats it", name, got.why)
		}
	}
	if got := enter(t, config(t), func(r *http.Request) { r.URL.RawQuery = "token=VJ2XTZ&query={api_key}" }, "X-API-Key: barograph_1"); got.who == nil {
		t.Errorf("a stream's own token is refused: %v", got.why)
	}
}

func TestAnOpenDoorLetsInWhoeverHasNoBadCredential(t *testing.T) {
	t.Parallel()
	open := config(t)
	open.Open = true
	if got := enter(t, open, nil); got.who != auth.Anyone {
		t.Errorf("nobody is %+v, %v", got.who, got.why)
	}
	if got := enter(t, open, nil, "X-API-Key: barograph_1"); got.who != grace {
		t.Errorf("grace is %+v, %v", got.who, got.why)
	}
	if got := enter(t, open, nil, "Authorization: Bearer hunter2"); got.why == nil || got.why.Kind != fault.Unauthenticated {
		t.Errorf("a bad token is that of %+v, %v", got.who, got.why)
	}
	if got := enter(t, door.Config{Open: true, Now: time.Now}, nil, "Authorization: Bearer a.b.c"); got.why == nil || got.why.Kind != fault.Unauthenticated {
		t.Errorf("a token of nobody's is that of %+v, %v", got.who, got.why)
	}
}

func TestSomeMaySayLaterWhoTheyAre(t *testing.T) {
	t.Parallel()
	if got := enter(t, config(t), nil, "Upgrade: websocket"); got.who == nil || got.who.Kind != auth.Nobody {
		t.Errorf("a handshake is that of %+v, %v; want nobody", got.who, got.why)
	}
	if got := enter(t, config(t), nil, "Upgrade: websocket", "X-API-Key: barograph_2"); got.why == nil {
		t.Errorf("a handshake with a bad key is that of %+v", got.who)
	}
	if got := enter(t, config(t), func(r *http.Request) { r.Method = http.MethodOptions }); got.who == nil || got.who.Kind != auth.Nobody {
		t.Errorf("a question what is served is that of %+v, %v; want nobody", got.who, got.why)
	}
}

func TestACertificateIsACredential(t *testing.T) {
	t.Parallel()
	connected := func(name string, verified bool, until time.Time) func(*http.Request) {
		leaf := &x509.Certificate{Subject: subject(name), NotAfter: until}
		state := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}
		if verified {
			state.VerifiedChains = [][]*x509.Certificate{{leaf}}
		}
		return func(r *http.Request) { r.TLS = state }
	}
	later := time.Now().Add(time.Hour)
	got := enter(t, config(t), connected("sensor", true, later))
	if got.who == nil || got.who.Name != "certificate|CN=sensor" || got.who.Kind != auth.Certificate || got.who.Scopes != auth.Producer.Scopes() ||
		got.who.Reach.Everything() || !got.who.Expires.Equal(later) {
		t.Errorf("a sensor is %+v, %v", got.who, got.why)
	}
	for name, change := range map[string]func(*http.Request){
		"one that nobody verified": connected("sensor", false, later),
		"one that has expired":     connected("sensor", true, time.Now().Add(-time.Second)),
		"one of somebody else":     connected("sensors", true, later),
	} {
		if got := enter(t, config(t), change); got.why == nil || got.why.Kind != fault.Unauthenticated {
			t.Errorf("%s is that of %+v, %v", name, got.who, got.why)
		}
		if got := enter(t, config(t), change, "X-API-Key: barograph_1"); got.who != grace {
			t.Errorf("%s with a key is that of %+v, %v; want the key's", name, got.who, got.why)
		}
	}
	if got := enter(t, config(t), connected("sensor", true, later), "X-API-Key: barograph_1"); got.why == nil || got.why.Kind != fault.BadRequest {
		t.Errorf("a certificate with a key is that of %+v, %v; want BAD_REQUEST", got.who, got.why)
	}
}

func TestAConnectionSaysWhoItIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before  *auth.Principal
		payload string
		want    string
		kind    fault.Kind
	}{
		"as Apollo does":                {nil, `{"Authorization":"Bearer a.b.c"}`, "ada", 0},
		"in small letters":              {nil, `{"authorization":"Bearer a.b.c","more":[1]}`, "ada", 0},
		"by headers":                    {nil, `{"headers":{"Authorization":"Bearer a.b.c","more":[1]}}`, "ada", 0},
		"by a key":                      {nil, `{"X-API-Key":"barograph_1"}`, "grace", 0},
		"by a key in small letters":     {nil, `{"x-api-key":"barograph_1"}`, "grace", 0},
		"as before":                     {grace, ``, "grace", 0},
		"as before, with a payload":     {grace, `{"Authorization":null}`, "grace", 0},
		"as before, by a newer one":     {ada, `{"Authorization":"Bearer g.h.i"}`, "ada", 0},
		"a developer, by a key":         {auth.Anyone, `{"X-API-Key":"barograph_1"}`, "grace", 0},
		"a developer":                   {auth.Anyone, `{"token":"x"}`, "developer", 0},
		"nobody":                        {nil, ``, "", fault.Unauthenticated},
		"nobody, with a payload":        {nil, `{"Authorization":""}`, "", fault.Unauthenticated},
		"by a bad token":                {nil, `{"Authorization":"Bearer hunter2"}`, "", fault.Unauthenticated},
		"by a bad token, a developer":   {auth.Anyone, `{"Authorization":"Bearer hunter2"}`, "", fault.Unauthenticated},
		"by a bare token":               {nil, `{"Authorization":"a.b.c"}`, "", fault.Unauthenticated},
		"by a number":                   {nil, `{"Authorization":7}`, "", fault.Unauthenticated},
		"by a list":                     {nil, `{"Authorization":["Bearer a.b.c"]}`, "", fault.Unauthenticated},
		"by headers that are none":      {nil, `{"headers":"hunter2"}`, "", fault.Unauthenticated},
		"by two that differ":            {nil, `{"Authorization":"Bearer a.b.c","headers":{"X-API-Key":"barograph_1"}}`, "", fault.BadRequest},
		"by two spellings":              {nil, `{"Authorization":"Bearer a.b.c","authorization":"Bearer d.e.f"}`, "", fault.BadRequest},
		"otherwise than before":         {grace, `{"Authorization":"Bearer a.b.c"}`, "", fault.BadRequest},
		"as somebody who may do more":   {ada, `{"Authorization":"Bearer d.e.f"}`, "", fault.BadRequest},
		"as somebody who reaches less":  {ada, `{"Authorization":"Bearer j.k.l"}`, "", fault.BadRequest},
		"by one that cannot be checked": {nil, `{"Authorization":"Bearer away"}`, "", fault.Unavailable},
	} {
		ctx := t.Context()
		if c.before != nil {
			ctx = auth.With(ctx, c.before)
		}
		p, err := door.New(config(t)).Init(ctx, []byte(c.payload))
		if c.want != "" {
			if err != nil || p.Name != c.want {
				t.Errorf("%s: %+v, %v; want %s", name, p, err, c.want)
			}
			continue
		}
		if p != nil || fault.KindOf(err) != c.kind || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %+v, %v; want %s", name, p, err, c.kind.Code())
		}
	}
}

// Whatever headers and URL say, there is one principal or one refusal.
func FuzzRequest(f *testing.F) {
	f.Add("Bearer a.b.c", "barograph_1", "token=x", `{"headers":{"Authorization":"Bearer a.b.c"}}`)
	f.Add("Basic x", "", "api_key=x", `{"authorization":null}`)
	f.Add("", "barograph_", "%zz=%", `[]`)
	d := door.New(door.Config{Tokens: known{"a.b.c": ada}, Keys: known{"barograph_1": grace}, Now: time.Now})
	f.Fuzz(func(t *testing.T, authorization, key, query, payload string) {
		r := httptest.NewRequest(http.MethodPost, "/graphql", http.NoBody)
		r.Header["Authorization"], r.Header["X-Api-Key"] = []string{authorization}, []string{key}
		r.URL = &url.URL{Path: "/graphql", RawQuery: query}
		calls := 0
		next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			calls++
			switch p := auth.From(r.Context()); {
			case p == ada && strings.HasSuffix(strings.TrimSpace(authorization), "a.b.c") && strings.TrimSpace(key) == "":
			case p == grace && strings.Contains(authorization+key, "barograph_1"):
			default:
				t.Errorf("%q and %q are let in as %+v", authorization, key, p)
			}
		})
		d.Handler(next, func(http.ResponseWriter, *http.Request, *fault.Error) { calls++ }, nil).ServeHTTP(httptest.NewRecorder(), r)
		if calls != 1 {
			t.Errorf("%q and %q are answered %d times", authorization, key, calls)
		}
		if p, err := d.Init(t.Context(), []byte(payload)); (p == nil) == (err == nil) {
			t.Errorf("%q is of %v, %v", payload, p, err)
		} else if p != nil && !json.Valid([]byte(payload)) {
			t.Errorf("%q is no JSON, and of %v", payload, p)
		}
	})
}

func TestFilesOfCertificatesSayWhatIsWrongWithThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                  "names nobody",
		"[]":                "names nobody",
		"hunter2":           "",
		"- roles: [viewer]": "entry 1: it has one of",
		"- {common-name: a, uri: 'spiffe://a', roles: [viewer]}": "entry 1: it has one of",
		"- {common-name: a}":                                                      "neither roles nor scopes",
		"- {common-name: a, roles: [root]}":                                       "no role",
		"- {common-name: a, scopes: ['*']}":                                       "no scope",
		"- {common-name: a, roles: [viewer], pipelines: []}":                      "its list of pipelines is empty",
		"- {common-name: a, roles: [viewer], pipelines: }":                        "its list of pipelines is empty",
		"- {common-name: a, roles: [viewer], pipelines: ['*-a']}":                 "neither the name of a pipeline",
		"- {common-name: a, roles: [viewer], role: admin}":                        "unknown field",
		"- {sha256: 'ab:cd', roles: [viewer]}":                                    "32 bytes",
		"- {common-name: a, roles: [viewer]}\n- {common-name: a, roles: [admin]}": "entry 2: CN=a stands above",
	} {
		if _, err := door.ReadCertificates([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := door.OpenCertificates("/nowhere.yaml"); err == nil || errors.Unwrap(err) == nil {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestACertificateIsKnownByItsURIAndByItsHash(t *testing.T) {
	t.Parallel()
	leaf := func(uris ...string) *x509.Certificate {
		c := &x509.Certificate{Raw: []byte("a certificate"), NotAfter: time.Now().Add(time.Hour)}
		for _, text := range uris {
			u, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			c.URIs = append(c.URIs, u)
		}
		return c
	}
	const (
		byURI  = "- {uri: 'spiffe://example/a', scopes: ['audit:read']}"
		byHash = "- {sha256: 'D0:35:1D:7C:05:F9:A8:0C:5A:CF:A8:AB:A2:A3:F0:3A:A5:A0:A0:3C:9B:7F:1B:A3:5D:E0:9F:8D:3D:7F:5F:5B', roles: [viewer]}"
	)
	sum := sha256.Sum256([]byte("a certificate"))
	for name, c := range map[string]struct {
		text string
		leaf *x509.Certificate
		want string
	}{
		"its URI":              {byURI, leaf("spiffe://example/a"), "certificate|spiffe://example/a"},
		"another URI":          {byURI, leaf("spiffe://example/b"), ""},
		"two URIs":             {byURI, leaf("spiffe://example/a", "spiffe://example/b"), ""},
		"its hash":             {fmt.Sprintf("- {sha256: '%X', roles: [viewer]}", sum), leaf(), fmt.Sprintf("certificate|sha256:%x", sum)},
		"another hash":         {byHash, leaf(), ""},
		"the first that is it": {byURI + "\n" + fmt.Sprintf("- {sha256: '%x', roles: [admin]}", sum), leaf("spiffe://example/a"), "certificate|spiffe://example/a"},
	} {
		certificates, err := door.ReadCertificates([]byte(c.text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := enter(t, door.Config{Certificates: certificates, Now: time.Now}, func(r *http.Request) {
			r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{c.leaf}}}
		})
		if (got.who == nil) != (c.want == "") || got.who != nil && got.who.Name != c.want {
			t.Errorf("%s: %+v, %v; want %q", name, got.who, got.why, c.want)
		}
	}
}
