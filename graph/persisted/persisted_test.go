package persisted_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"barograph/graph/persisted"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func extensions(hash string) map[string]any {
	return map[string]any{"persistedQuery": map[string]any{"version": json.Number("1"), "sha256Hash": hash}}
}

func manifest(t testing.TB, documents map[string]string) *persisted.Manifest {
	t.Helper()
	text, err := json.Marshal(documents)
	if err != nil {
		t.Fatal(err)
	}
	m, err := persisted.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRequestsAreReadByApollosProtocol(t *testing.T) {
	t.Parallel()
	hash := hashOf("{ a }")
	for name, c := range map[string]struct {
		query      string
		extensions map[string]any
		want       persisted.Request
		message    string
	}{
		"a document":          {"{ a }", nil, persisted.Request{Text: "{ a }"}, ""},
		"a document and more": {"{ a }", map[string]any{"other": 1, "persistedQuery": nil}, persisted.Request{Text: "{ a }"}, ""},
		"a hash":              {"", extensions(hash), persisted.Request{Hash: hash}, ""},
		"both":                {"{ a }", extensions(hash), persisted.Request{Text: "{ a }", Hash: hash}, ""},
		"nothing":             {"", nil, persisted.Request{}, "the query is missing"},
		"another version":     {"", map[string]any{"persistedQuery": map[string]any{"version": json.Number("2"), "sha256Hash": hash}}, persisted.Request{}, "Unsupported persisted query version"},
		"a version in words":  {"", map[string]any{"persistedQuery": map[string]any{"version": "one", "sha256Hash": hash}}, persisted.Request{}, "Unsupported persisted query version"},
		"no hash":             {"{ a }", map[string]any{"persistedQuery": map[string]any{"version": json.Number("1")}}, persisted.Request{}, "extensions.persistedQuery must have"},
		"a hash of numbers":   {"", map[string]any{"persistedQuery": map[string]any{"version": json.Number("1"), "sha256Hash": 7}}, persisted.Request{}, "extensions.persistedQuery must have"},
		"a hash of no end":    {"", extensions(strings.Repeat("a", 1000)), persisted.Request{}, "extensions.persistedQuery must have"},
		"no object":           {"", map[string]any{"persistedQuery": "x"}, persisted.Request{}, "extensions.persistedQuery must have"},
	} {
		got, err := persisted.Read(c.query, c.extensions)
		message := ""
		if err != nil {
			message = err.Message
			if err.Extensions["code"] != "BAD_REQUEST" {
				t.Errorf("%s: extensions = %v", name, err.Extensions)
			}
		}
		if got != c.want || (c.message == "") != (message == "") || !strings.Contains(message, c.message) {
			t.Errorf("%s: Read = %+v %q, want %+v %q", name, got, message, c.want, c.message)
		}
	}
}

func TestTextsAreFoundByWhatIsConfigured(t *testing.T) {
	t.Parallel()
	const known, other = "{ known }", "{ other }"
	trusted := manifest(t, map[string]string{"an-id": known})
	for _, c := range []struct {
		name    string
		config  persisted.Config
		request persisted.Request
		text    string
		learn   bool
		code    string
	}{
		{"a text", persisted.Config{}, persisted.Request{Text: other}, other, false, ""},
		{"a new hash", persisted.Config{}, persisted.Request{Hash: hashOf(other)}, "", false, persisted.CodeNotFound},
		{"a text to learn", persisted.Config{}, persisted.Request{Text: other, Hash: hashOf(other)}, other, true, ""},
		{"a text of another hash", persisted.Config{}, persisted.Request{Text: other, Hash: hashOf(known)}, "", false, "BAD_REQUEST"},
		{"a hash in capitals", persisted.Config{}, persisted.Request{Text: other, Hash: strings.ToUpper(hashOf(other))}, "", false, "BAD_REQUEST"},
		{"a hash, turned off", persisted.Config{DisableAutomatic: true}, persisted.Request{Hash: hashOf(other)}, "", false, persisted.CodeNotSupported},
		{"both, turned off", persisted.Config{DisableAutomatic: true}, persisted.Request{Text: other, Hash: hashOf(other)}, "", false, persisted.CodeNotSupported},
		{"a trusted id", persisted.Config{Trusted: trusted}, persisted.Request{Hash: "an-id"}, known, false, ""},
		{"a trusted id, ignored", persisted.Config{Trusted: trusted, Mode: persisted.Off}, persisted.Request{Hash: "an-id"}, "", false, persisted.CodeNotFound},
		{"a trusted id, nothing learned", persisted.Config{Trusted: trusted, DisableAutomatic: true}, persisted.Request{Hash: "an-id"}, known, false, ""},
		{"another text under a trusted id", persisted.Config{Trusted: trusted}, persisted.Request{Text: other, Hash: "an-id"}, "", false, "BAD_REQUEST"},
		{"a text beside trusted ones", persisted.Config{Trusted: trusted}, persisted.Request{Text: other}, other, false, ""},
		{"a trusted id, required", persisted.Config{Trusted: trusted, Mode: persisted.Require}, persisted.Request{Hash: "an-id"}, known, false, ""},
		{"a trusted text, required", persisted.Config{Trusted: trusted, Mode: persisted.Require}, persisted.Request{Text: known}, known, false, ""},
		{"a trusted text by its hash, required", persisted.Config{Trusted: trusted, Mode: persisted.Require}, persisted.Request{Text: known, Hash: hashOf(known)}, known, false, ""},
		{"another text, required", persisted.Config{Trusted: trusted, Mode: persisted.Require}, persisted.Request{Text: other}, "", false, persisted.CodeUntrusted},
		{"another text and hash, required", persisted.Config{Trusted: trusted, Mode: persisted.Require}, persisted.Request{Text: other, Hash: hashOf(other)}, "", false, persisted.CodeUntrusted},
		{"another hash, required", persisted.Config{Trusted: trusted, Mode: persisted.Require}, persisted.Request{Hash: hashOf(other)}, "", false, persisted.CodeNotInList},
	} {
		text, learn, err := persisted.New(c.config, slog.New(slog.DiscardHandler)).Text(c.request)
		code := ""
		if err != nil {
			code, _ = err.Extensions["code"].(string)
		}
		if text != c.text || learn != c.learn || code != c.code {
			t.Errorf("%s: Text = %q %t %q, want %q %t %q", c.name, text, learn, code, c.text, c.learn, c.code)
		}
	}
}

func TestLearnedTextsAreFoundAndBounded(t *testing.T) { //nolint:paralleltest // it measures the heap
	d := persisted.New(persisted.Config{Bytes: 1 << 20}, slog.New(slog.DiscardHandler))
	first := persisted.Request{Text: "{ first }", Hash: hashOf("{ first }")}
	d.Learn(first)
	if text, _, err := d.Text(persisted.Request{Hash: first.Hash}); err != nil || text != first.Text {
		t.Fatalf("Text = %q %v, want %q", text, err, first.Text)
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for i := range 10_000 {
		text := fmt.Sprintf("%d%s", i, strings.Repeat("x", 1000))
		d.Learn(persisted.Request{Text: text, Hash: hashOf(text)})
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("10 MB of texts: the heap has grown by %d bytes, want about 1 MB", grown)
	}
	runtime.KeepAlive(d)
}

func TestWhatIsNotTrustedIsLoggedOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	d := persisted.New(persisted.Config{Trusted: manifest(t, map[string]string{"id": "{ known }"})}, slog.New(slog.NewTextHandler(&log, nil)))
	for range 3 {
		d.Note(context.Background(), "{ known }", "")
		d.Note(context.Background(), "{ other }", "Other")
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, hashOf("{ other }")) || !strings.Contains(got, "operation=Other") {
		t.Errorf("log = %q, want a line about the other document", got)
	}
	persisted.New(persisted.Config{}, nil).Note(context.Background(), "{ other }", "") // no manifest: nothing to say
}

func TestManifestsOfApolloAndRelayAreRead(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"Apollo": `{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"a","name":"A","type":"query","body":"query A { x }"},{"id":"b","name":"B","type":"query","body":"query B { x }"}]}`,
		"Relay":  `{"b":"query B { x }","a":"query A { x }"}`,
	} {
		m, err := persisted.Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := m.Operations(); len(got) != 2 || got[0].ID != "a" || got[0].Body != "query A { x }" || got[1].ID != "b" {
			t.Errorf("%s: operations = %+v", name, got)
		}
	}
}

