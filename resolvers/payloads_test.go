package resolvers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"barograph/internal/gatewaytest"
)

const processMutation = `mutation ($pipeline: String! = "default", $payload: JSON!) {
	processPayload(input: { pipeline: $pipeline, payload: $payload }) {
		duplicate
		record { id payloadId state payload result pipelineVersion receivedAt processedAt city { name } pipeline { name } }
		problems { code message field retryAfterMs }
	}
}`

type processed struct {
	Duplicate bool
	Record    *struct {
		ID, PayloadID, State    string
		Payload, Result         json.RawMessage
		PipelineVersion         int
		ReceivedAt, ProcessedAt time.Time
		City, Pipeline          *struct{ Name string }
	}
	Problems []struct {
		Code, Message string
		Field         []string
		RetryAfterMs  *int
	}
}

// process sends a payload and returns what became of it.
func process(t *testing.T, g *gatewaytest.Gateway, payload any) processed {
	t.Helper()
	var got struct{ ProcessPayload processed }
	g.Data(t, processMutation, gatewaytest.Variables{"payload": payload}, &got)
	return got.ProcessPayload
}

func TestProcessPayloadMakesARecord(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	got := process(t, g, json.RawMessage(`{"id":"evt_10928a","value":42.0,"big":9007199254740993,"tiny":1e-400,"city":"Bombay","note":"<é&\u2028>"}`))
	if got.Duplicate || len(got.Problems) != 0 || got.Record == nil {
		t.Fatalf("processPayload = %+v", got)
	}
	r := got.Record
	if r.ID != "Record:default:evt_10928a" || r.PayloadID != "evt_10928a" || r.State != "PROCESSED" || r.PipelineVersion != 1 ||
		r.City == nil || r.City.Name != "Mumbai" || r.Pipeline.Name != "default" {
		t.Errorf("record = %+v", r)
	}
	for _, member := range []string{`"value":42.0`, `"big":9007199254740993`, `"tiny":1e-400`} {
		if !strings.Contains(string(r.Payload), member) || !strings.Contains(string(r.Result), member) {
			t.Errorf("payload %s and result %s must have %s", r.Payload, r.Result, member)
		}
	}
	var result struct {
		Status, Note string
		Timestamp    time.Time
	}
	if err := json.Unmarshal(r.Result, &result); err != nil || result.Status != "processed" || !result.Timestamp.Equal(r.ProcessedAt) || result.Note != "<é&\u2028>" {
		t.Errorf("result = %s, %v; want it processed at %v", r.Result, err, r.ProcessedAt)
	}
	if r.ReceivedAt.IsZero() || r.ProcessedAt.Before(r.ReceivedAt) {
		t.Errorf("received %v, processed %v", r.ReceivedAt, r.ProcessedAt)
	}
}

func TestProcessPayloadKeepsTheDigitsOfALiteral(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	var got struct{ ProcessPayload processed }
	g.Data(t, `mutation ($v: JSON) { processPayload(input: { payload: { id: "x", list: [1.50, { n: 9007199254740993 }, $v], given: $v } }) { record { payload } problems { code } } }`,
		gatewaytest.Variables{"v": json.RawMessage(`0.10`)}, &got)
	if want := `{"given":0.10,"id":"x","list":[1.50,{"n":9007199254740993},0.10]}`; got.ProcessPayload.Record == nil || string(got.ProcessPayload.Record.Payload) != want {
		t.Errorf("processPayload = %+v, want payload %s", got.ProcessPayload, want)
	}
}

func TestProcessPayloadAnswersTheFirstRecordForTheSameContent(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	first := process(t, g, json.RawMessage(`{"id":"a","n":1500,"m":{"x":1,"y":[1,2]}}`))
	again := process(t, g, json.RawMessage(`{"m":{"y":[1.0,2],"x":1},"n":1.5e3,"id":"\u0061"}`))
	if !again.Duplicate || len(again.Problems) != 0 || again.Record == nil || string(again.Record.Result) != string(first.Record.Result) ||
		!again.Record.ReceivedAt.Equal(first.Record.ReceivedAt) {
		t.Errorf("again = %+v, want a duplicate of %+v", again, first)
	}
}

