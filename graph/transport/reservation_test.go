package transport_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"barograph/auth"
	"barograph/pipeline"
)

// A connection for many operations, by its token.
type connection struct {
	*server
	token string
}

func (s *server) reserve(t testing.TB) connection {
	t.Helper()
	res := s.call(t.Context(), t, http.MethodPut, "/", "", nil)
	token, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusCreated || res.Header.Get("Content-Type") != "text/plain; charset=utf-8" || len(token) < 26 {
		t.Fatalf("reserving: %d %q %v", res.StatusCode, token, err)
	}
	return connection{s, string(token)}
}

func (c connection) open(ctx context.Context, t testing.TB) reply {
	t.Helper()
	return c.call(ctx, t, http.MethodGet, "/?token="+c.token, "", wantsEvents)
}

// operate asks for an operation, and wants a status.
func (c connection) operate(t testing.TB, id, query string, status int) {
	t.Helper()
	body := fmt.Sprintf(`{"query":%q,"extensions":{"operationId":%q}}`, query, id)
	c.wants(t, c.call(t.Context(), t, http.MethodPost, "/", body, header{"X-GraphQL-Event-Stream-Token": c.token}), status)
}

func (c connection) wants(t testing.TB, res reply, status int) {
	t.Helper()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status || len(text) > 0 != (status >= 400) {
		t.Fatalf("%d %q %v, want %d", res.StatusCode, text, err, status)
	}
}

func TestOneConnectionCarriesManyOperations(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c := serve(t, all(time.Hour), clock.executor()).reserve(t)
	res := c.open(t.Context(), t)
	if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || got != "text/event-stream; charset=utf-8" {
		t.Fatalf("%d %s", res.StatusCode, got)
	}
	reads(t, res, ping)
	c.operate(t, `s"1`, "subscription { tick }", http.StatusAccepted)
	clock.ticks <- tick{id: "a", data: `{"tick":"1"}`}
	reads(t, res, "event: next\ndata: {\"id\":\"s\\\"1\",\"payload\":{\"data\":{\"tick\":\"1\"}}}\n\n")
	c.operate(t, "q", "{ time }", http.StatusAccepted)
	reads(t, res, "event: next\ndata: {\"id\":\"q\",\"payload\":{\"data\":{\"query\": \"done\"}}}\n\nevent: complete\ndata: {\"id\":\"q\"}\n\n")
	c.operate(t, "q", "mutation { wind }", http.StatusAccepted) // the id is free again
	reads(t, res, "event: next\ndata: {\"id\":\"q\",\"payload\":{\"data\":{\"mutation\": \"done\"}}}\n\nevent: complete\ndata: {\"id\":\"q\"}\n\n")
	clock.ticks <- tick{data: `{"tick":"2"}`}
	reads(t, res, "event: next\ndata: {\"id\":\"s\\\"1\",\"payload\":{\"data\":{\"tick\":\"2\"}}}\n\n")
	stop := c.call(t.Context(), t, http.MethodDelete, "/?operationId=s%221", "", header{"X-GraphQL-Event-Stream-Token": c.token})
	c.wants(t, stop, http.StatusOK)
	<-clock.ended
	reads(t, res, "event: complete\ndata: {\"id\":\"s\\\"1\"}\n\n")
}

func TestAConnectionRefusesWhatItCannotCarry(t *testing.T) {
	t.Parallel()
	c := serve(t, all(time.Hour), newClock().executor()).reserve(t)
	reads(t, c.open(t.Context(), t), ping)
	c.operate(t, "", "{ time }", http.StatusBadRequest)
	c.operate(t, strings.Repeat("x", 129), "{ time }", http.StatusBadRequest)
	c.operate(t, "a", "{ nothing }", http.StatusBadRequest)
	c.operate(t, "a", "subscription { tick }", http.StatusAccepted)
	c.operate(t, "a", "subscription { tick }", http.StatusConflict)
	c.operate(t, "b", "subscription { tick }", http.StatusAccepted)
	c.operate(t, "c", "subscription { tick }", http.StatusTooManyRequests)
	token := header{"X-GraphQL-Event-Stream-Token": c.token}
	extensions := `{"operationId":"m"}`
	c.wants(t, c.call(t.Context(), t, http.MethodGet, get("mutation { wind }", "extensions", extensions), "", token), http.StatusMethodNotAllowed)
	c.wants(t, c.call(t.Context(), t, http.MethodPost, "/", `{"query":"{ time }","extensions":{"operationId":7}}`, token), http.StatusBadRequest)
	c.wants(t, c.call(t.Context(), t, http.MethodPost, "/", `[`, token), http.StatusBadRequest)
	c.wants(t, c.call(t.Context(), t, http.MethodDelete, "/", "", token), http.StatusBadRequest)
	c.wants(t, c.call(t.Context(), t, http.MethodDelete, "/?operationId=unknown", "", token), http.StatusOK)
	c.wants(t, c.open(t.Context(), t), http.StatusConflict)
	c.token = "guessed"
	c.operate(t, "a", "{ time }", http.StatusNotFound)
	c.wants(t, c.open(t.Context(), t), http.StatusNotFound)
	c.wants(t, c.call(t.Context(), t, http.MethodDelete, "/?operationId=a&token=guessed", "", nil), http.StatusNotFound)
}

