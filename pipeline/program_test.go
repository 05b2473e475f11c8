package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/pipeline"
)

// sky is a forecaster that knows the cities below 100, and counts questions.
type sky struct {
	mu    sync.Mutex
	asked [][]int64
}

func (s *sky) Current(_ context.Context, cities []int64) ([]json.RawMessage, []error) {
	s.mu.Lock()
	s.asked = append(s.asked, cities)
	s.mu.Unlock()
	found, errs := make([]json.RawMessage, len(cities)), make([]error, len(cities))
	for i, city := range cities {
		if found[i] = json.RawMessage(fmt.Sprintf(`{"temperature":%d.50}`, city)); city >= 100 {
			errs[i] = fault.Wrap(errors.New("secret"), fault.UpstreamUnavailable, "the weather provider cannot be reached")
		}
	}
	return found, errs
}

// broken is a kind of step that panics.
var broken = pipeline.Kind{Name: "broken", New: func(json.RawMessage, *pipeline.Builder) (pipeline.Step, error) { return panics{}, nil }}

type panics struct{}

func (panics) Run(_ context.Context, jobs []*pipeline.Job) {
	if jobs[0].Payload.ID != "fine" {
		panic("secret")
	}
}

func compiler(more ...pipeline.Kind) *pipeline.Compiler {
	hosts, err := pipeline.ParseHosts([]string{"hooks.example.com", "*.example.org"})
	if err != nil {
		panic(err)
	}
	return pipeline.NewCompiler(append(pipeline.Kinds(&sky{}, hosts), more...)...)
}

func compile(t testing.TB, c *pipeline.Compiler, definition string) *pipeline.Program {
	t.Helper()
	p, err := c.Compile("orders", 3, json.RawMessage(definition))
	if err != nil {
		t.Fatalf("Compile(%.200s): %v", definition, err)
	}
	return p
}

func runOne(t *testing.T, p *pipeline.Program, payload string) pipeline.Outcome {
	t.Helper()
	return p.Run(t.Context(), []*pipeline.Job{{Payload: parse(t, payload), Attempt: 1, At: noon}})[0]
}

