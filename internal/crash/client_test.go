package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// patience is how long a client waits for an answer. A gateway that is killed
// breaks the connection; one whose database is gone answers by then.
const patience = 20 * time.Second

// client is that of all who ask. It keeps few connections: those to the dead are
// broken anyhow.
var client = &http.Client{}

// An answer is that to an operation.
type answer struct {
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
}

// ask sends an operation, which must succeed, and reads its data.
func (g *gateway) ask(ctx context.Context, query string, variables map[string]any, data any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	var a answer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		return fmt.Errorf("read an answer of status %d: %w", res.StatusCode, err)
	}
	if len(a.Errors) > 0 {
		return errors.New(a.Errors[0].Extensions.Code + ": " + a.Errors[0].Message)
	}
	return json.Unmarshal(a.Data, data)
}
