package transport

import (
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"

	"barograph/internal/strictjson"
)

// The types of messages.
const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

const (
	// messageEnvelope is how deep in a message the values of its variables' fields
	// stand: message, payload, variables, input, field.
	messageEnvelope = 5
	idLimit         = 256     // bytes
	pingLimit       = 4 << 10 // bytes of a payload that is sent back
)

// A message is one from a client.
type message struct {
	kind    string
	id      string             // of subscribe and complete
	params  *graphql.RawParams // of subscribe
	payload json.RawMessage    // of a ping or an init, if it has one
}

// readMessage reads strict JSON, and reports whether it is a message as the
// subprotocol has it: exact names, right types. Like the reference
// implementation, it ignores other members.
func readMessage(text []byte) (m message, ok bool) {
	if strictjson.CheckDepth(text, strictjson.DepthLimit+messageEnvelope) != nil {
		return message{}, false
	}
	members, ok := strictjson.Members(text)
	if !ok {
		return message{}, false
	}
	if m.kind, ok = strictjson.Text(members["type"]); !ok {
		return message{}, false
	}
	switch payload := members["payload"]; m.kind {
	case typePong:
		return m, isObjectOrNothing(payload)
	case typeInit, typePing:
		if !isNothing(payload) {
			m.payload = payload
		}
		return m, isObjectOrNothing(payload) && (m.kind == typeInit || len(payload) <= pingLimit)
	case typeSubscribe:
		if m.id, ok = readID(members["id"]); !ok {
			return message{}, false
		}
		m.params, ok = readSubscribe(payload)
		return m, ok
	case typeComplete:
		m.id, ok = readID(members["id"])
		return m, ok
	}
	return message{}, false
}

func isNothing(text json.RawMessage) bool { return text == nil || string(text) == "null" }

func isObjectOrNothing(text json.RawMessage) bool { return isNothing(text) || text[0] == '{' }

func readID(text json.RawMessage) (id string, ok bool) {
	id, ok = strictjson.Text(text)
	return id, ok && id != "" && len(id) <= idLimit
}

// readSubscribe reads the payload of a subscribe message. Its query may be missing
// where extensions may name a document that the server knows.
func readSubscribe(text json.RawMessage) (params *graphql.RawParams, ok bool) {
	members, ok := strictjson.Members(text)
	if !ok || isNothing(members[query]) && isNothing(members[extensions]) {
		return nil, false
	}
	params, wrong := readParams(members)
	return params, wrong == nil
}

// writeMessage writes a message about an operation. Both the id and the payload
// are JSON; a payload may be missing.
func writeMessage(kind string, id, payload []byte) []byte {
	text := make([]byte, 0, len(id)+len(payload)+len(`{"id":,"type":"complete","payload":}`))
	text = append(append(text, `{"id":`...), id...)
	text = append(append(text, `,"type":"`...), kind...)
	text = append(text, '"')
	if payload != nil {
		text = append(append(text, `,"payload":`...), payload...)
	}
	return append(text, '}')
}

var (
	ackMessage  = []byte(`{"type":"` + typeAck + `"}`)
	pingMessage = []byte(`{"type":"` + typePing + `"}`)
)

// pongMessage returns the answer to a ping.
func pongMessage(payload json.RawMessage) []byte {
	if payload == nil {
		return []byte(`{"type":"` + typePong + `"}`)
	}
	return append(append([]byte(`{"type":"`+typePong+`","payload":`), payload...), '}')
}
