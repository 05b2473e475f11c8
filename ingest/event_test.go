package ingest_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"barograph/ingest"
	"barograph/pipeline"
)

const (
	structured = "application/cloudevents+json"
	batch      = "application/cloudevents-batch+json"
)

func TestAnEventBecomesItsDataWithItsIdentity(t *testing.T) {
	t.Parallel()
	intake := &memory{}
	address, _ := serve(t, ingest.Config{Intake: intake})
	for name, c := range map[string]struct{ sent, id, payload string }{
		"no more than it must have": {event("e1", "/shop", `{"city":"Oslo","n":1.50}`), "/shop e1", `{"city":"Oslo","cloudevent":{"id":"e1","source":"/shop","type":"made"},"id":"/shop e1","n":1.50}`},
		"all that may be": {
			`{"specversion":"1.0","id":"e2","source":"https://x.example/a?b#c","type":"t","subject":"s","time":"2026-01-02T03:04:05Z","dataschema":"urn:x",` +
				`"datacontenttype":"application/vnd.x+json; charset=utf-8","partitionkey":"k","seq":7,"traceparent":"00-…","tracestate":"x","gone":null,"data":{}}`,
			"https://x.example/a?b#c e2",
			`{"cloudevent":{"dataschema":"urn:x","id":"e2","partitionkey":"k","seq":7,"source":"https://x.example/a?b#c","subject":"s","time":"2026-01-02T03:04:05Z","type":"t"},"id":"https://x.example/a?b#c e2"}`,
		},
		"data with an id of its own": {event("e3", "/shop", `{"id":"order-7","cloudevent":[1]}`), "/shop e3",
			`{"cloudevent":{"data":{"cloudevent":[1],"id":"order-7"},"id":"e3","source":"/shop","type":"made"},"id":"/shop e3"}`},
		"an id with blanks": {event("e 4", "/shop", `{}`), "/shop e 4", `{"cloudevent":{"id":"e 4","source":"/shop","type":"made"},"id":"/shop e 4"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := post(t, address, "/ingest/default", c.sent, "Content-Type", structured)
			if got.status != http.StatusAccepted || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("answered %d %v", got.status, got.header)
			}
			expect(t, "the answer", got.lines, fmt.Sprintf(`{"id":%q,"outcome":"ACCEPTED"}`, c.id))
			if got := intake.payload(c.id); got != c.payload {
				t.Errorf("the payload is\n%s\nwant\n%s", got, c.payload)
			}
			again := post(t, address, "/ingest/default", strings.ReplaceAll(c.sent, "00-…", "01-…"), "Content-Type", structured+"; charset=UTF-8")
			if again.status != http.StatusOK {
				t.Errorf("delivered again, it is answered %d", again.status)
			}
			expect(t, "delivered again", again.lines, fmt.Sprintf(`{"id":%q,"outcome":"DUPLICATE"}`, c.id))
		})
	}
}

func TestEventsOfTwoSourcesAreTwoPayloadsThoughTheirIdsAreTheSame(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	long := strings.Repeat("s", 300)
	seen := map[string]bool{}
	for _, source := range []string{"/a", "/b", "/a/1", "/" + long, "/" + long + "2"} {
		for _, id := range []string{"1", "1 1", "é"} {
			got := post(t, address, "/ingest/default", event(id, source, `{}`), "Content-Type", structured)
			if got.status != http.StatusAccepted || seen[got.lines[0]] {
				t.Errorf("event %q of %.10q is answered %d %s", id, source, got.status, got.lines)
			}
			seen[got.lines[0]] = true
			if hashed := strings.HasPrefix(got.lines[0], `{"id":"sha256:`); hashed != (len(source) > 250) {
				t.Errorf("event %q of %.10q has the id in %.100s", id, source, got.lines[0])
			}
		}
	}
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	if got := post(t, address, "/ingest/default", event("taken", "/s", `{}`), "Content-Type", structured); got.status != http.StatusAccepted {
		t.Fatal(got)
	}
	for name, c := range map[string]struct {
		sent   string
		status int
		want   string
	}{
		"broken JSON":          {`{"specversion":`, 422, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT",…`},
		"an array":             {`[]`, 422, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_INVALID",…`},
		"null":                 {`null`, 422, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_INVALID",…`},
		"nothing":              {``, 422, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT",…`},
		"another version":      {`{"specversion":"0.3","id":"1","source":"s","type":"t","data":{}}`, 422, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_INVALID","message":"the event's specversion is not 1.0","field":["specversion"]}}`},
		"no id":                {`{"specversion":"1.0","source":"s","type":"t","data":{}}`, 422, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_ID_MISSING","message":"the event has no id, which is a text that is not empty","field":["id"]}}`},
		"an id that is null":   {`{"specversion":"1.0","id":null,"source":"s","type":"t","data":{}}`, 422, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_ID_MISSING",…`},
		"a number for an id":   {`{"specversion":"1.0","id":1,"source":"s","type":"t","data":{}}`, 422, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_ID_MISSING",…`},
		"no source":            {`{"specversion":"1.0","id":"1","source":"","type":"t","data":{}}`, 422, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_ID_MISSING","message":"the event has no source, which is a text that is not empty","field":["source"]}}`},
		"a source with blanks": {event("1", "a b", `{}`), 422, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_ID_INVALID",…`},
		"no type":              {`{"specversion":"1.0","id":"1","source":"s","data":{}}`, 422, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_INVALID","message":"the event has no type, which is a text that is not empty","field":["type"]}}`},
		"an id with U+0000":    {`{"specversion":"1.0","id":"\u0000","source":"s","type":"t","data":{}}`, 202, `{"id":"sha256:…`},
		"no data":              {`{"specversion":"1.0","id":"1","source":"s","type":"t"}`, 422, `{"id":"s 1","outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT","message":"the event's data is not a JSON object","field":["data"]}}`},
		"data that is a list":  {event("1", "s", `[1]`), 422, `{"id":"s 1","outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT",…`},
		"data that is a text":  {event("1", "s", `"x"`), 422, `{"id":"s 1","outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT",…`},
		"binary data":          {`{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"e30="}`, 422, `{"id":"s 1","outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT","message":"the event's data is binary, and must be a JSON object","field":["data_base64"]}}`},
		"data of another type": {`{"specversion":"1.0","id":"1","source":"s","type":"t","datacontenttype":"text/xml","data":{}}`, 422, `{"id":"s 1","outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT",…`},
		"other data":           {event("taken", "/s", `{"n":1}`), 409, `{"id":"/s taken","outcome":"CONFLICT","problem":{"code":"PAYLOAD_CONFLICT",…`},
		"too much":             {event("1", "s", `"`+strings.Repeat("x", pipeline.PayloadLimit)+`"`), 413, `{"problem":{"code":"PAYLOAD_TOO_LARGE","message":"the event has more than 262144 bytes"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := post(t, address, "/ingest/default", c.sent, "Content-Type", structured)
			if got.status != c.status {
				t.Errorf("answered %d, want %d", got.status, c.status)
			}
			expect(t, "the answer", got.lines, c.want)
		})
	}
}

func TestAnEventInHeadersIsTheSameAsInJSON(t *testing.T) {
	t.Parallel()
	intake := &memory{}
	address, _ := serve(t, ingest.Config{Intake: intake})
	headers := []string{"ce-specversion", "1.0", "ce-id", "e1", "ce-source", "/shop", "ce-type", "made", "Content-Type", "application/json; charset=utf-8"}
	with := func(more ...string) []string { return append(append([]string{}, headers...), more...) }

	got := post(t, address, "/ingest/default", `{"n":1}`, with("ce-subject", `"Euro%20%E2%82%AC \"%F0%9F%98%80\""`, "ce-partitionkey", "k", "ce-traceparent", "00-x", "ce-data", "x")...)
	expect(t, "in headers", got.lines, `{"id":"/shop e1","outcome":"ACCEPTED"}`)
	const want = `{"cloudevent":{"id":"e1","partitionkey":"k","source":"/shop","subject":"Euro € \"😀\"","type":"made"},"id":"/shop e1","n":1}`
	if got := intake.payload("/shop e1"); got != want {
		t.Errorf("the payload is %s, want %s", got, want)
	}
	got = post(t, address, "/ingest/default", `{}`, append(with("ce-subject", "100% of %2x%4a%"), "ce-extra", "")...)
	expect(t, "badly coded", got.lines, `{"id":"/shop e1","outcome":"CONFLICT",…`)
	same := `{"specversion":"1.0","id":"e1","source":"/shop","type":"made","subject":"Euro € \"😀\"","partitionkey":"k","data":{"n":1}}`
	expect(t, "in JSON", post(t, address, "/ingest/default", same, "Content-Type", structured).lines, `{"id":"/shop e1","outcome":"DUPLICATE"}`)

	for name, c := range map[string]struct {
		body    string
		headers []string
		want    string
	}{
		"no data":                {"", headers, `{"id":"/shop e1","outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT",…`},
		"broken data":            {"{", headers, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT","message":"the body is refused: not valid JSON, at byte 1"}}`},
		"null":                   {" null\n", headers, `{"id":"/shop e1","outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT",…`},
		"data of another type":   {"{}", append(with()[:9], "text/plain"), `{"id":"/shop e1","outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT",…`},
		"a header twice":         {"{}", with("ce-id", "e2"), `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_INVALID","message":"a header of the event cannot be read","field":["id"]}}`},
		"bytes that are no text": {"{}", with("ce-subject", "%FF"), `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_INVALID",…`},
		"an id alone":            {"{}", []string{"ce-id", "e1"}, `{"outcome":"REJECTED","problem":{"code":"PAYLOAD_INVALID","message":"the event's specversion is not 1.0",…`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := post(t, address, "/ingest/default", c.body, c.headers...)
			if got.status != http.StatusUnprocessableEntity {
				t.Errorf("answered %d, want 422", got.status)
			}
			expect(t, "the answer", got.lines, c.want)
		})
	}
}

func TestABatchIsReadEventByEvent(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	const none = `"accepted":0,"duplicate":0,"conflict":0,"rejected":0,"failed":0`
	broken := func(read int, counts, why string) string {
		return fmt.Sprintf(`{"complete":false,"read":%d,%s,"problem":{"code":"BAD_REQUEST","message":"the batch is broken: %s"}}`, read, counts, why)
	}
	const one = `"accepted":1,"duplicate":0,"conflict":0,"rejected":0,"failed":0`
	for name, c := range map[string]struct {
		sent string
		want []string
	}{
		"none": {` [ ] `, []string{`{"complete":true,"read":0,` + none + `}`}},
		"one":  {`[` + event("one", "s", `{}`) + `]`, []string{`{"line":1,"id":"s one","outcome":"ACCEPTED"}`, `{"complete":true,"read":1,` + one + `}`}},
		"several, one bad": {"\r\n[" + event("a", "s", `{"x":"],[\"\\"}`) + " ,\n" + event("b", "s", `[]`) + `,3 , "x,]" ,{"a":1,"a":2},` + event("c", "s", `{}`) + "\t]\n", []string{
			`{"line":1,"id":"s a","outcome":"ACCEPTED"}`,
			`{"line":2,"id":"s b","outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT",…`,
			`{"line":3,"outcome":"REJECTED","problem":{"code":"PAYLOAD_INVALID","message":"the event is not a JSON object"}}`,
			`{"line":4,"outcome":"REJECTED","problem":{"code":"PAYLOAD_INVALID","message":"the event is not a JSON object"}}`,
			`{"line":5,"outcome":"REJECTED","problem":{"code":"PAYLOAD_INVALID","message":"the event is refused: duplicate name in a JSON object, before byte 6"}}`,
			`{"line":6,"id":"s c","outcome":"ACCEPTED"}`, `{"complete":true,"read":6,…`}},
		"one that is too large": {`[` + event("l", "s", `["`+strings.Repeat(`}],\"`, 60_000)+`"]`) + `,` + event("m", "s", `{}`) + `]`, []string{
			`{"line":1,"outcome":"REJECTED","problem":{"code":"PAYLOAD_TOO_LARGE","message":"the event has more than 262144 bytes"}}`,
			`{"line":2,"id":"s m","outcome":"ACCEPTED"}`, `{"complete":true,"read":2,…`}},
		"no array":             {event("o", "s", `{}`), []string{broken(0, none, "it is not a JSON array")}},
		"nothing":              {``, []string{broken(0, none, "it ends too early")}},
		"no end":               {`[` + event("p", "s", `{}`), []string{`{"line":1,…`, broken(1, one, "it ends too early")}},
		"a comma too many":     {`[` + event("q", "s", `{}`) + `,]`, []string{`{"line":1,…`, broken(1, one, "event 2 is not valid JSON")}},
		"a comma too few":      {`[` + event("r", "s", `{}`) + event("r2", "s", `{}`) + `]`, []string{`{"line":1,…`, broken(1, one, "neither a comma nor the end follows event 1")}},
		"two commas":           {`[` + event("t", "s", `{}`) + `,,` + event("t2", "s", `{}`) + `]`, []string{`{"line":1,…`, broken(1, one, "event 2 is not valid JSON")}},
		"something behind it":  {`[` + event("u", "s", `{}`) + `] x`, []string{`{"line":1,…`, broken(1, one, "something follows its end")}},
		"broken within":        {`[` + event("v", "s", `{}`) + `,{"specversion":tru},` + event("v2", "s", `{}`) + `]`, []string{`{"line":1,…`, broken(1, one, "event 2 is not valid JSON")}},
		"a quote that is open": {`[` + event("w", "s", `{}`) + `,{"a":"}]`, []string{`{"line":1,…`, broken(1, one, "it ends too early")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := post(t, address, "/ingest/default", c.sent, "Content-Type", batch)
			if got.status != http.StatusOK || got.header.Get("Content-Type") != ndjson {
				t.Errorf("answered %d %s", got.status, got.header.Get("Content-Type"))
			}
			expect(t, "results", got.lines, c.want...)
		})
	}
}

func TestEventsOfABatchAreAnsweredBeforeItsEnd(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	reading, writing := io.Pipe()
	begun := make(chan struct{})
	go func() {
		_, _ = io.WriteString(writing, "["+event("a", "s", `{}`)) // without what follows
		<-begun
		_, _ = io.WriteString(writing, ","+event("b", "s", `{}`)+"]")
		_ = writing.Close()
	}()
	c := newTalk(t, writing, open(t, http.MethodPost, address, "/ingest/default", reading, "Content-Type", batch).body)
	expect(t, "the first", []string{c.hear()}, `{"line":1,"id":"s a","outcome":"ACCEPTED"}`)
	close(begun)
	expect(t, "the second", []string{c.hear(), c.hear()}, `{"line":2,"id":"s b","outcome":"ACCEPTED"}`, `{"complete":true,"read":2,…`)
}

func TestACompressedEventMayGrowToNoMoreThanAnother(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	for _, c := range []struct {
		data   string
		status int
	}{{`{}`, http.StatusAccepted}, {`{"x":"` + strings.Repeat("x", 10<<20) + `"}`, http.StatusRequestEntityTooLarge}} {
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		_, _ = io.WriteString(zip, event("z", "s", c.data))
		_ = zip.Close()
		if got := post(t, address, "/ingest/default", packed.String(), "Content-Type", structured, "Content-Encoding", "gzip"); got.status != c.status {
			t.Errorf("%d bytes of %d are answered %d, want %d", packed.Len(), len(c.data), got.status, c.status)
		}
	}
	if got := post(t, address, "/ingest/default", "nonsense", "Content-Type", structured, "Content-Encoding", "gzip"); got.status != http.StatusBadRequest {
		t.Errorf("what is not compressed is answered %d", got.status)
	}
}
