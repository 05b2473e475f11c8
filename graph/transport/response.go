package transport

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"

	"barograph/graph/caching"
)

// respond answers with a response that nobody keeps.
func respond(w http.ResponseWriter, mediaType string, status int, response *graphql.Response) {
	body, err := encode(response)
	if err != nil {
		broken := broken()
		status, body = broken.status, broken.body
	}
	w.Header().Set("Cache-Control", caching.Policy{}.Header())
	write(w, mediaType, status, body)
}

func write(w http.ResponseWriter, mediaType string, status int, body []byte) {
	w.Header().Set("Content-Type", mediaType+"; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON, by a type that is not guessed; and the client may be gone
}

// broken is the answer where a resolver wrote what is not JSON: a bug.
func broken() answer {
	const body = `{"errors":[{"message":"internal server error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`
	return answer{status: http.StatusInternalServerError, body: []byte(body)}
}

// encode writes a response without a data entry when nothing was executed.
// Data is copied as it is: it has been written as JSON already.
func encode(response *graphql.Response) ([]byte, error) {
	var body bytes.Buffer
	body.Grow(len(response.Data) + 64)
	separator := byte('{')
	entry := func(name string, value []byte) {
		body.WriteByte(separator)
		body.WriteString(strconv.Quote(name))
		body.WriteByte(':')
		body.Write(value)
		separator = ','
	}
	if len(response.Errors) > 0 {
		errs, err := json.Marshal(response.Errors)
		if err != nil {
			return nil, err
		}
		entry("errors", errs)
	}
	if response.Data != nil {
		entry("data", response.Data)
	}
	if len(response.Extensions) > 0 {
		extensions, err := encodeExtensions(response.Extensions)
		if err != nil {
			return nil, err
		}
		entry("extensions", extensions)
	}
	if separator == '{' {
		body.WriteByte('{')
	}
	body.WriteByte('}')
	return body.Bytes(), nil
}

// An appender writes itself as JSON, for less than reflection takes: what stands in
// every answer should.
type appender interface{ AppendJSON(text []byte) []byte }

func encodeExtensions(extensions map[string]any) ([]byte, error) {
	text := append(make([]byte, 0, 256), '{') // in one piece, mostly
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(strconv.AppendQuote(text, name), ':')
		if a, ok := extensions[name].(appender); ok {
			text = a.AppendJSON(text)
			continue
		}
		value, err := json.Marshal(extensions[name])
		if err != nil {
			return nil, err
		}
		text = append(text, value...)
	}
	return append(text, '}'), nil
}
