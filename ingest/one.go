package ingest

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"barograph/internal/fault"
	"barograph/internal/strictjson"
	"barograph/pipeline"
)

// one answers a request with one event.
func (h *Handler) one(w http.ResponseWriter, r *http.Request, a asked) {
	body, wrong := whole(w, r, a)
	if wrong != nil {
		wrong.answer(r.Context(), w)
		return
	}
	i := single(r, a.format, body)
	g := newGroup(a.pipeline, []item{i})
	g.paid = true // with the request
	h.attempt(r.Context(), g)
	told := g.results[0]
	countResults(r.Context(), g.results)
	status := http.StatusAccepted
	switch {
	case told.Problem != nil:
		status = statusOf(told.Problem.Code)
	case told.Outcome == duplicate:
		status = http.StatusOK
	}
	told.Line = 0
	answer(w, status, told.Problem, told)
}

// whole reads the body of one event.
func whole(w http.ResponseWriter, r *http.Request, a asked) ([]byte, *refusal) {
	var from io.Reader = http.MaxBytesReader(w, r.Body, pipeline.PayloadLimit)
	if a.gzip {
		from = io.LimitReader(&unzipped{from: from}, pipeline.PayloadLimit+1)
	}
	body, err := io.ReadAll(from)
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over) || len(body) > pipeline.PayloadLimit:
		w.Header().Set("Connection", "close")
		p := problemOf(tooLarge("event"))
		return nil, &refusal{status: http.StatusRequestEntityTooLarge, problem: *p}
	case err != nil:
		w.Header().Set("Connection", "close")
		return nil, refuse(http.StatusBadRequest, fault.BadRequest.Code(), "the request's body cannot be read to its end")
	}
	return body, nil
}

// single returns the item that a request with one event is.
func single(r *http.Request, f format, body []byte) item {
	if err := strictjson.Check(body); err != nil && (f == structured || len(body) > 0) {
		return item{refusal: pipeline.Refuse(pipeline.PayloadNotObject, "the body is refused: %v", err)}
	}
	if f == structured {
		return eventItem(0, body)
	}
	event, refusal := fromHeaders(r.Header)
	if refusal != nil {
		return item{refusal: refusal}
	}
	if len(body) > 0 {
		event["data"] = body
	}
	id, payload, refusal := payloadOf(event)
	return item{id: id, payload: payload, refusal: refusal}
}

// fromHeaders returns the attributes of an event that headers have, as they are
// in the JSON format.
func fromHeaders(header http.Header) (map[string]json.RawMessage, *pipeline.Refusal) {
	const prefix = "Ce-"
	event := map[string]json.RawMessage{}
	for name, values := range header {
		attribute := strings.ToLower(strings.TrimPrefix(name, prefix))
		switch {
		case name == "Content-Type":
			attribute = "datacontenttype"
		case !strings.HasPrefix(name, prefix), attribute == "data", attribute == "data_base64", attribute == "datacontenttype":
			continue
		}
		value, err := decoded(values)
		if err == nil {
			event[attribute], err = strictjson.Marshal(value)
		}
		if err != nil || !utf8.ValidString(value) {
			return nil, pipeline.Refuse(pipeline.PayloadInvalid, "a header of the event cannot be read").At(attribute)
		}
	}
	return event, nil
}

// decoded returns what a header says: https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/http-protocol-binding.md#3132-http-header-values
func decoded(values []string) (string, error) {
	if len(values) != 1 {
		return "", errors.New("several headers of one name")
	}
	value := values[0]
	if inner, quoted := strings.CutPrefix(value, `"`); quoted && strings.HasSuffix(inner, `"`) {
		value = unquote(strings.TrimSuffix(inner, `"`))
	}
	return unescape(value), nil
}

// unescape decodes the percent signs that code a byte. Others stand for
// themselves: the SDK for Go codes nothing.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if c, err := hex.DecodeString(text[min(i+1, len(text)):min(i+3, len(text))]); text[i] == '%' && err == nil && len(c) == 1 {
			b.WriteByte(c[0])
			i += 2
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// unquote takes away the backslashes of a quoted text.
func unquote(text string) string {
	var b strings.Builder
	escaped := false
	for i := range len(text) {
		if escaped = !escaped && text[i] == '\\'; !escaped {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}
