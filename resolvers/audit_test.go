package resolvers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"barograph/auth"
	"barograph/internal/gatewaytest"
)

type auditEvent struct {
	Actor, ActorKind, Action, TargetType, Target string
	Pipeline, RequestID                          *string
	Details                                      json.RawMessage
}

// String returns what was done, by whom, to what, with the details in order.
func (e auditEvent) String() string {
	var details map[string]any
	if err := json.Unmarshal(e.Details, &details); err != nil {
		return err.Error()
	}
	ordered, err := json.Marshal(details)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %s %s %s", e.Actor, e.Action, e.Target, ordered)
}

// audited returns the events that somebody sees, the oldest first.
func audited(t *testing.T, g *gatewaytest.Gateway, filter string) []string {
	t.Helper()
	var found struct {
		AuditEvents struct {
			TotalCount int
			Nodes      []auditEvent
		}
	}
	g.Data(t, `{ auditEvents(first: 1000, filter: {`+filter+`}) { totalCount nodes { actor actorKind action targetType target pipeline requestId details } } }`, nil, &found)
	var texts []string
	for _, e := range slices.Backward(found.AuditEvents.Nodes) {
		texts = append(texts, e.String())
	}
	if found.AuditEvents.TotalCount != len(texts) {
		t.Errorf("%d events of %d", len(texts), found.AuditEvents.TotalCount)
	}
	return texts
}

