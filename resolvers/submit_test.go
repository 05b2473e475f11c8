package resolvers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"barograph/internal/gatewaytest"
)

const submitMutation = `mutation ($pipeline: String! = "default", $payloads: [JSON]!) {
	submitPayloads(input: { pipeline: $pipeline, payloads: $payloads }) {
		outcomes {
			__typename
			... on Accepted { record { id state attempts nextAttemptAt } }
			... on Duplicate { record { id } }
			... on Conflict { record { id } problem { code field } }
			... on Rejected { payloadId problem { code field } }
		}
		problems { code field retryAfterMs }
	}
}`

type submitted struct {
	Outcomes []struct {
		Typename  string `json:"__typename"`
		PayloadID *string
		Record    *struct {
			ID, State     string
			Attempts      int
			NextAttemptAt *string
		}
		Problem *struct {
			Code  string
			Field []string
		}
	}
	Problems []struct{ Code string }
}

// submit sends payloads and returns what became of them.
func submit(t *testing.T, g *gatewaytest.Gateway, pipelineName string, payloads string) submitted {
	t.Helper()
	var got struct{ SubmitPayloads submitted }
	g.Data(t, submitMutation, gatewaytest.Variables{"pipeline": pipelineName, "payloads": json.RawMessage(payloads)}, &got)
	return got.SubmitPayloads
}

func TestSubmitPayloadsAnswersOneOutcomeAPayload(t *testing.T) {
	t.Parallel()
	g := gatewaytest.NewWithoutWorkers(t)
	got := submit(t, g, "default", `[{"id":"a"},null,{"id":"a"},{"id":"a","v":1},{"id":7}]`)
	var kinds []string
	for _, o := range got.Outcomes {
		kinds = append(kinds, o.Typename)
	}
	if fmt.Sprint(kinds) != "[Accepted Rejected Duplicate Conflict Rejected]" || len(got.Problems) != 0 {
		t.Fatalf("submitPayloads = %v with %v", kinds, got.Problems)
	}
	if r := got.Outcomes[0].Record; r.ID != "Record:default:a" || r.State != "QUEUED" || r.Attempts != 0 || r.NextAttemptAt == nil {
		t.Errorf("the accepted record is %+v", r)
	}
	if p := got.Outcomes[3].Problem; p.Code != "PAYLOAD_CONFLICT" || strings.Join(p.Field, ".") != "input.payloads.3.id" {
		t.Errorf("the conflict is %+v", p)
	}
	for _, name := range []string{"nobody", "No Name"} {
		got := submit(t, g, name, `[{"id":"a"},null]`)
		if len(got.Problems) != 1 || got.Problems[0].Code != "PIPELINE_NOT_FOUND" || got.Outcomes[0].Typename != "Rejected" || *got.Outcomes[0].PayloadID != "a" {
			t.Errorf("submitPayloads to %q = %+v", name, got)
		}
	}
	if none := submit(t, g, "default", `[]`); len(none.Outcomes) != 0 || len(none.Problems) != 0 {
		t.Errorf("submitPayloads of nothing = %+v", none)
	}
}

func TestSubmitPayloadsTakesAThousandAndNoMore(t *testing.T) {
	t.Parallel()
	g := gatewaytest.NewWithoutWorkers(t)
	list := func(n int) string {
		texts := make([]string, n)
		for i := range texts {
			texts[i] = fmt.Sprintf(`{"id":"%d"}`, i)
		}
		return "[" + strings.Join(texts, ",") + "]"
	}
	if got := submit(t, g, "default", list(1000)); len(got.Outcomes) != 1000 || got.Outcomes[999].Typename != "Accepted" {
		t.Errorf("submitPayloads of 1000 = %d outcomes", len(got.Outcomes))
	}
	failure := g.Error(t, `mutation ($p: [JSON]!) { submitPayloads(input: { payloads: $p }) { problems { code } } }`,
		gatewaytest.Variables{"p": json.RawMessage(list(1001))})
	if failure.Extensions.Code != "BAD_USER_INPUT" {
		t.Errorf("submitPayloads of 1001 = %+v, want BAD_USER_INPUT", failure)
	}
}

