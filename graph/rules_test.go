package graph_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"barograph/auth"
	"barograph/graph"
)

func TestDocumentsThatWouldFailLaterAreNotValid(t *testing.T) {
	t.Parallel()
	// Nothing is executed: what is valid is skipped.
	handler := auth.As(auth.Anyone, graph.New(graph.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}))
	for query, want := range map[string]string{
		`{ city(name: {}) @skip(if: true) { id } }`:                                                                               "GRAPHQL_VALIDATION_FAILED",
		`{ cities(names: {}) @skip(if: true) { id } }`:                                                                            "GRAPHQL_VALIDATION_FAILED",
		`{ node(id: {}) @skip(if: true) { id } }`:                                                                                 "GRAPHQL_VALIDATION_FAILED",
		`{ weather(city: "Lima", units: {}) @skip(if: true) { id } }`:                                                             "GRAPHQL_VALIDATION_FAILED",
		`{ records(filter: {states: [{}]}) @skip(if: true) { totalCount } }`:                                                      "GRAPHQL_VALIDATION_FAILED",
		`subscription { a: recordChanged { record { id } } b: recordChanged { record { id } } }`:                                  "GRAPHQL_VALIDATION_FAILED",
		`subscription { ...F b: recordChanged { record { id } } } fragment F on Subscription { recordChanged { record { id } } }`: "GRAPHQL_VALIDATION_FAILED",
		`subscription { ...F ...F } fragment F on Subscription { recordChanged { record { id } } }`:                               "BAD_REQUEST",
		`{ records(filter: {}) @skip(if: true) { totalCount } }`:                                                                  "",
		`mutation { processPayload(input: {payload: {}}) @skip(if: true) { duplicate } }`:                                         "",
	} {
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		request := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
		request.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		var answer struct {
			Errors []struct{ Extensions struct{ Code string } }
		}
		if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(answer.Errors) > 0 {
			got = answer.Errors[0].Extensions.Code
		}
		if got != want {
			t.Errorf("%s: code = %q, want %q", query, got, want)
		}
	}
}