func ExampleCompiler() {
	compiler := pipeline.NewCompiler(pipeline.Filter(), pipeline.Transform())
	program, err := compiler.Compile("orders", 1, json.RawMessage(`{
		"inputSchema": {"required": ["lines"]},
		"steps": [
			{"kind": "filter", "expression": "size(payload.lines) > 0"},
			{"kind": "transform", "expression": "merge(payload, {'total': sum(payload.lines.map(l, l.price * l.quantity))})"}
		],
		"attributes": {"total": {"expression": "result.total", "type": "NUMBER", "range": true}},
		"city": "payload.origin",
		"orderingKey": "payload.customer"
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	payload, err := pipeline.ParsePayload(json.RawMessage(`{"id":"order-1","origin":"Oslo","customer":"ada","lines":[{"price":2.50,"quantity":2}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	admission, err := program.Admit(context.Background(), payload)
	fmt.Println(admission.City, *admission.OrderingKey, err)
	outcome := program.Run(context.Background(), []*pipeline.Job{{Payload: payload, Attempt: 1, At: noon}})[0]
	fmt.Println(string(outcome.Result), string(outcome.Attributes))
	// Output:
	// Oslo ada <nil>
	// {"id":"order-1","origin":"Oslo","customer":"ada","lines":[{"price":2.50,"quantity":2}],"total":5} {"total":5}
}

func TestCompileTellsEveryFaultWithItsPath(t *testing.T) {
	t.Parallel()
	const definition = `{
		"inputSchema": {"properties": {"a": {"type": "money"}}},
		"steps": [
			{"kind": "filter", "expression": "payload.a +"},
			{"kind": "transform", "expression": "merge(payload,\n 7)"},
			{"kind": "frobnicate"}, 7, {},
			{"kind": "filter", "expression": "true", "x": 1},
			{"kind": "enrich", "as": "No Name"},
			{"kind": "http", "url": "https://elsewhere.example.net/", "timeoutMs": 60000, "as": "x"},
			{"kind": "http", "url": "ftp://hooks.example.com/"},
			{"kind": "http", "url": "http://hooks.example.com/"}
		],
		"attributes": {"a": {"expression": "'x'", "type": "NUMBER"}, "B": {"expression": "payload.b", "type": "STRING", "range": true}, "c": {"type": "LIST", "expression": ""}},
		"city": "payload.a > 1",
		"orderingKey": "value.a",
		"retry": {"attempts": 0, "backoffMs": 10, "backoffMaxMs": 5},
		"retention": {"deadSeconds": -1}
	}`
	_, err := compiler().Compile("orders", 1, json.RawMessage(definition))
	var all pipeline.Refusals
	if !errors.As(err, &all) {
		t.Fatalf("Compile = %v, want refusals", err)
	}
	if len(all) != 20 {
		t.Errorf("it tells of %d faults, want 20 and no more", len(all))
	}
	var told []string
	for _, r := range all {
		if r.Code != pipeline.DefinitionInvalid || r.Field[0] != "input" || r.Field[1] != "definition" {
			t.Errorf("%v is at %v", r, r.Field)
		}
		told = append(told, strings.Join(r.Field[2:], ".")+": "+r.Message)
	}
	for _, want := range []string{
		"inputSchema.properties.a.type: ",
		"steps.0.expression: 1:12: ",
		"steps.1.expression: 1:6: found no matching overload for 'merge'",
		`steps.2.kind: there is no kind of step "frobnicate": there is filter, transform, enrich, http`,
		"steps.3: a step is an object",
		"steps.4.kind: a step says its kind",
		"steps.5.x: there is no such member here",
		"steps.6.as: a name is",
		"steps.7.timeoutMs: 60000 is not from 1 to 30000",
		"steps.7.url: the server does not allow steps to call this host",
		"steps.8.url: the server does not allow",
		"steps.9.url: the server does not allow",
		"attributes.B: a name is",
		"attributes.B.range: only a NUMBER",
		"attributes.a.expression: 1:1: the result is a string, and must be a number",
		"attributes.c.type: an attribute is",
		"city: 1:1: the result is true or false, and must be a string",
		"orderingKey: 1:1: undeclared reference to 'value'",
	} {
		if !slices.ContainsFunc(told, func(text string) bool { return strings.HasPrefix(text, want) }) {
			t.Errorf("nothing is told of %q", want)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(told, "\n"))
	}
}

func TestCompileRefusesWhatIsNoDefinition(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ definition, at string }{
		"a list":              {`[]`, ""},
		"null":                {`null`, ""},
		"a number":            {`7`, ""},
		"an unknown member":   {`{"step":[]}`, "step"},
		"another case":        {`{"Steps":[]}`, "Steps"},
		"no list of steps":    {`{"steps":{}}`, "steps"},
		"a city of a number":  {`{"city":7}`, "city"},
		"attempts of a text":  {`{"retry":{"attempts":"5"}}`, "retry.attempts"},
		"attempts of a half":  {`{"retry":{"attempts":1.5}}`, "retry.attempts"},
		"too many attempts":   {`{"retry":{"attempts":101}}`, "retry.attempts"},
		"an unknown retry":    {`{"retry":{"jitter":1}}`, "retry.jitter"},
		"a long deadline":     {`{"retry":{"deadlineMs":99999999999}}`, "retry.deadlineMs"},
		"a long retention":    {`{"retention":{"processedSeconds":99999999999}}`, "retention.processedSeconds"},
		"21 steps":            {`{"steps":[` + strings.Repeat(`{"kind":"filter","expression":"true"},`, 20) + `{}]}`, "steps"},
		"33 attributes":       {`{"attributes":{` + strings.Join(numbered(33, `"a%d":{"expression":"1","type":"NUMBER"}`), ",") + `}}`, "attributes"},
		"a null attribute":    {`{"attributes":{"a":null}}`, "attributes.a"},
		"a null step":         {`{"steps":[null]}`, "steps.0"},
		"over 64 KiB":         {`{"city":"` + strings.Repeat(" ", 64<<10) + `"}`, ""},
		"an odd expression":   {`{"steps":[{"kind":"filter","expression":null}]}`, "steps.0.expression"},
		"a URL with password": {`{"steps":[{"kind":"http","url":"https://a:b@hooks.example.com/"}]}`, "steps.0.url"},
	}
	for name, c := range cases {
		_, err := compiler().Compile("orders", 1, json.RawMessage(c.definition))
		var all pipeline.Refusals
		if !errors.As(err, &all) || strings.Join(all[0].Field[2:], ".") != c.at || len(err.Error()) > 5000 {
			t.Errorf("%s: Compile(%.80s) = %v, want a fault at %q", name, c.definition, err, c.at)
		}
	}
}

func numbered(n int, format string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return all
}

func TestADefinitionThatSaysNothingIsTheDefault(t *testing.T) {
	t.Parallel()
	for _, definition := range []string{``, `{}`, `{"steps":[],"attributes":{},"retry":{},"city":null,"inputSchema":null,"retention":null}`} {
		p := compile(t, compiler(), definition)
		payload := parse(t, `{"id":"a","city":"Oslo","n":1.50}`)
		a, err := p.Admit(t.Context(), payload)
		if err != nil || a.City != "Oslo" || a.Attributes != nil || a.OrderingKey != nil {
			t.Errorf("Admit = %+v, %v", a, err)
		}
		o := runOne(t, p, string(payload.JSON))
		if want := `{"city":"Oslo","id":"a","n":1.50,"status":"processed","timestamp":"2026-03-01T12:00:00.123456Z"}`; string(o.Result) != want {
			t.Errorf("Run = %s, %v, want %s", o.Result, o.Failure, want)
		}
		if want := (pipeline.Retry{Attempts: 5, BackoffMs: 1000, BackoffMaxMs: 300_000}); p.Retry != want || !p.Pure() || p.Pipeline != "orders" || p.Version != 3 {
			t.Errorf("the program is %+v", p)
		}
	}
}

func TestAdmitTellsWhatTheDefinitionAsks(t *testing.T) {
	t.Parallel()
	p := compile(t, compiler(), `{
		"city": "payload.from", "orderingKey": "payload.who",
		"attributes": {
			"n": {"expression": "payload.n", "type": "NUMBER", "range": true}, "s": {"expression": "payload.s", "type": "STRING"},
			"b": {"expression": "payload.b", "type": "BOOLEAN"}, "r": {"expression": "result.r", "type": "NUMBER"}
		}
	}`)
	if !slices.Equal(p.Ranges, []string{"n"}) {
		t.Errorf("Ranges = %v", p.Ranges)
	}
	long := strings.Repeat("é", 256)
	cases := map[string]struct{ payload, want, refused string }{
		"all of it":               {`{"id":"a","from":"Oslo","who":"ada","n":9007199254740993,"s":"x","b":true,"r":1}`, `Oslo ada {"b":true,"n":9007199254740993,"s":"x"}`, ""},
		"nothing of it":           {`{"id":"a","city":"Bergen"}`, ` - `, ""},
		"nulls":                   {`{"id":"a","from":null,"who":null,"n":null,"s":null}`, ` - `, ""},
		"an empty key":            {`{"id":"a","who":""}`, ` - `, ""},
		"a double":                {`{"id":"a","n":1.50}`, ` - {"n":1.5}`, ""},
		"a text for a number":     {`{"id":"a","n":"1"}`, "", "attribute n: the result is a string, and must be a number"},
		"a number for a text":     {`{"id":"a","s":1}`, "", "attribute s: the result is a number, and must be a string"},
		"a null for a boolean":    {`{"id":"a","b":null}`, "", "attribute b: the result is null"},
		"a number beyond doubles": {`{"id":"a","n":1e400}`, "", "attribute n: the number 1e400"},
		"a long text":             {`{"id":"a","s":"` + long + `"}`, "", "attribute s: it has over 255 characters"},
		"U+0000":                  {`{"id":"a","s":"\u0000"}`, "", "attribute s: it has over 255 characters, or U+0000"},
		"a long key":              {`{"id":"a","who":"` + long + `"}`, "", "orderingKey: it has over 255 characters"},
		"a key of a number":       {`{"id":"a","who":1}`, "", "orderingKey: the result is a number"},
		"a city of a list":        {`{"id":"a","from":[]}`, "", "city: the result is a list"},
	}
	for name, c := range cases {
		a, err := p.Admit(t.Context(), parse(t, c.payload))
		if c.refused != "" {
			if r := refused(t, err); r.Code != pipeline.PayloadInvalid || !strings.HasPrefix(r.Message, c.refused) || !slices.Equal(r.Field, []string{"input", "payload"}) {
				t.Errorf("%s: Admit refuses with %v at %v, want %s", name, r, r.Field, c.refused)
			}
			continue
		}
		key := "-"
		if a.OrderingKey != nil {
			key = *a.OrderingKey
		}
		if got := a.City + " " + key + " " + string(a.Attributes); err != nil || got != c.want {
			t.Errorf("%s: Admit = %s, %v, want %s", name, got, err, c.want)
		}
	}
}

func TestAdmitTellsEveryFaultOfAPayload(t *testing.T) {
	t.Parallel()
	p := compile(t, compiler(), `{"inputSchema": {"properties": {"lines": {"items": {"properties": {"price": {"minimum": 0}}}}, "n": {"type": "string"}}}}`)
	_, err := p.Admit(t.Context(), parse(t, `{"id":"a","lines":[{"price":-1}],"n":7}`))
	var all pipeline.Refusals
	if !errors.As(err, &all) || len(all) != 2 || strings.Join(all[0].Field, ".") != "input.payload.lines.0.price" || strings.Join(all[1].Field, ".") != "input.payload.n" {
		t.Errorf("Admit = %v", err)
	}
	if r := refused(t, err); r.Code != pipeline.PayloadInvalid {
		t.Errorf("the code is %s", r.Code)
	}
}

func TestRunTakesEachJobItsOwnWay(t *testing.T) {
	t.Parallel()
	p := compile(t, compiler(broken), `{"steps": [
		{"kind": "filter", "expression": "payload.pass"},
		{"kind": "broken"},
		{"kind": "transform", "expression": "{'id': 'other', 'x': value.x, 'at': now}"}
	], "attributes": {"x": {"expression": "result.x", "type": "NUMBER"}, "pass": {"expression": "payload.pass", "type": "BOOLEAN"}}}`)
	var jobs []*pipeline.Job
	for _, text := range []string{
		`{"id":"fine","pass":true,"x":1}`, `{"id":"fine","pass":false}`, `{"id":"breaks","pass":true,"x":1}`, `{"id":"fine"}`,
		`{"id":"fine","pass":true}`, `{"id":"fine","pass":true,"x":"y"}`, `{"id":"fine","pass":1}`,
	} {
		jobs = append(jobs, &pipeline.Job{Payload: parse(t, text), Attempt: 1, At: noon})
	}
	want := []string{
		`{"at":"2026-03-01T12:00:00.123456Z","id":"other","x":1} {"pass":true,"x":1} false `,
		`  true `,
		`  false steps[1] (broken): the step broke off`,
		`  false steps[0] (filter): no such key: pass`,
		`  false steps[2] (transform): no such key: x`,
		`  false attributes: attribute x: the result is a string, and must be a number`,
		`  false steps[0] (filter): the result is a number, and must be true or false`,
	}
	for i, o := range p.Run(t.Context(), jobs) {
		failure := ""
		if o.Failure != nil {
			failure = o.Failure.Error()
		}
		if got := fmt.Sprintf("%s %s %t %s", o.Result, o.Attributes, o.Skipped, failure); got != want[i] {
			t.Errorf("job %d: %s, want %s", i, got, want[i])
		}
	}
}

func TestEnrichAsksOnceForAClaim(t *testing.T) {
	t.Parallel()
	above := &sky{}
	p := compile(t, pipeline.NewCompiler(pipeline.Kinds(above, nil)...), `{"steps": [
		{"kind": "filter", "expression": "payload.id != 'skipped'"}, {"kind": "enrich", "as": "weather"}
	]}`)
	if p.Pure() {
		t.Error("a program that asks for the weather is pure")
	}
	var jobs []*pipeline.Job
	for id, city := range map[string]int64{"a": 1, "b": 2, "c": 1, "d": 100, "e": 0, "skipped": 3} {
		j := &pipeline.Job{Payload: parse(t, `{"id":"`+id+`"}`), Attempt: 1, At: noon}
		if city > 0 {
			j.CityID = &city
		}
		jobs = append(jobs, j)
	}
	for i, o := range p.Run(t.Context(), jobs) {
		want := `"weather":null`
		if city := jobs[i].CityID; city != nil {
			want = fmt.Sprintf(`"weather":{"temperature":%d.50}`, *city)
		}
		switch jobs[i].Payload.ID {
		case "d":
			if o.Failure == nil || o.Failure.Error() != "steps[1] (enrich): the weather provider cannot be reached" {
				t.Errorf("d: %+v", o)
			}
		case "skipped":
			if !o.Skipped {
				t.Errorf("skipped: %+v", o)
			}
		default:
			if !strings.Contains(string(o.Result), want) || !strings.Contains(string(o.Result), `"status":"processed"`) {
				t.Errorf("%s: %s, %v, want %s", jobs[i].Payload.ID, o.Result, o.Failure, want)
			}
		}
	}
	if len(above.asked) != 1 || len(above.asked[0]) != 3 {
		t.Errorf("it asked %v, want once, for three cities", above.asked)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	p := compile(t, compiler(), `{"steps": [{"kind": "filter", "expression": "true"}]}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := p.Run(ctx, []*pipeline.Job{{Payload: parse(t, `{"id":"a"}`), At: noon}})[0]
	if o.Failure == nil || o.Result != nil {
		t.Errorf("Run = %+v, want it broken off", o)
	}
	if _, err := compile(t, compiler(), `{"city":"payload.x"}`).Admit(ctx, parse(t, `{"id":"a"}`)); fault.KindOf(err) != fault.Timeout {
		t.Errorf("Admit = %v, want %s", err, fault.Timeout.Code())
	}
}

func TestAResultIsBounded(t *testing.T) {
	t.Parallel()
	p := compile(t, compiler(), `{"steps": [`+strings.Repeat(`{"kind": "transform", "expression": "{'a': value, 'b': value, 'c': value}"},`, 3)+`{"kind": "filter", "expression": "true"}]}`)
	o := runOne(t, p, `{"id":"a","x":"`+strings.Repeat("x", 200_000)+`"}`)
	if o.Failure == nil || !strings.HasPrefix(o.Failure.Error(), "steps[1] (transform): the result is too large") {
		t.Errorf("Run = %.80s, %v", o.Result, o.Failure)
	}
}

func TestManyMayRunAProgram(t *testing.T) {
	t.Parallel()
	c := compiler()
	c.Logger = slog.New(slog.DiscardHandler)
	p := compile(t, c, `{"inputSchema": {"required": ["n"]}, "steps": [{"kind": "transform", "expression": "{'n': payload.n + 1}"}], "attributes": {"n": {"expression": "result.n", "type": "NUMBER"}}}`)
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			payload := parse(t, fmt.Sprintf(`{"id":"a","n":%d}`, i))
			if _, err := p.Admit(t.Context(), payload); err != nil {
				t.Error(err)
			}
			var jobs []*pipeline.Job
			for range 20 {
				jobs = append(jobs, &pipeline.Job{Payload: payload, Attempt: 1, At: time.Now()})
			}
			for _, o := range p.Run(t.Context(), jobs) {
				if want := fmt.Sprintf(`{"n":%d}`, i+1); string(o.Result) != want || string(o.Attributes) != want {
					t.Errorf("got %s, %s, %v, want %s", o.Result, o.Attributes, o.Failure, want)
				}
			}
		})
	}
	all.Wait()
}
