package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"

	"barograph/auth"
	"barograph/graph/transport"
	"barograph/internal/fault"
)

// As serves requests as those of the principals that the header As names.
type as struct {
	graphql.Transport
	all map[string]*auth.Principal
}

func (a as) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if p := a.all[r.Header.Get("As")]; p != nil {
		r = r.WithContext(auth.With(r.Context(), p))
	}
	a.Transport.Do(w, r, exec)
}

func allAs(principals map[string]*auth.Principal) []graphql.Transport {
	transports := all(time.Hour)
	for i, t := range transports {
		transports[i] = as{t, principals}
	}
	return transports
}

// until returns somebody who is known until the channel is closed.
func until(revoked <-chan struct{}) *auth.Principal {
	return &auth.Principal{Name: "ada", Kind: auth.Key, Revoked: revoked}
}

func TestStreamsSayThatTheirPrincipalIsNotKnownAnyMore(t *testing.T) {
	t.Parallel()
	for name, accept := range map[string]string{"events": "text/event-stream", "parts": apolloSubscription} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			revoked, clock := make(chan struct{}), newClock()
			s := serve(t, allAs(map[string]*auth.Principal{"ada": until(revoked)}), clock.executor())
			res := s.call(t.Context(), t, http.MethodPost, "/", subscription, header{"Accept": accept, "As": "ada"})
			clock.ticks <- tick{data: `{"tick":"1"}`}
			close(revoked)
			text, err := io.ReadAll(res.Body)
			if got := string(text); err != nil || !strings.Contains(got, `{"tick":"1"}`) || !strings.Contains(got, "the credential has been revoked") ||
				!strings.HasSuffix(got, "event: complete\ndata: \n\n") && !strings.HasSuffix(got, "--graphql--\r\n") {
				t.Errorf("%q, %v", got, err)
			}
			<-clock.ended
		})
	}
}

func TestAConnectionForManyEndsWithWhoeverOpenedIt(t *testing.T) {
	t.Parallel()
	revoked, clock := make(chan struct{}), newClock()
	s := serve(t, allAs(map[string]*auth.Principal{"ada": until(revoked), "renewed": until(nil)}), clock.executor())
	ada, renewed := header{"As": "ada"}, header{"As": "renewed"}
	token, err := io.ReadAll(s.call(t.Context(), t, http.MethodPut, "/", "", ada).Body)
	if err != nil {
		t.Fatal(err)
	}
	stream := func(h header) header {
		h = header{"As": h["As"], "X-GraphQL-Event-Stream-Token": string(token)}
		return h
	}
	opening := stream(ada)
	opening["Accept"] = "text/event-stream"
	res := s.call(t.Context(), t, http.MethodGet, "/", "", opening)
	reads(t, res, ping)
	for id, h := range map[string]header{"a": ada, "b": renewed} {
		body := `{"query":"subscription { tick }","extensions":{"operationId":"` + id + `"}}`
		if got := s.call(t.Context(), t, http.MethodPost, "/", body, stream(h)); got.StatusCode != http.StatusAccepted {
			t.Fatalf("operation %s: %d", id, got.StatusCode)
		}
		<-clock.after
	}
	close(revoked)
	text, err := io.ReadAll(res.Body)
	if got := string(text); err != nil || strings.Count(got, "the credential has been revoked") != 2 || strings.Count(got, "event: complete\n") != 2 {
		t.Errorf("%q, %v; want each operation to say it", got, err)
	}
}

