package transport

import (
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
	text := append(make([]byte, 0, len(response.Data)+around), '{') // in one piece, mostly
	if len(response.Errors) > 0 {
		errs, err := json.Marshal(response.Errors)
		if err != nil {
			return nil, err
		}
		text = append(member(text, "errors"), errs...)
	}
	if response.Data != nil {
		text = append(member(text, "data"), response.Data...)
	}
	if len(response.Extensions) > 0 {
		var err error
		if text, err = appendExtensions(member(text, "extensions"), response.Extensions); err != nil {
			return nil, err
		}
	}
	return append(text, '}'), nil
}

// around is what an answer takes around its data, mostly.
const around = 320

// member begins a member of the JSON object that text is so far.
func member(text []byte, name string) []byte {
	if text[len(text)-1] != '{' {
		text = append(text, ',')
	}
	return append(strconv.AppendQuote(text, name), ':')
}

// An appender writes itself as JSON, for less than reflection takes: what stands in
// every answer should.
type appender interface{ AppendJSON(text []byte) []byte }

func appendExtensions(text []byte, extensions map[string]any) ([]byte, error) {
	text = append(text, '{')
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		text = member(text, name)
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
