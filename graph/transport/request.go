package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"barograph/internal/strictjson"
)

// envelope is how deep in a request the values of its variables' fields stand:
// request, variables, input, field.
const envelope = 4

// A problem says why a request cannot be read.
type problem struct {
	status  int
	message string
}

func malformed(format string, args ...any) *problem {
	return &problem{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// read returns what a request asks for.
func (h HTTP) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *problem) {
	var (
		params *graphql.RawParams
		wrong  *problem
	)
	if r.Method == http.MethodGet {
		params, wrong = readQuery(r)
	} else {
		params, wrong = h.readBody(w, r)
	}
	if wrong == nil && params.Query == "" {
		wrong = malformed("the query is missing")
	}
	return params, wrong
}

func readQuery(r *http.Request) (*graphql.RawParams, *problem) {
	values := r.URL.Query()
	params := &graphql.RawParams{Query: values.Get("query"), OperationName: values.Get("operationName")}
	if wrong := readObject("variables", []byte(values.Get("variables")), &params.Variables); wrong != nil {
		return nil, wrong
	}
	return params, readObject("extensions", []byte(values.Get("extensions")), &params.Extensions)
}

func (h HTTP) readBody(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *problem) {
	mediaType, contentParams, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := contentParams["charset"]; err != nil || mediaType != mediaTypeJSON || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return nil, &problem{http.StatusUnsupportedMediaType, "the request's Content-Type must be application/json in UTF-8"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.BodyLimit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &problem{http.StatusRequestEntityTooLarge, fmt.Sprintf("the request's body is over %d bytes", h.BodyLimit)}
	case err != nil:
		return nil, malformed("the request's body ended too early")
	}
	if err := strictjson.CheckDepth(body, strictjson.DepthLimit+envelope); err != nil {
		return nil, malformed("the request's body is refused: %v", err)
	}
	// A map, since names in a struct would match in any case.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return nil, malformed("the request's body is not a JSON object")
	}
	params := &graphql.RawParams{}
	for name, text := range map[string]*string{"query": &params.Query, "operationName": &params.OperationName} {
		if json.Unmarshal(orNull(members[name]), text) != nil {
			return nil, malformed("%s must be a string", name)
		}
	}
	if wrong := readObject("variables", members["variables"], &params.Variables); wrong != nil {
		return nil, wrong
	}
	return params, readObject("extensions", members["extensions"], &params.Extensions)
}

func orNull(text json.RawMessage) json.RawMessage {
	if text == nil {
		return json.RawMessage("null")
	}
	return text
}

// readObject reads a JSON object or null, and leaves object as it is for no text.
func readObject(name string, text []byte, object *map[string]any) *problem {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if strictjson.CheckDepth(text, strictjson.DepthLimit+envelope) != nil || strictjson.Decode(text, object) != nil {
		return malformed("%s must be a JSON object", name)
	}
	return nil
}