func TestThereIsAnEventForEachChangeAndNoneForARefusal(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	ada := g.As(somebody(t, "ada", auth.All))
	ask := func(query string) {
		t.Helper()
		if got := ada.Ask(t, query, nil); len(got.Errors) > 0 {
			t.Fatalf("%s: %+v", query, got.Errors)
		}
	}
	for _, change := range []string{
		`createPipeline(input: {name: "orders", definition: {steps: [{kind: "filter", expression: "false"}]}}) { problems { code } }`,
		`createPipeline(input: {name: "orders"}) { problems { code } }`,                                                                   // taken
		`createPipeline(input: {name: "No Name"}) { problems { code } }`,                                                                  // refused
		`createPipeline(input: {name: "wrong", definition: {steps: 7}}) { problems { code } }`,                                            // refused
		`updatePipeline(input: {name: "orders", description: "Of the shop."}) { problems { code } }`,                                      //
		`updatePipeline(input: {name: "orders", description: "Of the shop."}) { problems { code } }`,                                      // the same again
		`updatePipeline(input: {name: "orders", definition: {steps: []}}) { problems { code } }`,                                          //
		`updatePipeline(input: {name: "orders", definition: {steps: []}, expectedVersion: 1}) { problems { code } }`,                      // a conflict
		`updatePipeline(input: {name: "nobody", description: "x"}) { problems { code } }`,                                                 // not there
		`updatePipeline(input: {name: "orders", definition: {steps: [{kind: "filter", expression: "false"}]}}) { problems { code } }`,     //
		`activatePipeline(input: {name: "orders"}) { problems { code } }`,                                                                 // it is active
		`deactivatePipeline(input: {name: "orders"}) { problems { code } }`,                                                               //
		`deactivatePipeline(input: {name: "orders"}) { problems { code } }`,                                                               // it is not
		`activatePipeline(input: {name: "orders"}) { problems { code } }`,                                                                 //
		`processPayload(input: {pipeline: "orders", payload: {id: "a"}}) { problems { code } }`,                                           // no change of what is audited
		`replayRecords(input: {filter: {pipeline: "orders"}}) { problems { code } }`,                                                      // dry
		`replayRecords(input: {ids: ["Record:orders:nobody"], dryRun: false}) { problems { code } }`,                                      // none
		`replayRecords(input: {ids: ["Record:orders:a"], dryRun: false}) { problems { code } }`,                                           //
		`createApiKey(input: {name: "", role: VIEWER}) { problems { code } }`,                                                             // refused
		`createApiKey(input: {name: "ci", role: VIEWER, pipelines: ["orders"], expiresAt: "2100-01-01T00:00:00Z"}) { problems { code } }`, //
		`testPipeline(input: {name: "orders", payload: {id: "a"}}) { skipped }`,                                                           // changes nothing
	} {
		ask(`mutation { ` + change + ` }`)
	}
	var found struct {
		APIKeys struct{ Nodes []struct{ ID string } }
	}
	g.Data(t, `{ apiKeys { nodes { id } } }`, nil, &found)
	id := found.APIKeys.Nodes[0].ID
	for range 2 {
		ask(`mutation { revokeApiKey(input: {id: "` + id + `"}) { problems { code } } }`)
	}
	key := strings.TrimPrefix(id, "ApiKey:")
	want := []string{
		`ada CREATE_PIPELINE orders {}`,
		`ada UPDATE_PIPELINE orders {"description":true,"fromVersion":1,"toVersion":1}`,
		`ada UPDATE_PIPELINE orders {"description":false,"fromVersion":1,"toVersion":2}`,
		`ada UPDATE_PIPELINE orders {"description":false,"fromVersion":2,"toVersion":3}`,
		`ada DEACTIVATE_PIPELINE orders {}`,
		`ada ACTIVATE_PIPELINE orders {}`,
		`ada REPLAY_RECORDS orders {"records":1}`,
		`ada CREATE_API_KEY ` + key + ` {"expiresAt":"2100-01-01T00:00:00Z","name":"ci","pipelines":["orders"],"scopes":["weather:read","records:read"]}`,
		`ada REVOKE_API_KEY ` + key + ` {"name":"ci"}`,
	}
	if got := audited(t, g, ""); !slices.Equal(got, want) {
		t.Errorf("events:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for filter, want := range map[string]int{
		`actor: "ada"`: 9, `actor: "eve"`: 0, `action: UPDATE_PIPELINE`: 3, `pipeline: "orders"`: 7, `pipeline: "default"`: 0,
		`since: "2100-01-01T00:00:00Z"`: 0, `before: "2100-01-01T00:00:00Z"`: 9, `actor: "ada", action: REVOKE_API_KEY`: 1,
	} {
		if got := audited(t, g, filter); len(got) != want {
			t.Errorf("of {%s} there are %d, want %d", filter, len(got), want)
		}
	}
}

func TestAnEventNamesItsRequest(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL, strings.NewReader(`{"query": "mutation { createPipeline(input: {name: \"orders\"}) { problems { code } } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Request-Id", "from-the-proxy")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	var found struct {
		AuditEvents struct{ Nodes []auditEvent }
	}
	g.Data(t, `{ auditEvents { nodes { requestId actorKind targetType pipeline } } }`, nil, &found)
	if e := found.AuditEvents.Nodes[0]; *e.RequestID != "from-the-proxy" || e.ActorKind != "DEVELOPER" || e.TargetType != "Pipeline" || *e.Pipeline != "orders" {
		t.Errorf("event = %+v", e)
	}
}

func TestChangesAtOnceAreToldOneAfterTheOther(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	g.Data(t, `mutation { createPipeline(input: {name: "orders"}) { problems { code } } }`, nil, &struct{}{})
	const changes = 20
	var all sync.WaitGroup
	for i := range changes {
		all.Go(func() {
			g.Ask(t, fmt.Sprintf(`mutation { updatePipeline(input: {name: "orders", definition: {steps: [{kind: "filter", expression: "%d == 0"}]}}) { problems { code } } }`, i), nil)
		})
	}
	all.Wait()
	var want []string
	for version := 1; version <= changes; version++ {
		want = append(want, fmt.Sprintf(`developer UPDATE_PIPELINE orders {"description":false,"fromVersion":%d,"toVersion":%d}`, version, version+1))
	}
	if got := audited(t, g, `action: UPDATE_PIPELINE`); !slices.Equal(got, want) {
		t.Errorf("events:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAReplayIsToldOfEachPipeline(t *testing.T) {
	t.Parallel()
	g := gatewaytest.NewWithoutWorkers(t)
	var ids []string
	for _, pipeline := range []string{"a", "b"} {
		g.Data(t, `mutation ($name: String!) { createPipeline(input: {name: $name, definition: {steps: [{kind: "filter", expression: "false"}]}}) { problems { code } } }`,
			gatewaytest.Variables{"name": pipeline}, &struct{}{})
		for i := range 3 {
			g.Data(t, `mutation ($p: String!, $payload: JSON!) { processPayload(input: {pipeline: $p, payload: $payload}) { problems { code } } }`,
				gatewaytest.Variables{"p": pipeline, "payload": map[string]any{"id": fmt.Sprint(i)}}, &struct{}{})
			ids = append(ids, fmt.Sprintf("Record:%s:%d", pipeline, i))
		}
	}
	g.Data(t, `mutation ($ids: [ID!]!) { replayRecords(input: {ids: $ids, dryRun: false}) { replayed } }`, gatewaytest.Variables{"ids": ids[1:]}, &struct{}{})
	g.Data(t, `mutation { replayRecords(input: {filter: {pipeline: "a"}, dryRun: false}) { replayed } }`, nil, &struct{}{})
	want := []string{`developer REPLAY_RECORDS a {"records":2}`, `developer REPLAY_RECORDS b {"records":3}`, `developer REPLAY_RECORDS a {"records":1}`}
	if got := audited(t, g, `action: REPLAY_RECORDS`); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}

func TestWhatCannotBeWrittenDownDoesNotComeAbout(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	g.Data(t, `mutation { createPipeline(input: {name: "orders", definition: {steps: [{kind: "filter", expression: "false"}]}}) { problems { code } } }`, nil, &struct{}{})
	g.Data(t, `mutation { processPayload(input: {pipeline: "orders", payload: {id: "a"}}) { problems { code } } }`, nil, &struct{}{})
	if _, err := g.Base.Pools.API.Exec(t.Context(), `alter table audit_events add constraint no_more check (id < 0) not valid`); err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{
		`createPipeline(input: {name: "more"}) { problems { code } }`,
		`updatePipeline(input: {name: "orders", description: "x"}) { problems { code } }`,
		`deactivatePipeline(input: {name: "orders"}) { problems { code } }`,
		`replayRecords(input: {ids: ["Record:orders:a"], dryRun: false}) { replayed }`,
		`replayRecords(input: {filter: {pipeline: "orders"}, dryRun: false}) { replayed }`,
		`createApiKey(input: {name: "ci", role: VIEWER}) { secret problems { code } }`,
	} {
		if got := g.Ask(t, `mutation { `+change+` }`, nil); len(got.Errors) != 1 || got.Errors[0].Extensions.Code != "INTERNAL_SERVER_ERROR" {
			t.Errorf("%s: %s %+v, want an error", change, got.Data, got.Errors)
		}
	}
	got := g.Ask(t, `{ pipelines { nodes { name active version description } } record(pipeline: "orders", payloadId: "a") { state } apiKeys { totalCount } }`, nil)
	want := `{"pipelines":{"nodes":[{"name":"default","active":true,"version":1,"description":"Takes in payloads that name no pipeline."},` +
		`{"name":"orders","active":true,"version":1,"description":null}]},"record":{"state":"SKIPPED"},"apiKeys":{"totalCount":0}}`
	if string(got.Data) != want {
		t.Errorf("there is %s, want %s", got.Data, want)
	}
}

func TestWhoIsNarrowedSeesWhatBearsOnTheirPipelinesAlone(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for _, name := range []string{"eu-west", "us"} {
		g.Data(t, `mutation ($name: String!) { createPipeline(input: {name: $name}) { problems { code } } }`, gatewaytest.Variables{"name": name}, &struct{}{})
	}
	createKey(t, g, map[string]any{"name": "eu", "role": "VIEWER", "pipelines": []string{"eu-*"}})
	createKey(t, g, map[string]any{"name": "all", "role": "VIEWER"})
	got := audited(t, g.As(somebody(t, "ben", auth.AuditRead, "eu-*")), "")
	if len(got) != 2 || !strings.Contains(got[0], "eu-west") || !strings.Contains(got[1], `"pipelines":["eu-*"]`) {
		t.Errorf("events %v, want those of eu-west and of the key for eu-*", got)
	}
	if got := audited(t, g, ""); len(got) != 4 {
		t.Errorf("who reaches everything sees %v", got)
	}
	for _, scopes := range []auth.Scopes{auth.All &^ auth.AuditRead, 0} {
		if got := g.As(somebody(t, "eve", scopes)).Error(t, `{ auditEvents { totalCount } }`, nil); got.Extensions.Code != "FORBIDDEN" {
			t.Errorf("with %s: %+v, want FORBIDDEN", scopes, got)
		}
	}
}
