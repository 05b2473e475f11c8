package transport_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"barograph/graph/transport"
)

func TestASocketCarriesEveryKindOfOperation(t *testing.T) {
	t.Parallel()
	c := newStage(t, transport.WebSocketConfig{}).open(t)
	c.say(`{"type":"ping"}`, `{"type":"ping","payload":{"a":[1.0,"ü"]}}`, `{"type":"ping","payload":null}`, `{"type":"pong"}`)
	c.hears(`{"type":"pong"}`, `{"type":"pong","payload":{"a":[1.0,"ü"]}}`, `{"type":"pong"}`)
	c.subscribe("1", `{ name }`)
	c.hears(`{"id":"1","type":"next","payload":{"data":{"name":"test"}}}`, `{"id":"1","type":"complete"}`)
	c.subscribe("1", `mutation { name }`) // the id is free again
	c.hears(`{"id":"1","type":"next","payload":{"data":{"name":"test"}}}`, `{"id":"1","type":"complete"}`)
	c.subscribe("<ü\">", `subscription { three }`)
	for i := 1; i <= 3; i++ {
		c.hears(fmt.Sprintf(`{"id":"<ü\">","type":"next","payload":{"data":{"three":%d}}}`, i))
	}
	c.hears(`{"id":"<ü\">","type":"complete"}`)
	c.subscribe("refused", `subscription { refused }`)
	c.hears(`{"id":"refused","type":"next","payload":{"errors":[{"message":"no room"}]}}`, `{"id":"refused","type":"complete"}`)
	c.say(`{"id":"v","type":"subscribe","payload":{"query":"query A($s: Boolean!) { name @skip(if: $s) } query B { panic }","operationName":"A","variables":{"s":false},"extensions":{}},"more":1}`)
	c.hears(`{"id":"v","type":"next","payload":{"data":{"name":"test"}}}`, `{"id":"v","type":"complete"}`)
}

func TestARequestErrorIsTheLastWordOnAnOperation(t *testing.T) {
	t.Parallel()
	c := newStage(t, transport.WebSocketConfig{}).open(t)
	for _, query := range []string{`{`, `{ nothing }`, ``} {
		c.subscribe("1", query)
		if got := c.hear(); !strings.HasPrefix(got, `{"id":"1","type":"error","payload":[{"message":`) {
			t.Errorf("%q is answered %s, want an error", query, got)
		}
	}
	c.say(`{"id":"1","type":"subscribe","payload":{"extensions":{"persistedQuery":{}}}}`) // a document by its name alone
	if got := c.hear(); !strings.Contains(got, `"type":"error"`) {
		t.Errorf("a document by its name is answered %s, want an error", got)
	}
	c.subscribe("1", `{ name }`)
	c.hears(`{"id":"1","type":"next","payload":{"data":{"name":"test"}}}`, `{"id":"1","type":"complete"}`)
}

func TestASubscriptionThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	c := newStage(t, transport.WebSocketConfig{}).open(t)
	c.subscribe("1", `subscription { failing }`)
	c.hears(`{"id":"1","type":"next","payload":{"data":{"failing":1}}}`,
		`{"id":"1","type":"error","payload":[{"message":"too slow","extensions":{"code":"OVERLOADED"}}]}`)
	c.say(`{"type":"ping"}`)
	c.hears(`{"type":"pong"}`)
}

func TestAPanicEndsItsOperationAlone(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{})
	c := s.open(t)
	c.subscribe("stays", `subscription { forever }`)
	for _, query := range []string{`{ panic }`, `subscription { panic }`} {
		c.subscribe("1", query)
		c.hears(`{"id":"1","type":"error","payload":[{"message":"internal server error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`)
	}
	if s.active.Load() != 1 {
		t.Error("the other operation is gone")
	}
}

func TestCompleteCancelsAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{})
	c := s.open(t)
	for range 3 {
		c.subscribe("1", `subscription { forever }`)
		eventually(t, "it runs", func() bool { return s.active.Load() == 1 })
		c.say(`{"id":"1","type":"complete"}`, `{"id":"unknown","type":"complete"}`)
		eventually(t, "it is cancelled", func() bool { return s.active.Load() == 0 })
	}
	c.subscribe("2", `{ held }`)
	<-s.held
	c.say(`{"id":"2","type":"complete"}`, `{"type":"ping"}`)
	c.hears(`{"type":"pong"}`)
	c.subscribe("3", `{ name }`) // nothing of the others comes first
	c.hears(`{"id":"3","type":"next","payload":{"data":{"name":"test"}}}`, `{"id":"3","type":"complete"}`)
}

