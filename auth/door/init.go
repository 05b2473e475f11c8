package door

import (
	"context"
	"encoding/json"
	"net/http"

	"barograph/auth"
)

// Init returns whose a WebSocket is, by the payload of its connection_init, an
// object of JSON or nothing: whoever that says, or else whoever the handshake
// did, which ctx knows. Both must be the same. The credential stands in the
// payload as in the headers of a request, or in an object headers within it.
func (d *Door) Init(ctx context.Context, payload []byte) (*auth.Principal, error) {
	before := auth.From(ctx)
	given, err := ofPayload(payload)
	if err != nil {
		count(auth.Nobody, malformed)
		return nil, err
	}
	if given == nil {
		if before.Kind == auth.Nobody {
			count(auth.Nobody, absent)
			return nil, before.Refuse()
		}
		return before, nil
	}
	p, err := d.check(ctx, given)
	if err != nil {
		return nil, err
	}
	if before.Kind != auth.Nobody && before.Kind != auth.Developer && !before.Same(p) {
		count(auth.Nobody, malformed)
		return nil, errTwo
	}
	return p, nil
}

// ofPayload returns the credential in the payload of a connection_init, or nil.
func ofPayload(payload []byte) (*credential, error) {
	if len(payload) == 0 {
		return nil, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil {
		return nil, errNone
	}
	bearers, keys, err := values(members)
	if err != nil {
		return nil, err
	}
	for name, text := range members {
		if http.CanonicalHeaderKey(name) != "Headers" {
			continue
		}
		var headers map[string]json.RawMessage
		if err := json.Unmarshal(text, &headers); err != nil {
			return nil, errNone
		}
		moreBearers, moreKeys, err := values(headers)
		if err != nil {
			return nil, err
		}
		bearers, keys = append(bearers, moreBearers...), append(keys, moreKeys...)
	}
	return one(bearers, keys)
}

// values returns those of the headers with credentials, by any spelling of their
// names. Those that are null are not given.
func values(members map[string]json.RawMessage) (bearers, keys []string, err error) {
	for name, text := range members {
		var into *[]string
		switch http.CanonicalHeaderKey(name) {
		case authorization:
			into = &bearers
		case apiKey:
			into = &keys
		default:
			continue
		}
		var value string
		if err := json.Unmarshal(text, &value); err != nil {
			return nil, nil, errNone
		}
		*into = append(*into, value)
	}
	return bearers, keys, nil
}
