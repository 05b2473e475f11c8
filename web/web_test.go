package web_test

import (
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/web"
)

const gzipped = "gzip, deflate, br"

// ask sends a request to a handler, with header lines as in "Accept: text/html".
func ask(handler http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	return recorder
}

// content is a response's body, unpacked if it is packed.
func content(t *testing.T, response *httptest.ResponseRecorder) string {
	t.Helper()
	body := io.Reader(response.Body)
	if response.Header().Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		body = unpacked
	}
	all, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// names are the paths of the playground's files, taken from where they are built to.
func names(t *testing.T) []string {
	t.Helper()
	paths := []string{"/"}
	files, err := filepath.Glob("playground/dist/playground/*")
	if err != nil || len(files) < 10 {
		t.Fatalf("files: %q, %v", files, err)
	}
	for _, file := range files {
		paths = append(paths, "/playground/"+strings.TrimSuffix(filepath.Base(file), ".gz"))
	}
	return paths
}

func TestEveryFileIsServedWithItsTypeAndUnderThePolicy(t *testing.T) {
	t.Parallel()
	types := map[string]string{
		"": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".ttf": "font/ttf", ".svg": "image/svg+xml", ".md": "text/plain; charset=utf-8",
	}
	playground := web.Playground()
	for _, path := range names(t) {
		response := ask(playground, http.MethodGet, path, "Accept-Encoding: "+gzipped)
		if response.Code != http.StatusOK {
			t.Errorf("GET %s = %d", path, response.Code)
		}
		for name, want := range map[string]string{
			"Content-Type":           types[filepath.Ext(path)],
			"Content-Encoding":       "gzip",
			"Cache-Control":          "no-cache",
			"Vary":                   "Accept-Encoding",
			"X-Content-Type-Options": "nosniff",
			"Referrer-Policy":        "no-referrer",
		} {
			if got := response.Header().Get(name); got != want {
				t.Errorf("GET %s: %s = %q, want %q", path, name, got, want)
			}
		}
		policy := response.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none';", "script-src 'self';", "connect-src 'self';", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("GET %s: the policy %q has no %q", path, policy, want)
			}
		}
		if len(content(t, response)) == 0 {
			t.Errorf("GET %s is empty", path)
		}
	}
}

func TestThePageLoadsOnlyWhatIsServed(t *testing.T) {
	t.Parallel()
	playground := web.Playground()
	page := content(t, ask(playground, http.MethodGet, "/"))
	references := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1)
	files := 0
	for _, reference := range references {
		path, relative := strings.CutPrefix(reference[1], "./")
		switch {
		case strings.HasPrefix(reference[1], "data:"):
		case !relative:
			t.Errorf("the page refers to %s, which does not stand beside it", reference[1])
		default:
			files++
			if response := ask(playground, http.MethodGet, "/"+path); response.Code != http.StatusOK {
				t.Errorf("GET /%s = %d", path, response.Code)
			}
		}
	}
	if files < 2 || !strings.Contains(page, "<title>Barograph</title>") {
		t.Errorf("the page has %d references, want its script and its style:\n%s", files, page)
	}
}

func TestContentIsTheSamePackedAndPlain(t *testing.T) {
	t.Parallel()
	playground := web.Playground()
	for _, path := range names(t) {
		packed := ask(playground, http.MethodGet, path, "Accept-Encoding: "+gzipped)
		plain := ask(playground, http.MethodGet, path)
		if plain.Header().Get("Content-Encoding") != "" || content(t, plain) != content(t, packed) {
			t.Errorf("GET %s: plain and packed content differ", path)
		}
		if packed.Header().Get("ETag") == plain.Header().Get("ETag") {
			t.Errorf("GET %s: both representations have the ETag %s", path, plain.Header().Get("ETag"))
		}
	}
}

func TestGzipIsSentToThoseWhoAcceptIt(t *testing.T) {
	t.Parallel()
	schema := web.Schema("type Query { a: Int }")
	for accept, want := range map[string]string{
		"gzip":                 "gzip",
		"x-gzip":               "gzip",
		"br, GZIP;q=0.5":       "gzip",
		"*":                    "gzip",
		"gzip;q=1.0, *;q=0":    "gzip",
		"br":                   "",
		"identity":             "",
		"gzip;q=0":             "",
		"gzip; q=0.000, *;q=1": "",
		"*;q=0":                "",
		"gzip;q=much":          "",
		"":                     "",
	} {
		response := ask(schema, http.MethodGet, "/", "Accept-Encoding: "+accept)
		if got := response.Header().Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q is answered in %q, want %q", accept, got, want)
		}
	}
}

func TestWhatABrowserKeepsIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for path, handler := range map[string]http.Handler{
		"/": web.Playground(), "/playground/index.js": web.Playground(), "/schema.graphql": web.Schema("type Query { a: Int }"),
	} {
		for _, accept := range []string{gzipped, "identity"} {
			first := ask(handler, http.MethodGet, path, "Accept-Encoding: "+accept)
			etag := first.Header().Get("ETag")
			if !regexp.MustCompile(`^"[0-9a-f]{16}(-gzip)?"$`).MatchString(etag) {
				t.Errorf("GET %s has the ETag %s, want a strong one", path, etag)
			}
			again := ask(handler, http.MethodGet, path, "Accept-Encoding: "+accept, "If-None-Match: "+etag)
			if again.Code != http.StatusNotModified || content(t, again) != "" {
				t.Errorf("GET %s with If-None-Match %s = %d, want 304 and no body", path, etag, again.Code)
			}
			if again.Header().Get("ETag") != etag || again.Header().Get("Cache-Control") != "no-cache" {
				t.Errorf("GET %s: the 304 has the headers %v", path, again.Header())
			}
			other := ask(handler, http.MethodGet, path, "Accept-Encoding: "+accept, `If-None-Match: "0000000000000000"`)
			if other.Code != http.StatusOK {
				t.Errorf("GET %s with another's ETag = %d, want 200", path, other.Code)
			}
		}
	}
}

func TestHeadHasTheHeadersOfGet(t *testing.T) {
	t.Parallel()
	playground := web.Playground()
	for _, accept := range []string{gzipped, "identity"} {
		get := ask(playground, http.MethodGet, "/", "Accept-Encoding: "+accept)
		head := ask(playground, http.MethodHead, "/", "Accept-Encoding: "+accept)
		if !maps.EqualFunc(get.Header(), head.Header(), func(a, b []string) bool { return strings.Join(a, ",") == strings.Join(b, ",") }) {
			t.Errorf("HEAD / has %v, want GET's %v", head.Header(), get.Header())
		}
		if got, want := get.Header().Get("Content-Length"), strconv.Itoa(get.Body.Len()); got != want {
			t.Errorf("GET / has the Content-Length %q, want %s", got, want)
		}
		if got := head.Body.Len(); got != 0 {
			t.Errorf("HEAD / has a body of %d bytes", got)
		}
	}
}

func TestOtherMethodsAndPathsAreRefused(t *testing.T) {
	t.Parallel()
	playground, schema := web.Playground(), web.Schema("type Query { a: Int }")
	for _, c := range []struct {
		handler      http.Handler
		method, path string
		status       int
	}{
		{playground, http.MethodPost, "/", http.StatusMethodNotAllowed},
		{playground, http.MethodDelete, "/playground/index.js", http.StatusMethodNotAllowed},
		{playground, http.MethodOptions, "/", http.StatusMethodNotAllowed},
		{schema, http.MethodPost, "/schema.graphql", http.StatusMethodNotAllowed},
		{playground, http.MethodGet, "/playground/", http.StatusNotFound},
		{playground, http.MethodGet, "/playground/nothing.js", http.StatusNotFound},
		{playground, http.MethodGet, "/playground/index.js.gz", http.StatusNotFound},
		{playground, http.MethodGet, "/index.html", http.StatusNotFound},
	} {
		response := ask(c.handler, c.method, c.path)
		if response.Code != c.status {
			t.Errorf("%s %s = %d, want %d", c.method, c.path, response.Code, c.status)
		}
		if allow := response.Header().Get("Allow"); c.status == http.StatusMethodNotAllowed && allow != "GET, HEAD" {
			t.Errorf("%s %s allows %q, want GET and HEAD", c.method, c.path, allow)
		}
	}
}

func TestTheSchemaIsServedAsItIs(t *testing.T) {
	t.Parallel()
	const sdl = "\"Größen.\"\ntype Query { a: Int }\n"
	for _, accept := range []string{gzipped, "identity"} {
		response := ask(web.Schema(sdl), http.MethodGet, "/schema.graphql", "Accept-Encoding: "+accept)
		if got := content(t, response); got != sdl || response.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("GET /schema.graphql = %q, %v", got, response.Header())
		}
	}
}

func TestExamplesAreWhatTheSchemaAllows(t *testing.T) {
	t.Parallel()
	sdl, err := os.ReadFile("../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(sdl)})
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Glob("playground/examples/*.graphql")
	if err != nil || len(examples) < 3 {
		t.Fatalf("examples: %q, %v", examples, err)
	}
	for _, example := range examples {
		text, err := os.ReadFile(example)
		if err != nil {
			t.Fatal(err)
		}
		if _, errs := gqlparser.LoadQueryWithRules(schema, string(text), nil); errs != nil {
			t.Errorf("%s: %v", example, errs)
		}
	}
}