func TestReplayRecordsCountsFirstAndTellsOfEachID(t *testing.T) {
	t.Parallel()
	g := gatewaytest.NewWithoutWorkers(t)
	submit(t, g, "default", `[{"id":"dead"},{"id":"waits"},{"id":"skipped"}]`)
	for _, statement := range []string{
		`update records set state = 'DEAD', next_attempt_at = null, attempts = 2, error_code = 'STEP_FAILED', error_message = 'no', error_at = now()
			where payload_id = 'dead'`,
		`insert into record_attempts select pipeline, payload_id, n, 1, now(), 'STEP_FAILED', 'no ' || n from records, generate_series(1, 2) n where payload_id = 'dead'`,
		`update records set state = 'SKIPPED', next_attempt_at = null where payload_id = 'skipped'`,
	} {
		if _, err := g.Base.Pools.API.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	replay := func(input string) string {
		var got struct {
			ReplayRecords struct {
				Matched, Replayed, Remaining int
				Problems                     []struct {
					Code  string
					Field []string
				}
			}
		}
		g.Data(t, `mutation { replayRecords(input: `+input+`) { matched replayed remaining problems { code field } } }`, nil, &got)
		r := got.ReplayRecords
		return fmt.Sprint(r.Matched, r.Replayed, r.Remaining, r.Problems)
	}
	for _, c := range []struct{ input, want string }{
		{`{ filter: { pipeline: "default" } }`, "2 0 2 []"},
		{`{ ids: ["Record:default:dead", "Record:default:waits", "City:1"] }`,
			"1 0 1 [{RECORD_NOT_REPLAYABLE [input ids 1]} {RECORD_NOT_FOUND [input ids 2]}]"},
		{`{ ids: ["Record:default:dead"], dryRun: false }`, "1 1 0 []"},
		{`{ filter: { pipeline: "default", states: [DEAD] }, dryRun: false }`, "0 0 0 []"},
		{`{ filter: { pipeline: "default" }, dryRun: false }`, "1 1 0 []"},
		{`{ filter: { states: [DEAD] } }`, "0 0 0 [{RECORDS_NOT_NAMED [input]}]"},
		{`{ dryRun: false }`, "0 0 0 [{RECORDS_NOT_NAMED [input]}]"},
	} {
		if got := replay(c.input); got != c.want {
			t.Errorf("replayRecords(%s) = %s, want %s", c.input, got, c.want)
		}
	}
	var told struct {
		Record struct {
			State     string
			Attempts  int
			LastError struct{ Code, Message string }
			History   []struct {
				Number int
				Error  struct{ Message string }
			}
		}
	}
	g.Data(t, `{ record(payloadId: "dead") { state attempts lastError { code message } history { number error { message } } } }`, nil, &told)
	if r := told.Record; r.State != "QUEUED" || r.Attempts != 2 || r.LastError.Code != "STEP_FAILED" || fmt.Sprint(r.History) != "[{1 {no 1}} {2 {no 2}}]" {
		t.Errorf("the replayed record is %+v", r)
	}
}

func TestAllThatIsWrongWithAPayloadIsTold(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	var made struct{ CreatePipeline struct{ Problems problems } }
	g.Data(t, `mutation ($definition: JSON!) { createPipeline(input: { name: "orders", definition: $definition }) { problems { code message field } } }`,
		gatewaytest.Variables{"definition": json.RawMessage(`{"inputSchema": {"additionalProperties": {"type": "string"}}}`)}, &made)
	if p := made.CreatePipeline.Problems; len(p) != 0 {
		t.Fatalf("problems = %+v", p)
	}
	for payload, want := range map[string]int{
		`{"id":"a","b":1,"c":2,"d":"3"}`:                                                         2,
		`{"id":"a","b":1,"c":2,"d":3,"e":4,"f":5,"g":6,"h":7,"i":8,"j":9}`:                       9,
		`{"id":"a","0":0,"1":1,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8,"9":9,"10":10,"11":11}`: 10,
	} {
		var now struct{ ProcessPayload processed }
		g.Data(t, processMutation, gatewaytest.Variables{"pipeline": "orders", "payload": json.RawMessage(payload)}, &now)
		got, seen := now.ProcessPayload.Problems, map[string]bool{}
		for _, p := range got {
			if field := strings.Join(p.Field, "."); p.Code != "PAYLOAD_INVALID" || !strings.HasPrefix(field, "input.payload.") || seen[field] {
				t.Errorf("%s: problem %+v", payload, p)
			} else {
				seen[field] = true
			}
		}
		if len(got) != want || now.ProcessPayload.Record != nil {
			t.Errorf("%s: %d problems, want %d", payload, len(got), want)
		}
		var soon struct{ SubmitPayloads submitted }
		g.Data(t, submitMutation, gatewaytest.Variables{"pipeline": "orders", "payloads": []json.RawMessage{json.RawMessage(payload)}}, &soon)
		if o := soon.SubmitPayloads.Outcomes[0]; o.Problem == nil || o.Problem.Code != "PAYLOAD_INVALID" || len(o.Problem.Field) != 4 {
			t.Errorf("%s: submitPayloads = %+v, want the first problem", payload, o)
		}
	}
}