func TestManifestsThatAreWrongAreRefusedByName(t *testing.T) {
	t.Parallel()
	apollo := func(operations string) string {
		return `{"format":"apollo-persisted-query-manifest","version":1,"operations":[` + operations + `]}`
	}
	for text, want := range map[string]string{
		`[]`:                "not a manifest",
		`{`:                 "not a manifest",
		`{}`:                "no documents",
		`{"a":1}`:           `"a" is not a string`,
		`{"a":"x","a":"y"}`: "duplicate",
		`{"":"x"}`:          "needs an id",
		`{"a":""}`:          "a has no body",
		`{"format":"other","version":1,"operations":[]}`:                            `"other"`,
		`{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}`:  "version 2",
		apollo(`{"id":"a","name":"A","body":"x"},{"id":"a","name":"B","body":"y"}`): "B (a) has an id that another has",
		apollo(`{"name":"A","body":"x"}`):                                           "needs an id",
		apollo(`{"id":"a","name":"A"}`):                                             "A (a) has no body",
	} {
		if _, err := persisted.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: err = %v, want %q in it", text, err, want)
		}
	}
	if _, err := persisted.Open("/does/not/exist"); err == nil {
		t.Error("a file that does not exist is no error")
	}
}

func ExampleDocuments_Text() {
	documents := persisted.New(persisted.Config{}, slog.Default())
	text := "{ __typename }"
	_, _, err := documents.Text(persisted.Request{Hash: hashOf(text)})
	fmt.Println(err.Message)
	documents.Learn(persisted.Request{Text: text, Hash: hashOf(text)})
	found, _, _ := documents.Text(persisted.Request{Hash: hashOf(text)})
	fmt.Println(found)
	// Output:
	// PersistedQueryNotFound
	// { __typename }
}
