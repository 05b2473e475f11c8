package matrix_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"barograph/graph"
	"barograph/graph/federation"
	"barograph/internal/gatewaytest"
)

// absent are the fields that have no value on the stage, or not always, for whom
// it would be.
var absent = map[string]bool{
	"ApiKey.expiresAt": true, "ApiKey.lastUsedAt": true, "ApiKey.revokedAt": true, "ApiKey.revokedBy": true, "Caller.expiresAt": true,
	"PipelineBucket.latency": true, "PipelineStats.oldestAt": true,
	"Problem.retryAfterMs": true, "Rejected.payloadId": true, "RevokeApiKeyResult.apiKey": true,
	"Record.attributes": true, "Record.nextAttemptAt": true, "RecordGroup.value": true,
	"TestPipelineResult.attributes": true, "TestPipelineResult.failure": true, "TestPipelineResult.orderingKey": true,
	"TestedStep.failure": true, "TestedStep.request": true,
}

// newStage returns a gateway with records of our pipeline and of another's: one
// that was sent, and one that failed and is joined to a city.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{
		Gateway: gatewaytest.NewWithoutWorkers(t, func(c *graph.Config) { c.Federation = true }),
		schema:  federation.Schema(true),
	}
	for _, name := range []string{own, own + "-off", other, other + "-off"} {
		s.do(t, `mutation ($name: String!, $of: String) { createPipeline(input: {name: $name, description: $of}) { problems { code message } } }`,
			gatewaytest.Variables{"name": name, "of": "secret of " + name})
		s.do(t, `mutation ($name: String!, $pipeline: String!) { createApiKey(input: {name: $name, role: VIEWER, pipelines: [$pipeline]}) { problems { code message } } }`,
			gatewaytest.Variables{"name": "secret of " + name, "pipeline": name})
	}
	s.cursor = s.event(t)
	for _, name := range []string{other, own} {
		for _, id := range []string{"failed", "sent"} {
			payload := map[string]any{"id": id}
			if id == "failed" {
				payload["city"], payload["note"] = "Mumbai", "secret of "+name
			}
			s.do(t, `mutation ($name: String!, $p: JSON!) { processPayload(input: {pipeline: $name, payload: $p}) { problems { code message } } }`,
				gatewaytest.Variables{"name": name, "p": payload})
		}
	}
	for _, statement := range []string{
		`update records set state = 'DEAD', attempts = 2, error_code = 'STEP_FAILED', error_message = 'secret of ' || pipeline, error_at = received_at where payload_id = 'failed'`,
		`insert into record_attempts select pipeline, payload_id, 1, pipeline_version, error_at, error_code, error_message from records where payload_id = 'failed'`,
	} {
		if _, err := s.Base.Pools.API.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// do runs a mutation that nothing must be wrong with.
func (s *stage) do(t *testing.T, mutation string, variables gatewaytest.Variables) {
	t.Helper()
	got := s.Ask(t, mutation, variables)
	if len(got.Errors) > 0 || !strings.Contains(string(got.Data), `"problems":[]`) {
		t.Fatalf("%s: %s %+v", mutation, got.Data, got.Errors)
	}
}

// event returns the cursor of an event: that of the first record that changes
// once a subscription stands.
func (s *stage) event(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(`{"query":"subscription { recordChanged { cursor } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	found, lines := make(chan string, 1), bufio.NewScanner(res.Body)
	go func() {
		for lines.Scan() {
			var event struct {
				Data struct{ RecordChanged struct{ Cursor string } }
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && json.Unmarshal([]byte(data), &event) == nil {
				found <- event.Data.RecordChanged.Cursor
				return
			}
		}
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		s.do(t, `mutation ($p: JSON!) { processPayload(input: {payload: $p}) { problems { code } } }`, gatewaytest.Variables{"p": map[string]any{"id": fmt.Sprint("probe-", i)}})
		select {
		case cursor := <-found:
			return cursor
		case <-tick.C:
		}
	}
}
