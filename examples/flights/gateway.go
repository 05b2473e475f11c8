package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

const (
	askTimeout  = 30 * time.Second
	answerLimit = 64 << 20
)

// A gateway is the server that is asked. It is safe for concurrent use.
type gateway struct {
	url  string
	http *http.Client
}

// newGateway returns the gateway at a URL, asked over at most as many connections,
// which are kept. Close it when done.
func newGateway(url string, connections int) *gateway {
	return &gateway{url: url, http: &http.Client{
		Timeout: askTimeout,
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			MaxConnsPerHost:     connections,
			MaxIdleConnsPerHost: connections,
			IdleConnTimeout:     time.Minute,
		},
	}}
}

func (g *gateway) close() { g.http.CloseIdleConnections() }

// An operation is a GraphQL document with one operation in it, and its name.
type operation struct{ name, document string }

// ask sends an operation and decodes the answer's data into data. The errors in
// an answer come back as answerErrors, when its data has been decoded too.
func (g *gateway) ask(ctx context.Context, o operation, variables map[string]any, data any) error {
	body, err := json.Marshal(map[string]any{"query": o.document, "operationName": o.name, "variables": variables})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/graphql-response+json, application/json;q=0.9")
	response, err := g.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask the gateway: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end or given up
	text, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("read the gateway's answer: %w", err)
	}
	mediaType, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || !strings.HasSuffix(mediaType, "json") {
		return fmt.Errorf("the gateway answered %s: %.200s", response.Status, text)
	}
	answer := struct {
		Data   any          `json:"data"`
		Errors answerErrors `json:"errors"`
	}{Data: data}
	switch err := json.Unmarshal(text, &answer); {
	case err != nil:
		return fmt.Errorf("read the gateway's answer: %w", err)
	case len(answer.Errors) > 0:
		return answer.Errors
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("the gateway answered %s: %.200s", response.Status, text)
	}
	return nil
}

// An answerError is one of the errors in an answer.
type answerError struct {
	Message    string `json:"message"`
	Path       []any  `json:"path"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// answerErrors are the errors in an answer.
type answerErrors []answerError

// Error names the first of the errors and counts the others.
func (e answerErrors) Error() string {
	first := e[0]
	text := fmt.Sprintf("%s: %s", first.Extensions.Code, first.Message)
	if len(first.Path) > 0 {
		text += " at " + strings.ReplaceAll(strings.Trim(fmt.Sprint(first.Path), "[]"), " ", ".")
	}
	if len(e) > 1 {
		text += fmt.Sprintf(" (and %d more errors)", len(e)-1)
	}
	return text
}

// only reports whether all of the errors have the code.
func (e answerErrors) only(code string) bool {
	for _, one := range e {
		if one.Extensions.Code != code {
			return false
		}
	}
	return true
}

// A city is what the gateway says of one.
type city struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Admin1  string `json:"admin1"`
	Country string `json:"country"`
	point
}

// label returns the city's name with its place.
func (c city) label() string {
	if c.Admin1 == "" {
		return c.Name + ", " + c.Country
	}
	return c.Name + ", " + c.Admin1
}

var citiesQuery = operation{"Cities", `query Cities($names: [String!]!) {
  cities(names: $names) { id name admin1 country latitude longitude }
}`}

// cities returns the cities that go by the names. A name nobody bears is left out.
func (g *gateway) cities(ctx context.Context, names []string) (map[string]city, error) {
	var data struct{ Cities []*city }
	err := g.ask(ctx, citiesQuery, map[string]any{"names": names}, &data)
	var refused answerErrors
	if errors.As(err, &refused) && refused.only("NOT_FOUND") {
		err = nil // where the city is null
	}
	if err != nil {
		return nil, err
	}
	if len(data.Cities) != len(names) {
		return nil, fmt.Errorf("the gateway answered %d cities for %d names", len(data.Cities), len(names))
	}
	known := make(map[string]city, len(names))
	for i, c := range data.Cities {
		if c != nil {
			known[names[i]] = *c
		}
	}
	return known, nil
}
