package attacks_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/postgres/postgrestest"
	"barograph/internal/programtest"
)

// TestWhatIsBehindTheGatewayStaysThere tries what leads past it: to what it calls,
// what it keeps, and what its operators see.
func TestWhatIsBehindTheGatewayStaysThere(t *testing.T) {
	t.Parallel()
	program := programtest.Build(t)
	database := func(t *testing.T) string { return "--database-url=" + postgrestest.Database(t) }
	try(t, run(t, program, nil, database(t)), []attack{
		{id: "A172", name: "upstream redirect to internal", run: func(t *testing.T, _ *gateway) {
			var reached atomic.Int64
			internal := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
			defer internal.Close()
			for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
				var called atomic.Int64
				outside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					called.Add(1)
					http.Redirect(w, r, internal.URL+"/latest/meta-data/", status)
				}))
				g := run(t, program, nil, database(t), "--weather=open-meteo", "--open-meteo-url="+outside.URL, "--step-hosts="+outside.URL)
				if got := g.ask(t, `{ weather(city: "Oslo") { current { temperature } } }`); !got.has("UPSTREAM_FAILED") && !got.has("UPSTREAM_UNAVAILABLE") || called.Load() == 0 {
					t.Errorf("a provider that redirects by %d was called %d times and is answered %s", status, called.Load(), got)
				}
				called.Store(0)
				g.pipeline(t, "hook", `{"steps":[{"kind":"http","url":"`+outside.URL+`","as":"x"}],"retry":{"attempts":1}}`)
				if got := g.submit(t, "hook", `{"id":"A172"}`); !strings.Contains(got.body, "STEP_FAILED") || called.Load() == 0 {
					t.Errorf("a step that is redirected by %d was made %d times and is answered %s", status, called.Load(), got)
				}
				g.stop()
				outside.Close()
			}
			if n := reached.Load(); n > 0 {
				t.Errorf("what is internal was reached %d times", n)
			}
		}},
		{id: "A180", name: "secrets in logs", run: func(t *testing.T, _ *gateway) {
			var calls atomic.Int64
			failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if calls.Add(1) == 1 {
					http.Error(w, "no", http.StatusForbidden)
					return
				}
				panic(http.ErrAbortHandler) // without an answer: whoever tells of that is apt to tell the URL
			}))
			defer failing.Close()
			base := database(t)
			dsn, err := url.Parse(strings.TrimPrefix(base, "--database-url="))
			if err != nil {
				t.Fatal(err)
			}
			password, _ := dsn.User.Password()
			const key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
			if password == "" {
				t.Fatal("the database needs no password")
			}
			g := run(t, program, []string{"BAROGRAPH_KEYSET_KEY=" + key, "OTEL_TRACES_EXPORTER=console"}, base, "--admin-listen=127.0.0.1:0",
				"--weather=per-city", "--per-city-url="+failing.URL+"/{city}?appid="+marker+"-appid", "--per-city-mapping={temperature: /t}",
				"--step-hosts="+failing.URL)
			secrets := []string{"Authorization", "Bearer " + marker + "-token", "X-API-Key", marker + "-key", "Cookie", "session=" + marker + "-cookie"}
			for range 4 {
				g.post(t, `{"query":"{ weather(city: \"Oslo\") { current { temperature } } }"}`, secrets...)
			}
			g.post(t, `{"query":"{ `+marker+`"}`, secrets...)
			g.post(t, `{"query":`+marker, secrets...)
			g.process(t, `{"id":"A180","password":"`+marker+`-payload"}`)
			g.process(t, `{"id":"A180","password":"`+marker+`-conflict"}`)
			g.pipeline(t, "fails", `{"inputSchema":{"properties":{"n":{"type":"number"}}},"steps":[{"kind":"http","url":"`+failing.URL+`/step"},{"kind":"transform","expression":"{'n': int(payload.s)}"}],"retry":{"attempts":1}}`)
			g.submit(t, "fails", `{"id":"A180 refused","n":"`+marker+`-refused"}`)
			g.submit(t, "fails", `{"id":"A180 failed","s":"`+marker+`-failed"}`)
			g.send(t, http.MethodGet, g.url+"?query=%7B__typename%7D&variables=%7B%22api_key%22%3A%22"+marker+"-url%22%7D", nil, nil)
			metrics := g.send(t, http.MethodGet, g.admin+"/metrics", nil, nil)
			build := g.send(t, http.MethodGet, g.admin+"/buildinfo", nil, nil)
			g.stop() // the last traces are written then
			for name, text := range map[string]string{"the log": g.log.String(), "what it prints": g.out.String(), "/metrics": metrics.body, "/buildinfo": build.body} {
				for line := range strings.Lines(text) {
					if strings.Contains(line, marker) || strings.Contains(line, key) || strings.Contains(line, password) {
						t.Errorf("in %s: %s", name, line)
					}
				}
			}
			if !strings.Contains(g.log.String(), "process payload") || !strings.Contains(g.out.String(), "SpanContext") {
				t.Error("nothing was logged, or traced")
			}
		}},
		{id: "A181", name: "log injection", run: func(t *testing.T, _ *gateway) {
			const owned = "x\nlevel=ERROR msg=owned\r\n{\"level\":\"ERROR\"}\x1b[2J\u2028\u202e\u0085"
			for format, whole := range map[string]*regexp.Regexp{"json": regexp.MustCompile(`^\{"time":.*\}$`), "text": regexp.MustCompile(`^[0-9:]{8} (DBG|INF|WRN) \S`)} {
				g := run(t, program, nil, database(t), "--log-format="+format)
				g.ask(t, `query ($c: String!) { weather(city: $c) { id } city(name: $c) { id } pipeline(name: $c) { id } record(payloadId: $c) { id } searchCities(query: $c) { id } }`, map[string]any{"c": owned})
				g.ask(t, `mutation ($c: String!) { createPipeline(input: { name: $c }) { problems { message } } refreshWeather(input: { cities: [$c] }) { problems { message } } }`, map[string]any{"c": owned})
				g.process(t, `{"id":`+quoted(owned)+`}`)
				g.process(t, `{"id":"A181","city":`+quoted(owned)+`,"x":`+quoted(owned)+`}`)
				g.post(t, `{"query":"query `+"\u202e"+` { __typename }","operationName":`+quoted(owned)+`}`)
				g.post(t, `{"query":"{ __typename }"}`, "User-Agent", "\u202e\u0085", "X-Request-Id", "\u202e")
				g.raw(t, "GET /\u202e\x1b[2J HTTP/1.1\r\nHost: \x1b[2J\r\nX-Request-Id: a\x1b[2J\r\n\r\n", 5*time.Second)
				g.stop()
				for line := range strings.Lines(g.log.String()) {
					if line = strings.TrimSuffix(line, "\n"); !whole.MatchString(line) || strings.ContainsAny(line, "\r\x1b\u2028\u202e\u0085") {
						t.Errorf("as %s: %q", format, line)
					}
				}
			}
		}},
		{id: "A182", name: "metrics label explosion", run: func(t *testing.T, _ *gateway) {
			g := run(t, program, nil, database(t), "--admin-listen=127.0.0.1:0", "--log-level=warn")
			size := func() int { return len(g.send(t, http.MethodGet, g.admin+"/metrics", nil, nil).body) }
			flood := func(prefix string) {
				for i := range 300 {
					name := fmt.Sprint(prefix, i)
					g.post(t, `{"query":"query `+name+` { __typename }","operationName":"`+name+`","variables":{"`+name+`":1}}`)
					g.send(t, http.MethodGet, "http://"+g.address+"/"+name, nil, nil)
					g.submit(t, name, `{"id":"`+name+`"}`)
				}
			}
			flood("first")
			before := size()
			flood("second")
			if after := size(); after > before+2000 || after > 1<<20 {
				t.Errorf("with other names, metrics grow from %d to %d bytes", before, after)
			}
		}},
		{id: "A183", name: "trace header abuse", run: func(t *testing.T, _ *gateway) {
			headers := make(chan http.Header, 10)
			provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				headers <- r.Header
				http.Error(w, "no", http.StatusForbidden)
			}))
			defer provider.Close()
			g := run(t, program, []string{"OTEL_TRACES_EXPORTER=console"}, database(t), "--weather=open-meteo", "--open-meteo-url="+provider.URL)
			const document = `{"query":"{ weather(city: \"Oslo\") { current { temperature } } }"}`
			for name, header := range map[string][]string{
				"garbage":         {"Traceparent", "garbage", "Tracestate", strings.Repeat("x", 10_000)},
				"zeros":           {"Traceparent", "00-00000000000000000000000000000000-0000000000000000-01"},
				"100 kB baggage":  {"Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Baggage", "k=" + strings.Repeat("x", 100_000)},
				"another baggage": {"Baggage", "tenant=" + marker, "Tracestate", "v=" + marker},
			} {
				if got := g.post(t, document, header...); got.status != http.StatusOK && got.status != http.StatusRequestHeaderFieldsTooLarge || got.took > 5*time.Second {
					t.Errorf("%s is answered %s", name, got)
				}
			}
			close(headers)
			seen := 0
			for header := range headers {
				seen++
				if header.Get("Baggage") != "" || strings.Contains(fmt.Sprint(header), marker) {
					t.Errorf("the provider is told %v", header)
				}
				if parent := header.Get("Traceparent"); parent != "" && !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$`).MatchString(parent) {
					t.Errorf("the provider is told the parent %q", parent)
				}
			}
			if seen == 0 {
				t.Error("the provider was not asked")
			}
			g.stop()
			if strings.Contains(g.out.String(), marker) || strings.Contains(g.out.String(), strings.Repeat("x", 1000)) {
				t.Error("a trace repeats the headers")
			}
		}},
		{id: "A184", name: "admin endpoints", run: func(t *testing.T, g *gateway) {
			for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/vars", "/buildinfo", "/admin", "/.env", "/.git/config"} {
				if got := g.send(t, http.MethodGet, "http://"+g.address+path, nil, nil); got.status != http.StatusNotFound {
					t.Errorf("%s is answered %s, want 404", path, got)
				}
			}
			for _, path := range []string{"/healthz", "/livez", "/readyz"} {
				if got := g.send(t, http.MethodGet, "http://"+g.address+path+"?verbose", nil, nil); len(got.body) > 100 || strings.Contains(got.body, "postgres") {
					t.Errorf("%s?verbose is answered %s, want no details", path, got)
				}
			}
		}},
		{id: "A185", name: "path traversal in static files", run: func(t *testing.T, g *gateway) {
			for _, path := range []string{"/../../etc/passwd", "/../../../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", "/..%5c..%5cetc%5cpasswd",
				"/....//....//etc/passwd", "/assets/../../../etc/passwd", "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/%00/etc/passwd", "/schema.graphql/../go.mod", "/keyset.json"} {
				got, _ := g.raw(t, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 5*time.Second)
				if !strings.HasPrefix(got, "HTTP/1.1 404") && !strings.HasPrefix(got, "HTTP/1.1 400") && !strings.HasPrefix(got, "HTTP/1.1 301") && !strings.HasPrefix(got, "HTTP/1.1 307") || strings.Contains(got, "root:") {
					t.Errorf("%s is answered %.300q, want 404", path, got)
				}
			}
		}},
		{id: "A186", name: "ciphertext swap in the database", run: func(t *testing.T, _ *gateway) {
			base := postgrestest.Database(t)
			g := run(t, program, nil, "--database-url="+base)
			for _, id := range []string{"A186-own", "A186-foreign", "A186-crossed"} {
				g.process(t, `{"id":"`+id+`","x":"`+id+` says"}`)
			}
			change(t, base, `update records r set payload = f.payload from records f where r.payload_id = 'A186-own' and f.payload_id = 'A186-foreign'`)
			change(t, base, `update records set result = payload where payload_id = 'A186-crossed'`)
			for _, c := range [][2]string{{"A186-own", "payload"}, {"A186-crossed", "result"}} {
				got := g.ask(t, `query ($id: String!) { record(payloadId: $id) { payloadId `+c[1]+` } }`, map[string]any{"id": c[0]})
				if !got.has("INTERNAL_SERVER_ERROR") || !strings.Contains(got.body, `"`+c[1]+`":null`) || strings.Contains(got.body, "says") {
					t.Errorf("the moved %s of %s is answered %s, want none", c[1], c[0], got)
				}
			}
			if got := g.ask(t, `{ record(payloadId: "A186-foreign") { payload } }`); !strings.Contains(got.body, "A186-foreign says") {
				t.Errorf("what stayed in its place is answered %s", got)
			}
		}},
		{id: "A187", name: "plaintext search on disk", run: func(t *testing.T, _ *gateway) {
			g := run(t, program, nil) // with a PostgreSQL of its own
			g.pipeline(t, "fails", `{"steps":[{"kind":"transform","expression":"{'n': int(payload.s)}"}],"retry":{"attempts":1}}`)
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					g.process(t, fmt.Sprintf(`{"id":"A187-known-%d","x":"%s-%[1]d"}`, i, marker))
					g.submit(t, "fails", fmt.Sprintf(`{"id":"A187-failed-%d","s":"%s-%[1]d"}`, i, marker))
				})
			}
			all.Wait()
			running := search(t, g.dir, marker)
			g.stop()
			if found := append(running, search(t, g.dir, marker)...); len(found) > 0 {
				t.Errorf("what a payload says is in %v", found)
			}
			if strings.Contains(g.log.String()+g.out.String(), marker) {
				t.Error("what a payload says was logged")
			}
			written := strings.Join(search(t, g.dir, "A187-known-"), " ")
			for _, place := range []string{"pg_wal", "base"} { // else the search would find nothing, whatever there is
				if !strings.Contains(written, place) {
					t.Errorf("ids, which are in the clear, are in %s, want also in %s", written, place)
				}
			}
		}},
		{id: "A188", name: "old key removed too early", run: func(t *testing.T, _ *gateway) {
			base := database(t)
			g := run(t, program, nil, base)
			g.process(t, `{"id":"A188","x":1}`)
			g.stop()
			command := func(args ...string) (string, error) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
				return string(out), err
			}
			if out, err := command("keyset", "rotate", "--keyset-file="+g.keyset()); err != nil {
				t.Fatal(out)
			}
			if out, _ := command("keyset", "prune", "--yes", "--after=0s", base, "--keyset-file="+g.keyset()); strings.Count(keys(t, command, g), "\n") != 2 {
				t.Errorf("a key that a record needs is deleted: %s", out)
			}
			other := filepath.Join(t.TempDir(), "other.json")
			if out, err := command("keyset", "new", "--keyset-file="+other); err != nil {
				t.Fatal(out)
			}
			out, err := command("--listen=127.0.0.1:0", "--admin-listen=none", "--weather=simulator", base, "--keyset-file="+other, "--data-dir="+dataDir(t))
			if err == nil || strings.Contains(out, "is ready") || !strings.Contains(out, "key") {
				t.Errorf("with a keyset that does not open the records, it starts: %v: %s", err, out)
			}
			g = run(t, program, nil, base, "--keyset-file="+g.keyset())
			if got := g.ask(t, `{ record(payloadId: "A188") { payload } }`); !strings.Contains(got.body, `"x":1`) {
				t.Errorf("with its own, it answers %s", got)
			}
		}},
	})
}

// keys returns the keys in a gateway's keyset, each on a line.
func keys(t *testing.T, command func(...string) (string, error), g *gateway) string {
	t.Helper()
	out, err := command("keyset", "show", "--keyset-file="+g.keyset())
	if err != nil {
		t.Fatal(out)
	}
	return out
}

// change changes one row behind the gateway's back.
func change(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing is left to do about it
	if tag, err := conn.Exec(t.Context(), statement); err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("%s: %v, %v", statement, tag, err)
	}
}

// search returns the files below a folder that have the text in them.
func search(t *testing.T, folder, text string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			var content []byte
			content, err = os.ReadFile(path)
			if strings.Contains(string(content), text) {
				found = append(found, path)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it has gone meanwhile, as files of a database do
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
