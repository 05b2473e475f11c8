package schematest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// A client sends operations and reads answers.
type client struct {
	url  string
	http *http.Client
}

func newClient(url string) client {
	const patience = time.Minute
	return client{url, &http.Client{Timeout: patience}}
}

// An answer is what a server sends back.
type answer struct {
	Data   json.RawMessage
	Errors []answerError
}

// An answerError is one of an answer's errors.
type answerError struct {
	Message    string
	Path       []any
	Extensions map[string]any
}

func (e answerError) code() string {
	code, _ := e.Extensions["code"].(string)
	return code
}

func (e answerError) where() string {
	if len(e.Path) == 0 {
		return "the operation"
	}
	parts := make([]string, len(e.Path))
	for i, part := range e.Path {
		parts[i] = fmt.Sprint(part)
	}
	return strings.Join(parts, ".")
}

// body returns an operation as a server reads it.
func (op operation) body() (json.RawMessage, error) {
	// Values are sent as they are: the escapes of HTML would hide some.
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(map[string]any{"query": op.text, "variables": op.variables})
	return body.Bytes(), err
}

// post sends an operation by HTTP.
func (c client) post(ctx context.Context, op operation) (answer, error) {
	body, err := op.body()
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/graphql-response+json, application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	a, err := readAnswer(text)
	if err != nil {
		return answer{}, fmt.Errorf("status %d: %w", res.StatusCode, err)
	}
	return a, nil
}

// readAnswer reads an answer, which has data or errors and nothing unheard of.
func readAnswer(text []byte) (answer, error) {
	members, err := membersOf(text)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", brief(text), err)
	}
	for _, m := range members {
		if m.name != "data" && m.name != "errors" && m.name != "extensions" {
			return answer{}, fmt.Errorf("an answer has no member %s", m.name)
		}
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return answer{}, err
	}
	if a.Data == nil && len(a.Errors) == 0 {
		return answer{}, errors.New("neither data nor errors")
	}
	return a, nil
}
