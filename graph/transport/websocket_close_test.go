package transport_test

import (
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"barograph/graph/transport"
)

// A092 and A093, among others.
func TestEveryViolationHasItsCode(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{MessageBytes: 8 << 10})
	const (
		opening = `{"type":"connection_init"}`
		running = `{"id":"1","type":"subscribe","payload":{"query":"subscription { forever }"}}`
	)
	deep := strings.Repeat(`{"a":`, 80) + "1" + strings.Repeat("}", 80)
	long := strings.Repeat("x", 257)
	for name, c := range map[string]struct {
		messages []string
		code     websocket.StatusCode
		reason   string
	}{
		"no JSON":                        {[]string{`hunter2`}, 4400, ""},
		"nothing":                        {[]string{``}, 4400, ""},
		"no object":                      {[]string{`["hunter2"]`}, 4400, ""},
		"null":                           {[]string{`null`}, 4400, ""},
		"two values":                     {[]string{opening + `{}`}, 4400, ""},
		"duplicate names":                {[]string{`{"type":"ping","type":"connection_init"}`}, 4400, ""},
		"a name in another case":         {[]string{`{"Type":"connection_init"}`}, 4400, ""},
		"a lone surrogate":               {[]string{`{"type":"ping","payload":{"a":"\ud800"}}`}, 4400, ""},
		"bad UTF-8":                      {[]string{"{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}"}, 4400, ""},
		"too deep":                       {[]string{`{"type":"connection_init","payload":` + deep + `}`}, 4400, ""},
		"no type":                        {[]string{`{}`}, 4400, ""},
		"a type of another type":         {[]string{`{"type":["hunter2"]}`}, 4400, ""},
		"an unknown type":                {[]string{`{"type":"hunter2"}`}, 4400, ""},
		"a server's type":                {[]string{opening, `{"type":"connection_ack"}`}, 4400, ""},
		"the older protocol's type":      {[]string{opening, `{"type":"start","id":"1","payload":{"query":"{ name }"}}`}, 4400, ""},
		"an init's payload of a string":  {[]string{`{"type":"connection_init","payload":"hunter2"}`}, 4400, ""},
		"an init's payload of an array":  {[]string{`{"type":"connection_init","payload":[]}`}, 4400, ""},
		"a ping's payload of a number":   {[]string{`{"type":"ping","payload":7}`}, 4400, ""},
		"a ping's payload, too long":     {[]string{`{"type":"ping","payload":{"a":"` + strings.Repeat("x", 4<<10) + `"}}`}, 4400, ""},
		"no id":                          {[]string{opening, `{"type":"subscribe","payload":{"query":"{ name }"}}`}, 4400, ""},
		"an empty id":                    {[]string{opening, `{"id":"","type":"subscribe","payload":{"query":"{ name }"}}`}, 4400, ""},
		"an id of a number":              {[]string{opening, `{"id":7,"type":"subscribe","payload":{"query":"{ name }"}}`}, 4400, ""},
		"an id that is too long":         {[]string{opening, `{"id":"` + long + `","type":"subscribe","payload":{"query":"{ name }"}}`}, 4400, ""},
		"nothing to complete":            {[]string{opening, `{"type":"complete"}`}, 4400, ""},
		"no payload":                     {[]string{opening, `{"id":"1","type":"subscribe"}`}, 4400, ""},
		"a payload of null":              {[]string{opening, `{"id":"1","type":"subscribe","payload":null}`}, 4400, ""},
		"no query":                       {[]string{opening, `{"id":"1","type":"subscribe","payload":{}}`}, 4400, ""},
		"a query of a number":            {[]string{opening, `{"id":"1","type":"subscribe","payload":{"query":7}}`}, 4400, ""},
		"a query in another case":        {[]string{opening, `{"id":"1","type":"subscribe","payload":{"Query":"{ name }"}}`}, 4400, ""},
		"an operation's number":          {[]string{opening, `{"id":"1","type":"subscribe","payload":{"query":"{ name }","operationName":7}}`}, 4400, ""},
		"variables in a string":          {[]string{opening, `{"id":"1","type":"subscribe","payload":{"query":"{ name }","variables":"{}"}}`}, 4400, ""},
		"extensions in an array":         {[]string{opening, `{"id":"1","type":"subscribe","payload":{"query":"{ name }","extensions":[]}}`}, 4400, ""},
		"an operation before the init":   {[]string{running}, 4401, "Unauthorized"},
		"two inits":                      {[]string{opening, opening}, 4429, "Too many initialisation requests"},
		"an id that is in use":           {[]string{opening, running, running}, 4409, "Subscriber for 1 already exists"},
		"an odd id that is in use":       {[]string{opening, strings.Replace(running, `"1"`, `"hunter2\n"`, 1), strings.Replace(running, `"1"`, `"hunter2\n"`, 1)}, 4409, "Subscriber for this id already exists"},
		"a long id that is in use":       {[]string{opening, strings.Replace(running, `"1"`, `"`+long[:256]+`"`, 1), strings.Replace(running, `"1"`, `"`+long[:256]+`"`, 1)}, 4409, "Subscriber for this id already exists"},
		"a message that is too big":      {[]string{opening, `{"type":"ping","payload":{"a":"` + strings.Repeat("x", 8<<10) + `"}}`}, 1009, "Message too big"},
		"a message that is far too big":  {[]string{strings.Repeat(" ", 1<<20)}, 1009, "Message too big"},
		"a big message that is just fit": {[]string{strings.Repeat(" ", 8<<10)}, 4400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := s.dial(t, "graphql-transport-ws")
			for _, text := range c.messages {
				client.tell(websocket.MessageText, text)
			}
			if c.reason == "" {
				c.reason = "Invalid message received"
			}
			client.isClosed(c.code, c.reason)
		})
	}
	t.Run("a binary message", func(t *testing.T) {
		t.Parallel()
		c := s.dial(t, "graphql-transport-ws")
		c.tell(websocket.MessageBinary, opening)
		c.isClosed(4400, "Invalid message received")
	})
}