func TestAClientThatLeavesTakesItsOperationsWithIt(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*websocket.Conn) error{
		"with a word": func(conn *websocket.Conn) error { return conn.Close(websocket.StatusNormalClosure, "") },
		"without one": (*websocket.Conn).CloseNow,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, transport.WebSocketConfig{})
			c := s.open(t)
			for i := range 10 {
				c.subscribe(fmt.Sprint(i), `subscription { forever }`)
			}
			c.subscribe("held", `{ held }`)
			<-s.held
			eventually(t, "all run", func() bool { return s.active.Load() == 10 })
			if err := leave(c.conn); err != nil {
				t.Error(err)
			}
			eventually(t, "all are over", func() bool { return s.active.Load() == 0 && s.serving.Load() == 0 })
		})
	}
}

// A case of A087 and A088, among others.
func TestHandshakesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{})
	for name, c := range map[string]struct {
		header map[string]string
		status int
	}{
		"this server's own page":  {map[string]string{"Origin": s.url}, http.StatusSwitchingProtocols},
		"another page":            {map[string]string{"Origin": "https://evil.example"}, http.StatusForbidden},
		"another port":            {map[string]string{"Origin": "http://127.0.0.1:1"}, http.StatusForbidden},
		"a page in a sandbox":     {map[string]string{"Origin": "null"}, http.StatusForbidden},
		"a page of no address":    {map[string]string{"Origin": "::"}, http.StatusForbidden},
		"another version":         {map[string]string{"Sec-WebSocket-Version": "8"}, http.StatusBadRequest},
		"no key":                  {map[string]string{"Sec-WebSocket-Key": ""}, http.StatusBadRequest},
		"a key of another length": {map[string]string{"Sec-WebSocket-Key": "aHVudGVyMg=="}, http.StatusBadRequest},
		"a key that is no base64": {map[string]string{"Sec-WebSocket-Key": "<hunter2>"}, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{
				"Connection": "keep-alive, Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
				"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "graphql-transport-ws",
			} {
				req.Header.Set(name, value)
			}
			for name, value := range c.header {
				req.Header.Set(name, value)
			}
			res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
			if res.StatusCode != c.status {
				t.Errorf("status = %d, want %d", res.StatusCode, c.status)
			}
			if res.StatusCode == http.StatusSwitchingProtocols {
				return
			}
			if body, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(body), "BAD_REQUEST") || strings.Contains(string(body), "hunter2") {
				t.Errorf("the answer is %s, %v", body, err)
			}
		})
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{Connections: 2})
	first := s.open(t)
	s.open(t)
	_, res, err := websocket.Dial(t.Context(), s.url, nil) //nolint:bodyclose // it has been read by now
	if err == nil || res == nil || res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Fatalf("one connection too many is answered %+v, %v; want 503 with Retry-After", res, err)
	}
	if body, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(body), "OVERLOADED") {
		t.Errorf("the answer is %s, %v", body, err)
	}
	if err := first.conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	eventually(t, "it makes room", func() bool { return s.serving.Load() == 1 })
	s.open(t)
}

// A095, and what it must not cost the operations within the limit.
func TestOperationsOfAConnectionAreBounded(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{Operations: 100})
	c := s.open(t)
	const asked = 2000
	go func() {
		for i := range asked {
			c.tell(websocket.MessageText, subscribing(fmt.Sprint(i), `subscription { forever }`))
		}
	}()
	for range asked - 100 {
		if got := c.hear(); !strings.Contains(got, `"type":"error","payload":[{"message":"operations at a time on one connection: found 101, allowed 100","extensions":{"code":"LIMIT_EXCEEDED"}}]`) {
			t.Fatalf("an operation too many is answered %s", got)
		}
	}
	eventually(t, "the others run", func() bool { return s.active.Load() == 100 })
	c.say(`{"id":"0","type":"complete"}`)
	eventually(t, "there is room", func() bool { return s.active.Load() == 99 })
	var got string
	eventually(t, "its place is free", func() bool {
		c.subscribe("again", `{ name }`)
		got = c.hear()
		return strings.Contains(got, `"next"`)
	})
	c.hears(`{"id":"again","type":"complete"}`)
}

func TestAConnectionHearsPings(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{PingInterval: 5 * time.Millisecond})
	c := s.open(t)
	for range 3 {
		_, text, err := c.conn.Read(c.ctx) // which answers WebSocket's own pings
		if err != nil || string(text) != `{"type":"ping"}` {
			t.Fatalf("heard %s, %v, want a ping", text, err)
		}
		c.say(`{"type":"pong"}`)
	}
}
