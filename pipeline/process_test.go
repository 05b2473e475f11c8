package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"barograph/internal/strictjson"
	"barograph/pipeline"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func Example() {
	payload, err := pipeline.ParsePayload(json.RawMessage(`{"id":"order-1","city":"Oslo","total":9007199254740993}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := pipeline.Process(payload, noon)
	fmt.Println(payload.ID, payload.City, err)
	fmt.Println(string(result))
	// Output:
	// order-1 Oslo <nil>
	// {"city":"Oslo","id":"order-1","status":"processed","timestamp":"2026-03-01T12:00:00.123456Z","total":9007199254740993}
}

func TestProcessAddsStatusAndTime(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text string
		at   time.Time
		want string
	}{
		"a payload without them": {`{"id":"a"}`, noon, `{"id":"a","status":"processed","timestamp":"2026-03-01T12:00:00.123456Z"}`},
		"a time elsewhere": {`{"id":"a"}`, noon.In(time.FixedZone("", -3*3600)),
			`{"id":"a","status":"processed","timestamp":"2026-03-01T12:00:00.123456Z"}`},
		"a whole second": {`{"id":"a"}`, noon.Truncate(time.Second), `{"id":"a","status":"processed","timestamp":"2026-03-01T12:00:00Z"}`},
		"a payload that has them": {`{"timestamp":1,"status":{"status":"new"},"id":"a"}`, noon,
			`{"id":"a","status":"processed","timestamp":"2026-03-01T12:00:00.123456Z"}`},
		"a payload that has them escaped": {`{"id":"a","st\u0061tus":"new"}`, noon,
			`{"id":"a","status":"processed","timestamp":"2026-03-01T12:00:00.123456Z"}`},
		"members of other case": {`{"id":"a","Status":"new","TIMESTAMP":0}`, noon,
			`{"Status":"new","TIMESTAMP":0,"id":"a","status":"processed","timestamp":"2026-03-01T12:00:00.123456Z"}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := process(t, parse(t, c.text), c.at); string(got) != c.want {
				t.Errorf("Process(%s) = %s, want %s", c.text, got, c.want)
			}
		})
	}
}

func TestProcessKeepsEveryOtherMemberToTheByte(t *testing.T) {
	t.Parallel()
	for name, member := range map[string]string{
		"a number beyond doubles":  `9007199254740993`,
		"a huge exponent":          `1e999999999999`,
		"zeros behind the point":   `1.500`,
		"minus zero":               `-0`,
		"signs of markup":          `"<a href='x'>&</a>"`,
		"escapes":                  `"\u003c\/\u00e9\t\\\""`,
		"line separators":          "\"\u2028\u2029\"",
		"an escaped U+0000":        `"\u0000"`,
		"letters of many scripts":  `"žluťoučký 東京 😀"`,
		"objects in their order":   `{"z":1,"a":{"y":[],"b":null}}`,
		"null":                     `null`,
		"an empty name":            `{"":{"":""}}`,
		"names that look the same": `{"é":1,"e` + "\u0301" + `":2}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := `{"id":"a","member":` + member + `}`
			got := process(t, parse(t, text), noon)
			if want := `"member":` + member + `,`; !bytes.Contains(got, []byte(want)) {
				t.Errorf("Process(%s) = %s, want it to have %s", text, got, want)
			}
		})
	}
}

func TestProcessLeavesThePayloadAsItIs(t *testing.T) {
	t.Parallel()
	p := parse(t, `{"id":"a","status":"new"}`)
	first := process(t, p, noon)
	second := process(t, p, noon.Add(time.Hour))
	if again := process(t, p, noon); !bytes.Equal(first, again) || bytes.Equal(first, second) {
		t.Errorf("Process = %s, then %s, then %s", first, second, again)
	}
	if want := `{"id":"a","status":"new"}`; string(p.JSON) != want {
		t.Errorf("the payload is %s after Process, want %s", p.JSON, want)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { process(t, p, noon) }) // the race detector sees who writes
	}
	all.Wait()
}

func FuzzProcess(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a"}`, `{"id":"a","city":"Oslo","n":[1.50e2,-0]}`, `{"id":null}`, `[]`, `{"id":"\u0000"}`, `{"id":"é","status":{},"<":"\u2028"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		strict := strictjson.Check([]byte(text)) == nil
		p, err := pipeline.ParsePayload(json.RawMessage(text))
		if err != nil {
			if strict {
				_ = refused(t, err)
			}
			return
		}
		if !strict {
			return // what the wire does not let through only has to do no harm
		}
		if !pipeline.ValidID(p.ID) {
			t.Fatalf("ParsePayload(%q) has the id %q", text, p.ID)
		}
		result := process(t, p, noon)
		if err := strictjson.Check(result); err != nil {
			t.Fatalf("Process(%q) = %q, which is not JSON: %v", text, result, err)
		}
		if got, want := members(t, string(result)), members(t, text); !maps.EqualFunc(got, want, sameValue) {
			t.Fatalf("Process(%q) = %q: other members have changed", text, result)
		}
	})
}

// members returns the members of an object less those that processing sets.
func members(t *testing.T, text string) map[string]json.RawMessage {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("unmarshal %q: %v", text, err)
	}
	delete(all, "status")
	delete(all, "timestamp")
	return all
}

func sameValue(a, b json.RawMessage) bool { return compact(a) == compact(b) }

func compact(text json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		return err.Error()
	}
	return out.String()
}

func process(t *testing.T, p *pipeline.Payload, at time.Time) json.RawMessage {
	t.Helper()
	result, err := pipeline.Process(p, at)
	if err != nil {
		t.Fatalf("Process(%.60s): %v", p.JSON, err)
	}
	if strings.Contains(string(result), "\n") && !strings.Contains(string(p.JSON), "\n") {
		t.Fatalf("Process(%.60s) added a line break: %s", p.JSON, result)
	}
	return result
}
