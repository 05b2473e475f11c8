package ingest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"barograph/auth"
	"barograph/ingest"
	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

func TestEveryLineHasItsResultInOrder(t *testing.T) {
	t.Parallel()
	intake := &memory{}
	address, _ := serve(t, ingest.Config{Intake: intake})
	wide := `{"id":"wide","x":"` + strings.Repeat("x", pipeline.PayloadLimit-len(`{"id":"wide","x":""}`)) + `"}`
	body := strings.Join([]string{
		`{"id":"a"}`, "\r", `{"id":"a"}` + "\r", "", " \t ", `{"id":"a","n":1}`, `{"id":`, `{"n":1}`, `[]`, `{"id":"d","id":"e"}`,
		wide + "\r", wide + " ", strings.Repeat("y", 3<<20), "\xff", `{"id":"last"}`,
	}, "\n")
	got := post(t, address, "/ingest/default", body, "Content-Type", ndjson)
	if got.status != http.StatusOK || got.header.Get("Content-Type") != ndjson || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("answered %d with %v", got.status, got.header)
	}
	expect(t, "results", got.lines,
		`{"line":1,"id":"a","outcome":"ACCEPTED"}`,
		`{"line":3,"id":"a","outcome":"DUPLICATE"}`,
		`{"line":6,"id":"a","outcome":"CONFLICT","problem":{"code":"PAYLOAD_CONFLICT","message":"other content","field":["id"]}}`,
		`{"line":7,"outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT","message":"the line is refused: not valid JSON, at byte 5"}}`,
		`{"line":8,"outcome":"REJECTED","problem":{"code":"PAYLOAD_ID_MISSING","message":"the payload has no id","field":["id"]}}`,
		`{"line":9,"outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT","message":"the payload is not a JSON object"}}`,
		`{"line":10,"outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT","message":"the line is refused: duplicate name in a JSON object, before byte 9"}}`,
		`{"line":11,"id":"wide","outcome":"ACCEPTED"}`,
		`{"line":12,"id":"wide","outcome":"DUPLICATE"}`,
		`{"line":13,"outcome":"REJECTED","problem":{"code":"PAYLOAD_TOO_LARGE","message":"the line has more than 262144 bytes"}}`,
		`{"line":14,"outcome":"REJECTED","problem":{"code":"PAYLOAD_NOT_OBJECT"…`,
		`{"line":15,"id":"last","outcome":"ACCEPTED"}`,
		`{"complete":true,"read":15,"accepted":3,"duplicate":2,"conflict":1,"rejected":6,"failed":0}`)
	if got := intake.payload("wide"); got != wide {
		t.Errorf("the widest payload is kept with %d bytes, want %d", len(got), len(wide))
	}
}

func TestNothingSentIsAnsweredByTheSummaryAlone(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	for _, body := range []string{"", "\n\n", "\r\n \t"} {
		expect(t, fmt.Sprintf("%q", body), post(t, address, "/ingest/default", body, "Content-Type", ndjson).lines,
			`{"complete":true,"read":0,"accepted":0,"duplicate":0,"conflict":0,"rejected":0,"failed":0}`)
	}
}

func TestResultsComeWhileTheClientSends(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	for _, headers := range [][]string{nil, {"Expect", "100-continue"}} {
		c := converse(t, address, "/ingest/default", headers...)
		for i := 1; i <= 5; i++ {
			c.say(fmt.Sprintf(`{"id":"p%d"}`+"\n", i))
			if got, want := c.hear(), fmt.Sprintf(`"line":%d,"id":"p%d"`, i, i); !strings.Contains(got, want) {
				t.Errorf("answered %s, want %s", got, want)
			}
		}
		c.say(`{"id":"p1"`)
		c.say(`}`)
		expect(t, "the rest", c.end(), `{"line":6,"id":"p1","outcome":"DUPLICATE"}`, `{"complete":true,"read":6,…`)
	}
}