func TestProcessPayloadRefusesOtherContentForAnID(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	first := process(t, g, map[string]any{"id": "a", "n": 1})
	other := process(t, g, map[string]any{"id": "a", "n": 2})
	if len(other.Problems) != 1 || other.Problems[0].Code != "PAYLOAD_CONFLICT" || other.Duplicate || other.Record == nil ||
		string(other.Record.Result) != string(first.Record.Result) {
		t.Errorf("other = %+v, want a conflict with %+v", other, first)
	}
	again := process(t, g, map[string]any{"id": "a", "n": 1})
	if !again.Duplicate || string(again.Record.Result) != string(first.Record.Result) {
		t.Errorf("after a conflict the first record is %+v, want %+v", again, first)
	}
}

func TestProcessPayloadRefusesWhatIsNoPayload(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for name, c := range map[string]struct{ payload, code, field string }{
		"an array":             {`[{"id":"a"}]`, "PAYLOAD_NOT_OBJECT", "input.payload"},
		"a string":             {`"id"`, "PAYLOAD_NOT_OBJECT", "input.payload"},
		"no id":                {`{"value":1}`, "PAYLOAD_ID_MISSING", "input.payload.id"},
		"an id in other case":  {`{"ID":"a"}`, "PAYLOAD_ID_MISSING", "input.payload.id"},
		"an id of null":        {`{"id":null}`, "PAYLOAD_ID_INVALID", "input.payload.id"},
		"a number for an id":   {`{"id":1}`, "PAYLOAD_ID_INVALID", "input.payload.id"},
		"an empty id":          {`{"id":""}`, "PAYLOAD_ID_INVALID", "input.payload.id"},
		"an id of 256":         {`{"id":"` + strings.Repeat("é", 256) + `"}`, "PAYLOAD_ID_INVALID", "input.payload.id"},
		"an id with U+0000":    {`{"id":"a\u0000"}`, "PAYLOAD_ID_INVALID", "input.payload.id"},
		"more than 256 KiB":    {`{"id":"a","x":"` + strings.Repeat("x", 256<<10) + `"}`, "PAYLOAD_TOO_LARGE", "input.payload"},
		"an id that inherits?": {`{"__proto__":{"id":"a"}}`, "PAYLOAD_ID_MISSING", "input.payload.id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := process(t, g, json.RawMessage(c.payload))
			if got.Record != nil || len(got.Problems) != 1 || got.Problems[0].Code != c.code || strings.Join(got.Problems[0].Field, ".") != c.field {
				t.Errorf("processPayload = %+v, want %s at %s", got, c.code, c.field)
			}
		})
	}
}

func TestProcessPayloadTakesAnIDOf255Characters(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	id := strings.Repeat("é😀:", 85)
	got := process(t, g, map[string]any{"id": id})
	if got.Record == nil || got.Record.PayloadID != id {
		t.Fatalf("processPayload = %+v", got)
	}
	var found struct{ Node struct{ PayloadID string } }
	g.Data(t, `query ($id: ID!) { node(id: $id) { ... on Record { payloadId } } }`, gatewaytest.Variables{"id": got.Record.ID}, &found)
	if found.Node.PayloadID != id {
		t.Errorf("node(%q) has payloadId %q", got.Record.ID, found.Node.PayloadID)
	}
}

func TestAnInactivePipelineRefuses(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	ask := func() processed {
		var got struct{ ProcessPayload processed }
		g.Data(t, processMutation, gatewaytest.Variables{"pipeline": "orders", "payload": map[string]any{"id": "a"}}, &got)
		return got.ProcessPayload
	}
	change := func(mutation string) {
		var got map[string]struct{ Problems []json.RawMessage }
		g.Data(t, `mutation { `+mutation+` { problems { code } } }`, nil, &got)
		for name, result := range got {
			if len(result.Problems) != 0 {
				t.Fatalf("%s: %s", name, result.Problems)
			}
		}
	}
	want := func(when, code string) {
		t.Helper()
		got := ask()
		if len(got.Problems) != 1 || got.Problems[0].Code != code || got.Record != nil {
			t.Errorf("%s, processPayload = %+v, want %s", when, got, code)
		}
	}
	want("before it exists", "PIPELINE_NOT_FOUND")
	change(`createPipeline(input: { name: "orders" })`)
	change(`deactivatePipeline(input: { name: "orders" })`)
	want("while it is inactive", "PIPELINE_INACTIVE")
	change(`activatePipeline(input: { name: "orders" })`)
	if got := ask(); got.Record == nil || got.Duplicate {
		t.Errorf("once active, processPayload = %+v, want a new record", got)
	}
	change(`deactivatePipeline(input: { name: "orders" })`)
	want("for a duplicate while it is inactive", "PIPELINE_INACTIVE")
}

