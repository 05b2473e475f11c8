package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"mime"
	"slices"
	"strings"

	"barograph/internal/strictjson"
	"barograph/pipeline"
)

// A CloudEvent becomes a payload: its data, with the event's identity for an id
// and the rest of the event under one more member. Who looks at the payload sees
// the data as it would have come without an envelope, and loses nothing.
const (
	idMember       = "id"
	envelopeMember = "cloudevent"
)

// left are the attributes that are not kept: those that say how the event was
// written, and those that tell one delivery of it from another, which would make
// the same event another payload when it is sent again.
var left = []string{"specversion", "datacontenttype", "data", "data_base64", "traceparent", "tracestate"}

// eventItem returns the item that an event in the JSON format is, which has been
// checked.
func eventItem(line int, text []byte) item {
	event, is := strictjson.Members(text)
	if !is {
		return item{line: line, refusal: pipeline.Refuse(pipeline.PayloadInvalid, "the event is not a JSON object")}
	}
	id, payload, refusal := payloadOf(event)
	return item{line: line, id: id, payload: payload, refusal: refusal}
}

// payloadOf returns the payload that an event is, with its id, or why it is
// none.
func payloadOf(event map[string]json.RawMessage) (id string, payload json.RawMessage, refusal *pipeline.Refusal) {
	maps.DeleteFunc(event, func(_ string, value json.RawMessage) bool { return bytes.Equal(value, []byte("null")) }) // as if they were not there
	if refusal := checkAttributes(event); refusal != nil {
		return "", nil, refusal
	}
	id = identity(text(event["source"]), text(event["id"]))
	data, is := strictjson.Members(event["data"])
	switch {
	case event["data_base64"] != nil:
		return id, nil, pipeline.Refuse(pipeline.PayloadNotObject, "the event's data is binary, and must be a JSON object").At("data_base64")
	case event["datacontenttype"] != nil && !isJSON(text(event["datacontenttype"])):
		return id, nil, pipeline.Refuse(pipeline.PayloadNotObject, "the event's data is not said to be JSON, and must be a JSON object").At("datacontenttype")
	case !is:
		return id, nil, pipeline.Refuse(pipeline.PayloadNotObject, "the event's data is not a JSON object").At("data")
	}
	payload, err := wrap(id, event, data)
	if err != nil { // a name that is no text, which strict JSON does not have
		return id, nil, pipeline.Refuse(pipeline.PayloadInvalid, "the event cannot be written")
	}
	return id, payload, nil
}

// wrap writes the payload of an event. What the event's own members displace in
// the data is kept beside its attributes.
func wrap(id string, event, data map[string]json.RawMessage) (payload json.RawMessage, err error) {
	displaced := map[string]json.RawMessage{}
	for _, name := range []string{idMember, envelopeMember} {
		if value, there := data[name]; there {
			displaced[name] = value
		}
	}
	envelope := maps.Clone(event)
	maps.DeleteFunc(envelope, func(name string, _ json.RawMessage) bool { return slices.Contains(left, name) })
	if len(displaced) > 0 {
		if envelope["data"], err = strictjson.Object(displaced); err != nil {
			return nil, err
		}
	}
	if data[idMember], err = strictjson.Marshal(id); err != nil {
		return nil, err
	}
	if data[envelopeMember], err = strictjson.Object(envelope); err != nil {
		return nil, err
	}
	return strictjson.Object(data)
}

// checkAttributes returns why an event has not the attributes of one, or nil.
func checkAttributes(event map[string]json.RawMessage) *pipeline.Refusal {
	if text(event["specversion"]) != "1.0" {
		return pipeline.Refuse(pipeline.PayloadInvalid, "the event's specversion is not 1.0").At("specversion")
	}
	for _, name := range []string{"id", "source"} {
		if text(event[name]) == "" {
			return pipeline.Refuse(pipeline.PayloadIDMissing, "the event has no %s, which is a text that is not empty", name).At(name)
		}
	}
	if strings.ContainsAny(text(event["source"]), blanks) {
		return pipeline.Refuse(pipeline.PayloadIDInvalid, "the event's source has blanks, and is no URI reference").At("source")
	}
	if text(event["type"]) == "" {
		return pipeline.Refuse(pipeline.PayloadInvalid, "the event has no type, which is a text that is not empty").At("type")
	}
	return nil
}

// identity returns the id of the payload that an event is. An event's id is its
// source's own: two sources may give the same. A source has no blanks, so that no
// two events share the two together. What is too long for a payload's id is
// told by its hash.
func identity(source, id string) string {
	whole := source + " " + id
	if pipeline.ValidID(whole) {
		return whole
	}
	hash := sha256.Sum256([]byte(whole))
	return "sha256:" + hex.EncodeToString(hash[:])
}

// text returns the text that a JSON value is, "" for any other value.
func text(value json.RawMessage) (s string) {
	s, _ = strictjson.Text(value)
	return s
}

// isJSON reports whether a media type says JSON.
func isJSON(contentType string) bool {
	name, _, err := mime.ParseMediaType(contentType)
	return err == nil && (name == mediaTypeJSON || name == "text/json" || strings.HasSuffix(name, "+json"))
}