func TestResultsComeWhileTheClientSendsOverHTTP2(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/ingest/{pipeline}", auth.As(auth.Anyone, ingest.New(ingest.Config{Intake: &memory{}, Pipelines: known{}, Logger: quiet})))
	server := httptest.NewUnstartedServer(mux)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	reading, writing := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/ingest/default", reading)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", ndjson)
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	if res.ProtoMajor != 2 || res.StatusCode != http.StatusOK {
		t.Fatalf("answered %s %s", res.Proto, res.Status)
	}
	c := newTalk(t, writing, res.Body)
	for i := 1; i <= 3; i++ {
		c.say(numbered(i, i))
		expect(t, "a line", []string{c.hear()}, fmt.Sprintf(`{"line":%d,"id":"p%d","outcome":"ACCEPTED"}`, i, i))
	}
	expect(t, "the rest", c.end(), `{"complete":true,"read":3,…`)
}

// While one group is being written, the next one gathers; and no more is read
// than a bound.
func TestLinesGatherWhileAGroupIsWrittenAndNoMoreThanABoundIsRead(t *testing.T) {
	t.Parallel()
	begun, let := make(chan struct{}), make(chan struct{})
	intake := &memory{before: func(call int, _ []json.RawMessage) ([]records.Acceptance, error) {
		if call == 1 {
			close(begun)
			<-let
		}
		return nil, nil
	}}
	address, _ := serve(t, ingest.Config{Intake: intake})
	c := converse(t, address, "/ingest/default", "Prefer", "return=minimal")
	const total, piece = 60_000, 100 // some 24 MB, which no socket's buffers hold
	sent := make(chan int)
	go func() {
		defer close(sent)
		defer c.body.Close() //nolint:errcheck // a pipe's does not fail
		text := strings.Repeat(" ", 400) + "\n"
		for i := 0; i < total; i += piece {
			_, _ = io.WriteString(c.body, strings.ReplaceAll(numbered(i+1, i+piece), "\n", text))
			sent <- i + piece
		}
	}()
	<-begun
	if stalled(sent) == total {
		t.Fatal("all is read while nothing can be written")
	}
	close(let)
	for range sent {
	}
	expect(t, "the end", c.end(), fmt.Sprintf(`{"complete":true,"read":%d,"accepted":%[1]d,…`, total))
	calls := intake.calls()
	if calls[1] != 1000 || slices.Max(calls) > 1000 {
		t.Errorf("groups of %v, want 1000 in the second, and no more in any", calls[:min(len(calls), 10)])
	}
}

// stalled returns the last number that comes before none comes for a while.
func stalled(numbers <-chan int) (last int) {
	for idle := time.NewTimer(10 * time.Second); ; idle.Reset(2 * time.Second) {
		select {
		case n, more := <-numbers:
			if !more {
				return last
			}
			last = n
		case <-idle.C:
			return last
		}
	}
}

func TestOneStreamDoesNotTakeTheRoomOfAll(t *testing.T) {
	t.Parallel()
	begun, let := make(chan struct{}), make(chan struct{})
	intake := &memory{before: func(call int, _ []json.RawMessage) ([]records.Acceptance, error) {
		if call == 1 {
			close(begun)
			<-let
		}
		return nil, nil
	}}
	address, _ := serve(t, ingest.Config{Intake: intake})
	wide := converse(t, address, "/ingest/default", "Prefer", "return=minimal")
	const total = 400 // some 100 MB
	sent := make(chan int)
	go func() {
		defer close(sent)
		filler := strings.Repeat("x", pipeline.PayloadLimit-100)
		for i := 1; i <= total; i++ {
			if _, err := fmt.Fprintf(wide.body, `{"id":"w%d","x":%q}`+"\n", i, filler); err != nil {
				return
			}
			sent <- i
		}
	}()
	<-begun
	stalled(sent)
	beside := converse(t, address, "/ingest/default")
	beside.say(numbered(1, 1))
	expect(t, "beside a stream that waits", append([]string{beside.hear()}, beside.end()...), `{"line":1,"id":"p1","outcome":"ACCEPTED"}`, `{"complete":true,…`)
	_ = wide.body.CloseWithError(io.ErrClosedPipe)
	close(let)
	for range sent {
	}
}

