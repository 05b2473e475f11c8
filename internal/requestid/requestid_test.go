package requestid_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"barograph/internal/requestid"
)

// ask sends a request with an id and returns the one that its handler sees and
// the one it is answered with.
func ask(t *testing.T, id string) (seen, answered string) {
	t.Helper()
	handler := requestid.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = requestid.From(r.Context()) }))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.Header.Set(requestid.Header, id)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return seen, w.Header().Get(requestid.Header)
}

func TestASaneIDIsTakenOver(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a", "0af7651916cd43dd-8448/eb21:1c~", strings.Repeat("x", 128)} {
		if seen, answered := ask(t, id); seen != id || answered != id {
			t.Errorf("%q: seen %q, answered %q", id, seen, answered)
		}
	}
}

func TestAnyOtherIsReplaced(t *testing.T) {
	t.Parallel()
	made := map[string]bool{}
	for _, id := range []string{"", "two words", "line\nbreak", "\x7f", "é", strings.Repeat("x", 129)} {
		seen, answered := ask(t, id)
		if seen == id || seen != answered || len(seen) < 8 || made[seen] {
			t.Errorf("%q: seen %q, answered %q, want a new one", id, seen, answered)
		}
		made[seen] = true
	}
}

func TestThereIsNoneOutsideOfRequests(t *testing.T) {
	t.Parallel()
	if id := requestid.From(t.Context()); id != "" {
		t.Errorf("From = %q", id)
	}
}