func TestAConnectionForManyIsOfWhoeverReservedIt(t *testing.T) {
	t.Parallel()
	s := serve(t, allAs(map[string]*auth.Principal{"ada": until(nil), "grace": {Name: "grace", Kind: auth.Key}, "token": {Name: "ada", Kind: auth.Token}}), newClock().executor())
	token, err := io.ReadAll(s.call(t.Context(), t, http.MethodPut, "/", "", header{"As": "ada"}).Body)
	if err != nil {
		t.Fatal(err)
	}
	for who, want := range map[string]int{"ada": http.StatusAccepted, "grace": http.StatusNotFound, "token": http.StatusNotFound, "": http.StatusNotFound} {
		h := header{"As": who, "X-GraphQL-Event-Stream-Token": string(token)}
		res := s.call(t.Context(), t, http.MethodPost, "/", `{"query":"subscription { tick }","extensions":{"operationId":"1"}}`, h)
		if res.StatusCode != want {
			t.Errorf("an operation of %q: %d, want %d", who, res.StatusCode, want)
		}
		h["Accept"] = "text/event-stream"
		if want == http.StatusNotFound {
			if res := s.call(t.Context(), t, http.MethodGet, "/", "", h); res.StatusCode != want {
				t.Errorf("a connection of %q: %d, want %d", who, res.StatusCode, want)
			}
			if res := s.call(t.Context(), t, http.MethodDelete, "/?operationId=1", "", h); res.StatusCode != want {
				t.Errorf("an end by %q: %d, want %d", who, res.StatusCode, want)
			}
		}
	}
}

func TestASocketLearnsWhoseItIsBeforeAnythingBegins(t *testing.T) {
	t.Parallel()
	config := transport.WebSocketConfig{Init: func(_ context.Context, payload []byte) (*auth.Principal, error) {
		switch string(payload) {
		case `{"who":"ada"}`:
			return until(nil), nil
		case `{"who":"away"}`:
			return nil, fault.New(fault.Unavailable, "the database is away")
		case `{"who":"broken"}`:
			return nil, errors.New("hunter2")
		}
		return nil, fault.New(fault.Unauthenticated, "hunter2")
	}}
	s := newStage(t, config)
	c := s.dial(t, "graphql-transport-ws")
	c.say(`{"type":"connection_init","payload":{"who":"ada"}}`)
	c.hears(`{"type":"connection_ack"}`)
	c.subscribe("1", `{ who }`)
	c.hears(`{"id":"1","type":"next","payload":{"data":{"who":"ada"}}}`, `{"id":"1","type":"complete"}`)
	for payload, want := range map[string]struct {
		code   websocket.StatusCode
		reason string
	}{
		``:                            {4403, "Forbidden"},
		`,"payload":null`:             {4403, "Forbidden"},
		`,"payload":{"who":"eve"}`:    {4403, "Forbidden"},
		`,"payload":{"who":"away"}`:   {1013, "Try again later"},
		`,"payload":{"who":"broken"}`: {4500, "Internal server error"},
		`,"payload":"hunter2"`:        {4400, "Invalid message received"},
	} {
		c := s.dial(t, "graphql-transport-ws")
		c.say(`{"type":"connection_init"` + payload + `}`)
		c.isClosed(want.code, want.reason)
	}
}

func TestASocketEndsWithWhoeverItIs(t *testing.T) {
	t.Parallel()
	revoked := make(chan struct{})
	s := newStage(t, transport.WebSocketConfig{Init: func(_ context.Context, payload []byte) (*auth.Principal, error) {
		if len(payload) > 0 {
			return &auth.Principal{Name: "ada", Kind: auth.Token, Expires: time.Now().Add(300 * time.Millisecond)}, nil
		}
		return until(revoked), nil
	}})
	expiring, busy := s.dial(t, "graphql-transport-ws"), s.open(t)
	busy.subscribe("1", `subscription { forever }`)
	eventually(t, "it runs", func() bool { return s.active.Load() == 1 })
	expiring.say(`{"type":"connection_init","payload":{}}`)
	expiring.hears(`{"type":"connection_ack"}`)
	expiring.isClosed(4403, "Forbidden")
	busy.say(`{"type":"ping"}`)
	busy.hears(`{"type":"pong"}`)
	close(revoked)
	busy.isClosed(4403, "Forbidden")
	eventually(t, "nothing is left", func() bool { return s.active.Load() == 0 && s.serving.Load() == 0 })
}