func TestOverloadIsWaitedOutAndToldWhenItLasts(t *testing.T) {
	t.Parallel()
	overloaded := func(n int, after time.Duration) []records.Acceptance {
		all := make([]records.Acceptance, n)
		for i := range all {
			refusal := pipeline.Refuse(pipeline.Overloaded, "no room")
			refusal.RetryAfter = after
			all[i].Refusal = refusal
		}
		return all
	}
	passing := &memory{before: func(call int, all []json.RawMessage) ([]records.Acceptance, error) {
		if call <= 3 {
			return overloaded(len(all), 10*time.Millisecond), nil
		}
		return nil, nil
	}}
	address, _ := serve(t, ingest.Config{Intake: passing})
	expect(t, "an overload that passes", post(t, address, "/ingest/default", numbered(1, 1), "Content-Type", ndjson).lines,
		`{"line":1,"id":"p1","outcome":"ACCEPTED"}`, `{"complete":true,"read":1,"accepted":1,…`)

	lasting := &memory{before: func(_ int, all []json.RawMessage) ([]records.Acceptance, error) {
		return overloaded(len(all), 20*time.Millisecond), nil
	}}
	address, _ = serve(t, ingest.Config{Intake: lasting, Patience: ingest.Patience{Room: 100 * time.Millisecond}})
	got := post(t, address, "/ingest/default", numbered(1, 5000), "Content-Type", ndjson).lines
	if last := got[len(got)-1]; got[0] != `{"line":1,"outcome":"FAILED","problem":{"code":"OVERLOADED","message":"no room","retryAfterMs":20}}` ||
		!strings.HasPrefix(last, `{"complete":false,`) || !strings.HasSuffix(last, `"problem":{"code":"OVERLOADED","message":"no room","retryAfterMs":20}}`) || len(got) > 1001 {
		t.Errorf("an overload that lasts is answered\n%s\n…\n%s", got[0], last)
	}
	if calls := lasting.calls(); len(calls) < 2 {
		t.Errorf("it was tried %d times", len(calls))
	}
}

func TestAnErrorEndsAStreamWhereTryingAgainHelps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"a bug": {errors.New("secret"), []string{
			`{"line":1,"outcome":"FAILED","problem":{"code":"INTERNAL_SERVER_ERROR","message":"internal server error"}}`,
			`{"line":2,"id":"p2","outcome":"ACCEPTED"}`, `{"complete":true,"read":2,"accepted":1,"duplicate":0,"conflict":0,"rejected":0,"failed":1}`,
		}},
		"no database": {fault.New(fault.Unavailable, "the database is away").After(time.Second), []string{
			`{"line":1,"outcome":"FAILED","problem":{"code":"UNAVAILABLE","message":"the database is away","retryAfterMs":1000}}`,
			`{"complete":false,"read":1,"accepted":0,"duplicate":0,"conflict":0,"rejected":0,"failed":1,"problem":{"code":"UNAVAILABLE","message":"the database is away","retryAfterMs":1000}}`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			intake := &memory{before: func(call int, _ []json.RawMessage) ([]records.Acceptance, error) {
				if call == 1 {
					return nil, c.err
				}
				return nil, nil
			}}
			address, _ := serve(t, ingest.Config{Intake: intake, Patience: ingest.Patience{Room: 100 * time.Millisecond}})
			s := converse(t, address, "/ingest/default")
			s.say(numbered(1, 1))
			got := []string{s.hear()}
			if len(c.want) == 3 {
				s.say(numbered(2, 2))
				got = append(got, s.hear())
			}
			expect(t, name, append(got, s.end()...), c.want...)
		})
	}
}

func TestAnIntakeThatLosesCountIsAnError(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{before: func(int, []json.RawMessage) ([]records.Acceptance, error) {
		return []records.Acceptance{{}, {}}, nil
	}}})
	expect(t, "results", post(t, address, "/ingest/default", numbered(1, 1), "Content-Type", ndjson).lines,
		`{"line":1,"outcome":"FAILED","problem":{"code":"INTERNAL_SERVER_ERROR"…`, `{"complete":true,…`)
}