func TestReservationsAreFewAndEnd(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := serve(t, all(time.Hour), clock.executor())
	first := s.reserve(t)
	first.operate(t, "a", "subscription { tick }", http.StatusAccepted) // before there is a connection
	tokens := map[string]bool{first.token: true, s.reserve(t).token: true, s.reserve(t).token: true}
	full := s.call(t.Context(), t, http.MethodPut, "/", "", nil)
	if full.StatusCode != http.StatusTooManyRequests || full.Header.Get("Retry-After") == "" || len(tokens) != 3 {
		t.Errorf("the fourth of three: %d", full.StatusCode)
	}
	<-clock.ended // when the reservation does
	again := s.call(t.Context(), t, http.MethodPut, "/", "", nil)
	for again.StatusCode != http.StatusCreated {
		_ = again.Body.Close()
		again = s.call(t.Context(), t, http.MethodPut, "/", "", nil)
	}
	first.operate(t, "b", "{ time }", http.StatusNotFound)
}

// Nobody has so many that there are none for the others.
func TestReservationsOfOnePrincipalAreFewer(t *testing.T) {
	t.Parallel()
	narrow, err := pipeline.ParseReach([]string{"eu-*"})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, allAs(map[string]*auth.Principal{
		"ada": {Name: "ada", Kind: auth.Key, Scopes: auth.All}, "grace": {Name: "grace", Kind: auth.Key, Scopes: auth.All},
		"ada, who may do less": {Name: "ada", Kind: auth.Key}, "ada, who reaches less": {Name: "ada", Kind: auth.Key, Scopes: auth.All, Reach: narrow},
	}), newClock().executor())
	var token string
	for i, c := range []struct {
		as     string
		status int
	}{
		{"ada", 201}, {"ada, who may do less", 201}, {"ada", 201}, {"ada", 429}, {"ada, who reaches less", 429},
		{"grace", 201}, {"grace", 201}, {"grace", 503},
	} {
		res := s.call(t.Context(), t, http.MethodPut, "/", "", header{"As": c.as})
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != c.status || (c.status != 201) != (res.Header.Get("Retry-After") != "") {
			t.Errorf("reservation %d, of %s: %d %s, want %d", i, c.as, res.StatusCode, text, c.status)
		}
		if i == 0 {
			token = string(text)
		}
	}
	for as, want := range map[string]int{"ada": 200, "ada, who may do less": 404, "ada, who reaches less": 404, "grace": 404} {
		if res := s.call(t.Context(), t, http.MethodDelete, "/?operationId=x&token="+token, "", header{"As": as}); res.StatusCode != want {
			t.Errorf("the reservation is used by %s: %d, want %d", as, res.StatusCode, want)
		}
	}
}

func TestOperationsEndWithTheirConnection(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c := serve(t, all(time.Hour), clock.executor()).reserve(t)
	ctx, leave := context.WithCancel(t.Context())
	reads(t, c.open(ctx, t), ping)
	c.operate(t, "a", "subscription { tick }", http.StatusAccepted)
	c.operate(t, "b", "subscription { tick }", http.StatusAccepted)
	leave()
	<-clock.ended
	<-clock.ended
}

func TestOperationsSayGoodbyeWhenTheServerStops(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c := serve(t, all(time.Hour), clock.executor()).reserve(t)
	res := c.open(t.Context(), t)
	reads(t, res, ping)
	c.operate(t, "a", "subscription { tick }", http.StatusAccepted)
	c.operate(t, "b", "subscription { tick }", http.StatusAccepted)
	<-clock.after
	<-clock.after
	c.drain.Begin()
	text, err := io.ReadAll(res.Body)
	if got := string(text); err != nil || strings.Count(got, `"payload":{"errors":[{"message":"the server is stopping`) != 2 || strings.Count(got, "event: complete\n") != 2 {
		t.Errorf("%q %v, want each operation to say it", got, err)
	}
}
