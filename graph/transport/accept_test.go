package transport_test

import (
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"barograph/graph/transport"
)

func TestAcceptChoosesTheMediaType(t *testing.T) {
	t.Parallel()
	const older, newer = "application/json; charset=utf-8", "application/graphql-response+json; charset=utf-8"
	for accept, want := range map[string]string{
		"":                                  older,
		"*/*":                               older,
		"application/*":                     older,
		"application/json":                  older,
		"application/graphql-response+json": newer,
		"application/graphql-response+json, application/json;q=0.9": newer,
		"application/graphql-response+json;q=0.1, */*":              older,
		"application/json;q=0, application/graphql-response+json":   newer,
		"application/json;q=0.5,application/graphql-response+json":  newer,
		"text/html, */*;q=0.1":                                      older,
		"Application/JSON; charset=utf-8":                           older,
		"nonsense;;;, application/json":                             older,
		"text/html":                                                 "",
		"application/json;q=0":                                      "",
		"application/json;q=2":                                      "",
		"application/json;q=NaN":                                    "",
		"   ":                                                       older,
		"*/*;q=0.5, application/json;q=0":                           newer,
		"application/*;q=0, */*":                                    "",
		"application/json;q=0.2, application/*;q=0.9":               newer,
		"application/json, application/graphql-response+json":       older,
		"application/json; charset=iso-8859-1":                      "",
		"application/json; charset=latin1, application/graphql-response+json; charset=UTF-8": newer,
		"multipart/mixed;deferSpec=20220824, application/json":                               older,
		"text/event-stream": "",
	} {
		t.Run(accept, func(t *testing.T) {
			t.Parallel()
			res := send(t, http.MethodPost, "/", `{"query":"{ __typename }"}`, header{"Accept": accept})
			switch {
			case want == "" && res.status != http.StatusNotAcceptable:
				t.Errorf("status = %d, want 406", res.status)
			case want != "" && (res.status != http.StatusOK || res.header.Get("Content-Type") != want):
				t.Errorf("status = %d, Content-Type = %s; want 200, %s", res.status, res.header.Get("Content-Type"), want)
			}
		})
	}
}

// Whatever is accepted, the answer is of a media type that is named, and ranges
// of other types change nothing.
func FuzzAccept(f *testing.F) {
	for _, seed := range []string{
		"", "*/*", "application/*;q=0.3", "application/json;q=0.5, */*", `application/graphql-response+json; charset="utf-8", application/json;q=0`,
		apolloSubscription, "multipart/mixed;subscriptionSpec=1.0", "text/event-stream, application/json;q=0.9", "text/event-stream;q=0.1, application/*",
		`text/event-stream;q=0.1, "a,b";x="\"", multipart/mixed;deferSpec=20220824`, "multipart/mixed;incrementalSpec=v0.2;q=1, application/json;q=0",
	} {
		f.Add(seed)
	}
	exec := newClock().executor()
	answer := func(t *testing.T, transports []graphql.Transport, accept string) (status int, mediaType string) {
		t.Helper()
		r := httptest.NewRequestWithContext(graphql.StartOperationTrace(t.Context()), http.MethodPost, "/", strings.NewReader(`{"query":"{ time }"}`))
		r.Header = http.Header{"Accept": {accept}, "Content-Type": {"application/json"}}
		w := httptest.NewRecorder()
		serving := slices.IndexFunc(transports, func(one graphql.Transport) bool { return one.Supports(r) })
		transports[serving].Do(w, r, exec)
		mediaType, _, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
		if err != nil || w.Code != http.StatusOK && w.Code != http.StatusNotAcceptable {
			t.Fatalf("Accept %q: %d %s, %v", accept, w.Code, w.Body, err)
		}
		return w.Code, mediaType
	}
	served := all(time.Hour)
	f.Fuzz(func(t *testing.T, accept string) {
		for _, transports := range [][]graphql.Transport{served, {transport.HTTP{BodyLimit: bodyLimit}}} {
			status, mediaType := answer(t, transports, accept)
			if strings.TrimSpace(accept) == "" {
				if status != http.StatusOK || mediaType != "application/json" {
					t.Errorf("Accept %q: %d %s", accept, status, mediaType)
				}
				continue
			}
			names := []string{mediaType}
			if strings.HasPrefix(mediaType, "application/") {
				names = append(names, "application/*", "*/*")
			}
			named := func(name string) bool { return strings.Contains(strings.ToLower(accept), name) }
			if status == http.StatusOK && !slices.ContainsFunc(names, named) {
				t.Errorf("Accept %q, which does not name it, is answered by %s", accept, mediaType)
			}
			if again, other := answer(t, transports, "text/html, "+accept); again != status || other != mediaType {
				t.Errorf("Accept %q: %d %s, but behind text/html %d %s", accept, status, mediaType, again, other)
			}
		}
	})
}