func TestConcurrentCallersOfOneIDMakeOneRecord(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	const callers = 100
	var (
		group  sync.WaitGroup
		firsts atomic.Int32
	)
	for i := range callers {
		group.Go(func() {
			got := process(t, g, map[string]any{"id": "one", "n": i % 2})
			switch {
			case got.Record == nil:
				t.Errorf("caller %d: %+v", i, got)
			case len(got.Problems) == 0 && !got.Duplicate:
				firsts.Add(1)
			}
		})
	}
	group.Wait()
	if firsts.Load() != 1 {
		t.Errorf("%d callers made the record, want one", firsts.Load())
	}
}

func TestAMutationSeesWhatTheOnesBeforeItDid(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	type result struct {
		Record struct{ Pipeline struct{ UpdatedAt time.Time } }
	}
	var got struct {
		Before, After result
		Change        struct{ Pipeline struct{ UpdatedAt time.Time } }
	}
	g.Data(t, `mutation {
		before: processPayload(input: { payload: { id: "a" } }) { record { pipeline { updatedAt } } }
		off: deactivatePipeline(input: { name: "default" }) { problems { code } }
		change: activatePipeline(input: { name: "default" }) { pipeline { updatedAt } }
		after: processPayload(input: { payload: { id: "b" } }) { record { pipeline { updatedAt } } }
	}`, nil, &got)
	if after := got.After.Record.Pipeline.UpdatedAt; !after.Equal(got.Change.Pipeline.UpdatedAt) || after.Equal(got.Before.Record.Pipeline.UpdatedAt) {
		t.Errorf("before %v, changed %v, after %v", got.Before.Record.Pipeline.UpdatedAt, got.Change.Pipeline.UpdatedAt, after)
	}
}

func TestPipelinesAreRefusedWithAReason(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for name, c := range map[string]struct{ mutation, code, field string }{
		"a name taken":      {`createPipeline(input: { name: "default" })`, "PIPELINE_NAME_TAKEN", "input.name"},
		"an empty name":     {`createPipeline(input: { name: "" })`, "PIPELINE_NAME_INVALID", "input.name"},
		"a capital":         {`createPipeline(input: { name: "Orders" })`, "PIPELINE_NAME_INVALID", "input.name"},
		"a final hyphen":    {`createPipeline(input: { name: "orders-" })`, "PIPELINE_NAME_INVALID", "input.name"},
		"65 characters":     {`createPipeline(input: { name: "` + strings.Repeat("a", 65) + `" })`, "PIPELINE_NAME_INVALID", "input.name"},
		"a long story":      {`createPipeline(input: { name: "a", description: "` + strings.Repeat("x", 1001) + `" })`, "PIPELINE_DESCRIPTION_INVALID", "input.description"},
		"activating none":   {`activatePipeline(input: { name: "none" })`, "PIPELINE_NOT_FOUND", "input.name"},
		"deactivating none": {`deactivatePipeline(input: { name: "\u0000" })`, "PIPELINE_NOT_FOUND", "input.name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got map[string]struct {
				Pipeline *struct{ Name string }
				Problems []struct {
					Code  string
					Field []string
				}
			}
			g.Data(t, `mutation { `+c.mutation+` { pipeline { name } problems { code field } } }`, nil, &got)
			for _, result := range got {
				if result.Pipeline != nil || len(result.Problems) != 1 || result.Problems[0].Code != c.code || strings.Join(result.Problems[0].Field, ".") != c.field {
					t.Errorf("%s = %+v, want %s at %s", c.mutation, result, c.code, c.field)
				}
			}
		})
	}
}

func ids(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("p%03d", i)
	}
	return list
}
