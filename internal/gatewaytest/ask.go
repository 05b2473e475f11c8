package gatewaytest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// An Answer is what a gateway answers.
type Answer struct {
	Data   json.RawMessage
	Errors []Error
}

// An Error is one of an answer's.
type Error struct {
	Message    string
	Path       []any
	Extensions struct {
		Code         string
		Retryable    bool
		RetryAfterMs int
	}
}

// Where returns the error's path with dots, as in "cities.1.weather".
func (e Error) Where() string {
	parts := make([]string, len(e.Path))
	for i, part := range e.Path {
		parts[i] = fmt.Sprint(part)
	}
	return strings.Join(parts, ".")
}

// Variables are an operation's.
type Variables map[string]any

// Ask sends an operation and returns the answer. It may be called from any
// goroutine of the test.
func (g *Gateway) Ask(t testing.TB, query string, variables Variables) Answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Errorf("marshal request: %v", err)
		return Answer{}
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		t.Errorf("make request: %v", err)
		return Answer{}
	}
	req.Header = g.Header()
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Errorf("ask: %v", err)
		return Answer{}
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	var answer Answer
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Errorf("read answer of status %d: %v", res.StatusCode, err)
	}
	return answer
}

// Data sends an operation that must succeed, and reads its data into data.
func (g *Gateway) Data(t testing.TB, query string, variables Variables, data any) {
	t.Helper()
	answer := g.Ask(t, query, variables)
	for _, e := range answer.Errors {
		t.Errorf("error at %s: %s %s", e.Where(), e.Extensions.Code, e.Message)
	}
	if err := json.Unmarshal(answer.Data, data); err != nil {
		t.Fatalf("read data %s: %v", answer.Data, err)
	}
}

// Error sends an operation that must fail at one place, and returns how.
func (g *Gateway) Error(t testing.TB, query string, variables Variables) Error {
	t.Helper()
	answer := g.Ask(t, query, variables)
	if len(answer.Errors) != 1 {
		t.Fatalf("errors = %+v, want one; data = %s", answer.Errors, answer.Data)
	}
	return answer.Errors[0]
}
