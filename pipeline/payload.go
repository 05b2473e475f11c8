package pipeline

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"barograph/internal/strictjson"
)

const (
	// PayloadLimit is how many bytes of JSON a payload may have.
	PayloadLimit = 256 << 10
	idLimit      = 255
)

// A Payload is a JSON object that may be processed.
type Payload struct {
	ID          string
	City        string          // what its "city" says, "" when that is no string
	JSON        json.RawMessage // as it was given
	Fingerprint Fingerprint
	members     map[string]json.RawMessage
}

// ParsePayload returns the payload that text is, or a *Refusal. The text must
// be one valid JSON value without duplicate names, which is what a strict
// decoder lets through.
func ParsePayload(text json.RawMessage) (*Payload, error) {
	if len(text) > PayloadLimit {
		return nil, Refuse(PayloadTooLarge, "the payload has %d bytes, and %d are allowed", len(text), PayloadLimit).At("input", "payload")
	}
	members, is := strictjson.Members(text)
	if !is {
		return nil, Refuse(PayloadNotObject, "the payload is not a JSON object").At("input", "payload")
	}
	p := &Payload{JSON: text, members: members}
	given, ok := members["id"]
	if !ok {
		return nil, Refuse(PayloadIDMissing, "the payload has no id").At("input", "payload", "id")
	}
	if p.ID, is = strictjson.Text(given); !is || !ValidID(p.ID) || strings.ContainsFunc(p.ID, deceptive) { // null leaves it empty
		return nil, Refuse(PayloadIDInvalid, "a payload's id is a string of 1 to %d characters, none of which controls lines or the direction of text", idLimit).At("input", "payload", "id")
	}
	p.City, _ = strictjson.Text(members["city"]) // of another type, it is no city
	fingerprint, err := fingerprintOf(text)
	if err != nil {
		return nil, err
	}
	p.Fingerprint = fingerprint
	return p, nil
}

// ValidID reports whether there can be a record of a payload with the id: one that
// was taken in long ago may be such as is refused today.
func ValidID(id string) bool {
	return id != "" && utf8.RuneCountInString(id) <= idLimit && storable(id)
}

// storable reports whether Postgres takes s for text: UTF-8 without U+0000.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// deceptive reports whether a character shows nothing of itself, and changes how
// what is around it is shown: on a page or in a terminal, an id with one in it may
// look like another. Letters that look alike are left alone, as are joiners, which
// languages need: ids are compared byte by byte.
func deceptive(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}