func TestATrickleEndsAndAStreamThatSendsDoesNot(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}, Patience: ingest.Patience{Item: time.Second}})
	const late = `{"complete":false,"read":1,"accepted":1,"duplicate":0,"conflict":0,"rejected":0,"failed":0,"problem":{"code":"TIMEOUT","message":"nothing whole has come for 1s: what follows was not read"}}`
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()

	trickle := converse(t, address, "/ingest/default")
	trickle.say(numbered(1, 1))
	trickle.hear()
	heard := make(chan string, 1)
	go func() { heard <- trickle.hear() }()
	for last := ""; last == ""; {
		select {
		case last = <-heard:
			expect(t, "a trickle", []string{last}, late)
		case <-tick.C:
			_, _ = io.WriteString(trickle.body, "1")
		}
	}

	steady := converse(t, address, "/ingest/default")
	steady.say(numbered(1, 1))
	for range 15 { // more than the patience
		<-tick.C
		steady.say("\n")
	}
	steady.say(numbered(2, 2))
	expect(t, "a stream kept by empty lines", append([]string{steady.hear(), steady.hear()}, steady.end()...),
		`{"line":1,"id":"p1","outcome":"DUPLICATE"}`, `{"line":17,"id":"p2","outcome":"ACCEPTED"}`, `{"complete":true,…`)
}

func TestAStreamIsToldWhenTheServerStops(t *testing.T) {
	t.Parallel()
	intake := &memory{}
	address, stop := serve(t, ingest.Config{Intake: intake})
	c := converse(t, address, "/ingest/default")
	c.say(numbered(1, 1))
	c.hear()
	c.say(`{"id":"half`)
	stop()
	expect(t, "the end", []string{c.hear()}, `{"complete":false,"read":1,"accepted":1,"duplicate":0,"conflict":0,"rejected":0,"failed":0,`+
		`"problem":{"code":"UNAVAILABLE","message":"the server is stopping: what follows was not read, and another server will","retryAfterMs":1000}}`)
	expect(t, "behind it", c.end())
}

func TestTheGroupBeingWrittenIsFinishedWhenTheServerStops(t *testing.T) {
	t.Parallel()
	begun, let := make(chan struct{}), make(chan struct{})
	intake := &memory{before: func(call int, _ []json.RawMessage) ([]records.Acceptance, error) {
		if call == 1 {
			close(begun)
			<-let
		}
		return nil, nil
	}}
	address, stop := serve(t, ingest.Config{Intake: intake})
	c := converse(t, address, "/ingest/default")
	c.say(numbered(1, 1))
	<-begun
	stop()
	time.AfterFunc(3500*time.Millisecond, func() { close(let) }) // once it was this stream's turn
	expect(t, "results", []string{c.hear(), c.hear()}, `{"line":1,"id":"p1","outcome":"ACCEPTED"}`, `{"complete":false,"read":1,"accepted":1,…`)
}

func TestALineThatIsCutOffIsNotTakenIn(t *testing.T) {
	t.Parallel()
	intake := &memory{}
	address, _ := serve(t, ingest.Config{Intake: intake})
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	const head = "POST /ingest/default HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n"
	_, _ = io.WriteString(conn, head+`{"id":"whole"}`+"\n"+`{"id":"cut"}`)
	answer := make([]byte, 4096)
	for text := ""; !strings.Contains(text, "whole"); {
		n, err := conn.Read(answer)
		if err != nil {
			t.Fatal(err)
		}
		text += string(answer[:n])
	}
	_ = conn.Close()
	expect(t, "what the next one finds", post(t, address, "/ingest/default", `{"id":"whole"}`+"\n"+`{"id":"cut","other":1}`, "Content-Type", ndjson).lines,
		`{"line":1,"id":"whole","outcome":"DUPLICATE"}`, `{"line":2,"id":"cut","outcome":"ACCEPTED"}`, `{"complete":true,…`)
}

func TestAsManyStreamsAreServedAsThereMayBe(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}, Streams: 2})
	first, second := converse(t, address, "/ingest/default"), converse(t, address, "/ingest/default")
	refused := post(t, address, "/ingest/default", numbered(1, 1), "Content-Type", ndjson)
	if refused.status != http.StatusServiceUnavailable || refused.header.Get("Retry-After") != "1" {
		t.Errorf("a third stream is answered %d with Retry-After %q", refused.status, refused.header.Get("Retry-After"))
	}
	expect(t, "a third stream", refused.lines, `{"problem":{"code":"OVERLOADED","message":"there are 2 streams, which is as many as are served","retryAfterMs":1000}}`)
	if got := post(t, address, "/ingest/default", event("a", "/s", `{}`), "Content-Type", "application/cloudevents+json"); got.status != http.StatusAccepted {
		t.Errorf("an event beside them is answered %d", got.status)
	}
	first.end()
	third := converse(t, address, "/ingest/default")
	third.say(numbered(1, 1))
	expect(t, "once one is over", []string{third.hear()}, `{"line":1,"id":"p1","outcome":"ACCEPTED"}`)
	second.end()
	third.end()
}