func TestAnotherSubprotocolIsNotAcceptable(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{})
	for _, offered := range [][]string{nil, {"graphql-ws"}} {
		s.dial(t, offered...).isClosed(4406, "Subprotocol not acceptable")
	}
	c := s.dial(t, "graphql-ws", "graphql-transport-ws")
	c.say(`{"type":"connection_init","payload":{"token":"x"}}`)
	c.hears(`{"type":"connection_ack"}`)
}

func TestAClientThatDoesNotInitialiseIsClosed(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{InitTimeout: 500 * time.Millisecond})
	s.dial(t, "graphql-transport-ws").isClosed(4408, "Connection initialisation timeout")

	chatty := s.dial(t, "graphql-transport-ws")
	chatty.say(`{"type":"ping"}`)
	chatty.hears(`{"type":"pong"}`)
	chatty.isClosed(4408, "Connection initialisation timeout")
}

func TestAClientThatInitialisesStays(t *testing.T) {
	t.Parallel()
	c := newStage(t, transport.WebSocketConfig{InitTimeout: time.Second}).open(t)
	<-time.After(1100 * time.Millisecond)
	c.say(`{"type":"ping"}`)
	c.hears(`{"type":"pong"}`)
}

// Whatever a client says, the socket lives, or closes as the subprotocol wants,
// and repeats nothing of it.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"type":"connection_init"}`, `{"type":"connection_init","payload":{"a":1}}`, `{"type":"ping","payload":{}}`, `{"type":"pong"}`,
		`{"id":"1","type":"subscribe","payload":{"query":"{ name }","variables":{},"operationName":null,"extensions":{}}}`,
		`{"id":"1","type":"subscribe","payload":{"query":"{ name","extensions":{"persistedQuery":{"version":1}}}}`,
		`{"id":"1","type":"complete"}`, `{"type":"bogus"}`, `[]`, `{"type":"ping","type":"pong"}`, `{"id":"\ud800","type":"complete"}`,
	} {
		f.Add(seed)
	}
	s := newStage(f, transport.WebSocketConfig{InitTimeout: time.Hour})
	f.Fuzz(func(t *testing.T, text string) {
		c := s.open(t)
		c.tell(websocket.MessageText, text)
		c.tell(websocket.MessageText, `{"type":"ping","payload":{"over":true}}`)
		for {
			_, heard, err := c.conn.Read(c.ctx)
			switch code := websocket.CloseStatus(err); {
			case string(heard) == `{"type":"pong","payload":{"over":true}}`:
				return
			case err == nil, code == 4400, code == 4429, code == websocket.StatusMessageTooBig:
			default:
				t.Fatalf("after %q: %v", text, err)
			}
			if err != nil {
				return
			}
		}
	})
}
