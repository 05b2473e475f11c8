package transport

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/internal/fault"
)

// refuse answers a request of which nothing is executed.
func refuse(w http.ResponseWriter, mediaType string, status int, message string) {
	respond(w, mediaType, status, &graphql.Response{Errors: gqlerror.List{coded(message, fault.BadRequest)}})
}

func coded(message string, kind fault.Kind) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": kind.Code()}}
}

func respond(w http.ResponseWriter, mediaType string, status int, response *graphql.Response) {
	body, err := encode(response)
	if err != nil { // a resolver wrote what is not JSON: a bug
		status, body = http.StatusInternalServerError, []byte(`{"errors":[{"message":"internal server error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`)
	}
	w.Header().Set("Content-Type", mediaType+"; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON that says it is; and the client may be gone
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
		extensions, err := json.Marshal(response.Extensions)
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