func TestAClientChoosesOfWhatItIsTold(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	body := numbered(1, 2) + "nonsense\n" + numbered(1, 1)
	const refused, first, again = `{"line":3,"outcome":"REJECTED"…`, `{"complete":true,"read":4,"accepted":2,"duplicate":1,"conflict":0,"rejected":1,"failed":0}`, `{"complete":true,"read":4,"accepted":0,"duplicate":3,"conflict":0,"rejected":1,"failed":0}`
	expect(t, "problems", post(t, address, "/ingest/default?results=problems", body, "Content-Type", ndjson).lines, refused, first)
	expect(t, "summary", post(t, address, "/ingest/default?results=summary", body, "Content-Type", ndjson).lines, again)
	minimal := post(t, address, "/ingest/default", body, "Content-Type", ndjson, "Prefer", `respond-async, return="minimal"; x=1`)
	expect(t, "minimal", minimal.lines, again)
	if got := minimal.header.Get("Preference-Applied"); got != "return=minimal" {
		t.Errorf("Preference-Applied is %q", got)
	}
	if all := post(t, address, "/ingest/default?results=all", body, "Content-Type", ndjson, "Prefer", "return=minimal"); len(all.lines) != 5 || all.header.Get("Preference-Applied") != "" {
		t.Errorf("with a parameter and a preference, %d lines and %v; want the parameter to count", len(all.lines), all.header)
	}
}

func TestACompressedBodyIsReadAsItComes(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	c := converse(t, address, "/ingest/default", "Content-Encoding", "gzip")
	zip := gzip.NewWriter(c.body)
	for i := 1; i <= 3; i++ {
		_, _ = io.WriteString(zip, numbered(i, i))
		_ = zip.Flush()
		expect(t, "a line", []string{c.hear()}, fmt.Sprintf(`{"line":%d,"id":"p%d","outcome":"ACCEPTED"}`, i, i))
	}
	_ = zip.Close()
	expect(t, "the rest", c.end(), `{"complete":true,"read":3,…`)
}

func TestACompressedBodyThatCannotBeReadEndsTheStream(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = io.WriteString(zip, numbered(1, 2)+`{"id":"cut"}`)
	_ = zip.Close()
	const broken = `"problem":{"code":"BAD_REQUEST","message":"the body cannot be read to its end"}}`
	for name, body := range map[string]string{
		"cut off":      packed.String()[:packed.Len()-4],
		"not gzip":     numbered(1, 2),
		"empty":        "",
		"with garbage": packed.String() + "garbage",
	} {
		got := post(t, address, "/ingest/default", body, "Content-Type", ndjson, "Content-Encoding", "gzip").lines
		if last := got[len(got)-1]; !strings.HasPrefix(last, `{"complete":false`) || !strings.HasSuffix(last, broken) || strings.Contains(strings.Join(got, ""), `"cut"`) {
			t.Errorf("%s: answered\n%s", name, strings.Join(got, "\n"))
		}
	}
}

// A gigabyte of one line is a megabyte to send. It is read to its end, and no
// more of it kept than of any other line.
func TestABombIsALineThatIsTooLarge(t *testing.T) {
	t.Parallel()
	address, _ := serve(t, ingest.Config{Intake: &memory{}})
	var packed bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	piece := bytes.Repeat([]byte("0"), 1<<20)
	for range 100 {
		_, _ = zip.Write(piece)
	}
	_, _ = io.WriteString(zip, "\n"+numbered(1, 1))
	_ = zip.Close()
	expect(t, "a bomb", post(t, address, "/ingest/default", packed.String(), "Content-Type", ndjson, "Content-Encoding", "gzip").lines,
		`{"line":1,"outcome":"REJECTED","problem":{"code":"PAYLOAD_TOO_LARGE","message":"the line has more than 262144 bytes"}}`,
		`{"line":2,"id":"p1","outcome":"ACCEPTED"}`, `{"complete":true,"read":2,…`)
}
