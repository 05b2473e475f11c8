package schematest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// A seed is what a gateway is given before it is asked: pipelines, one of them
// inactive and one that fails, records in the other, and where they are found again.
type seed struct {
	url                      string
	run                      string // in every name, so that runs do not meet
	pipeline, inactive       string
	failing                  string // each payload, in its step
	city, weather, placeID   string // ids
	pipelineID, record       string // ids
	recordCursor, nameCursor string
	eventCursor              string
	payloadID                string
	key, keyCursor           string // of an API key
	auditCursor              string
}

// post sends an operation that must succeed, and returns its data.
func (s *seed) post(ctx context.Context, query string, variables map[string]any) (map[string]any, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	var answer struct {
		Data   map[string]any
		Errors json.RawMessage
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Errors != nil {
		return nil, fmt.Errorf("errors: %s", answer.Errors)
	}
	return answer.Data, nil
}

const seeding = `mutation ($run: String!, $off: String!, $fails: String!, $skips: String!, $a: JSON!, $b: JSON!) {
	createPipeline(input: {name: $run, description: "For a walk through the schema.", definition: {attributes: {
		total: {expression: "payload.value", type: "NUMBER", range: true}, lane: {expression: "payload.city", type: "STRING"}
	}}}) { problems { code } }
	off: createPipeline(input: {name: $off}) { problems { code } }
	fails: createPipeline(input: {name: $fails, definition: {steps: [{kind: "transform", expression: "payload.missing"}]}}) { problems { code } }
	skips: createPipeline(input: {name: $skips, definition: {steps: [{kind: "filter", expression: "false"}]}}) { problems { code } }
	skipped: processPayload(input: {pipeline: $skips, payload: $a}) { problems { code } }
	replayRecords(input: {filter: {pipeline: $skips}, dryRun: false}) { problems { code } }
	updatePipeline(input: {name: $skips, description: "Leaves everything out."}) { problems { code } }
	idle: deactivatePipeline(input: {name: $skips}) { problems { code } }
	activatePipeline(input: {name: $skips}) { problems { code } }
	createApiKey(input: {name: "For a walk through the schema.", role: VIEWER, pipelines: [$run], expiresAt: "2100-01-01T00:00:00Z"}) { problems { code } apiKey { id } }
	deactivatePipeline(input: {name: $off}) { problems { code } }
	a: processPayload(input: {pipeline: $run, payload: $a}) { problems { code } }
	b: processPayload(input: {pipeline: $run, payload: $b}) { problems { code } }
}`

const finding = `query ($run: String!) {
	city(name: "Mumbai") { id weather { id } }
	weatherAt(latitude: 19, longitude: 72.9) { id }
	pipelines(last: 1) { pageInfo { startCursor } }
	apiKeys(last: 1) { pageInfo { startCursor } }
	auditEvents(last: 1) { pageInfo { startCursor } }
	pipeline(name: $run) { id records { nodes { id } pageInfo { endCursor } } }
}`

// newSeed seeds the gateway at url.
func newSeed(t *testing.T, url string) *seed {
	t.Helper()
	run := "walk-" + strings.ToLower(rand.Text()[:10])
	s := &seed{url: url, run: run, pipeline: run, inactive: run + "-off", failing: run + "-fails", payloadID: "first"}
	problems, err := s.post(t.Context(), seeding, map[string]any{
		"run": s.pipeline, "off": s.inactive, "fails": s.failing, "skips": run + "-skips",
		"a": map[string]any{"id": "first", "city": "Mumbai", "value": 42.5},
		"b": map[string]any{"id": "second", "city": "Mumbai"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range problems {
		if found := list(problems, name+".problems"); len(found) > 0 {
			t.Fatalf("seed: %s: %v", name, found)
		}
	}
	s.key = text(problems, "createApiKey.apiKey.id")
	if _, err := s.post(t.Context(), `mutation ($id: ID!) { revokeApiKey(input: {id: $id}) { problems { code } } }`, map[string]any{"id": s.key}); err != nil {
		t.Fatal(err)
	}
	found, err := s.post(t.Context(), finding, map[string]any{"run": run})
	if err != nil {
		t.Fatal(err)
	}
	s.city, s.weather, s.placeID = text(found, "city.id"), text(found, "city.weather.id"), text(found, "weatherAt.id")
	s.keyCursor, s.auditCursor = text(found, "apiKeys.pageInfo.startCursor"), text(found, "auditEvents.pageInfo.startCursor")
	s.nameCursor = text(found, "pipelines.pageInfo.startCursor")
	s.pipelineID, s.recordCursor = text(found, "pipeline.id"), text(found, "pipeline.records.pageInfo.endCursor")
	s.record = list(found, "pipeline.records.nodes")[0].(map[string]any)["id"].(string)
	s.eventCursor = s.event(t)
	return s
}

// event returns the cursor of an event: that of the first record that changes
// once a subscription stands.
func (s *seed) event(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	socket, res, err := websocket.Dial(ctx, strings.Replace(s.url, "http", "ws", 1), &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		_ = res.Body.Close()
	}
	defer socket.CloseNow() //nolint:errcheck // nothing is left to do about it
	for _, message := range []map[string]any{
		{"type": "connection_init"},
		{"type": "subscribe", "id": "1", "payload": map[string]any{"query": `subscription { recordChanged { cursor } }`}},
	} {
		if err := wsjson.Write(ctx, socket, message); err != nil {
			t.Fatal(err)
		}
	}
	cursor, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		for {
			var message map[string]any
			if err := wsjson.Read(ctx, socket, &message); err != nil {
				ended <- err
				return
			}
			if message["type"] == "next" {
				cursor <- text(message, "payload.data.recordChanged.cursor")
				return
			}
		}
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := s.trigger(ctx); err != nil {
			t.Fatal(err)
		}
		select {
		case found := <-cursor:
			return found
		case err := <-ended:
			t.Fatal(err)
		case <-tick.C:
		}
	}
}

// at returns what stands in an answer at a path with dots.
func at(data any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		object, _ := data.(map[string]any)
		data = object[name]
	}
	return data
}

func text(data map[string]any, path string) string {
	found, _ := at(data, path).(string)
	return found
}

func list(data map[string]any, path string) []any {
	found, _ := at(data, path).([]any)
	return found
}

// fresh returns a name that no one has had.
func (s *seed) fresh() string { return s.run + "-" + strings.ToLower(rand.Text()[:10]) }

// trigger makes a record change.
func (s *seed) trigger(ctx context.Context) error {
	_, err := s.post(ctx, `mutation ($run: String!, $p: JSON!) { processPayload(input: {pipeline: $run, payload: $p}) { duplicate } }`,
		map[string]any{"run": s.pipeline, "p": map[string]any{"id": s.fresh(), "city": "Mumbai"}})
	return err
}
