package ingest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/goleak"

	"barograph/auth"
	"barograph/ingest"
	"barograph/internal/edge"
	"barograph/internal/origin"
	"barograph/pipeline"
	"barograph/records"
)

func TestMain(m *testing.M) {
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(measured)))
	goleak.VerifyTestMain(m)
}

// memory is an intake that keeps payloads in memory. What a test puts into
// before happens instead.
type memory struct {
	before func(call int, payloads []json.RawMessage) ([]records.Acceptance, error)

	mu     sync.Mutex
	kept   map[string]string
	groups []int // guarded by mu: how many payloads each call had
}

func (m *memory) Submit(_ context.Context, _ pipeline.Reach, name string, payloads []json.RawMessage) ([]records.Acceptance, error) {
	m.mu.Lock()
	m.groups = append(m.groups, len(payloads))
	call := len(m.groups)
	m.mu.Unlock()
	if m.before != nil {
		if instead, err := m.before(call, payloads); instead != nil || err != nil {
			return instead, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]records.Acceptance, len(payloads))
	for i, text := range payloads {
		all[i] = m.take(name, text)
	}
	return all, nil
}

// take is called with mu held.
func (m *memory) take(name string, text json.RawMessage) records.Acceptance {
	p, err := pipeline.ParsePayload(text)
	var refusal *pipeline.Refusal
	if errors.As(err, &refusal) {
		return records.Acceptance{Refusal: refusal}
	}
	record := &records.Record{Key: records.Key{Pipeline: name, PayloadID: p.ID}}
	switch first, there := m.kept[p.ID]; {
	case !there:
		if m.kept == nil {
			m.kept = map[string]string{}
		}
		m.kept[p.ID] = string(text)
		return records.Acceptance{PayloadID: p.ID, Record: record}
	case first == string(text):
		return records.Acceptance{PayloadID: p.ID, Record: record, Duplicate: true}
	}
	return records.Acceptance{PayloadID: p.ID, Record: record, Refusal: pipeline.Refuse(pipeline.PayloadConflict, "other content").At("input", "payload", "id")}
}

func (m *memory) calls() []int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]int{}, m.groups...)
}

func (m *memory) payload(id string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept[id]
}

var quiet = slog.New(slog.DiscardHandler)

// known are the pipelines there are.
type known struct{}

func (known) Find(_ context.Context, _ pipeline.Reach, names []string) ([]*pipeline.Pipeline, error) {
	switch names[0] {
	case "default":
		return []*pipeline.Pipeline{{Name: "default", Active: true}}, nil
	case "asleep":
		return []*pipeline.Pipeline{{Name: "asleep"}}, nil
	case "broken":
		return nil, errors.New("no database")
	}
	return nil, nil
}

// serve serves what the configuration says, behind the real edge. It returns the
// address, and what makes the server stop.
func serve(t *testing.T, config ingest.Config) (address string, stop func()) {
	t.Helper()
	config.Pipelines, config.Logger = known{}, quiet
	config.Pages = origin.Pages{Listed: []string{"https://app.example"}}
	var network net.ListenConfig
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nothing := http.NotFoundHandler()
	server := edge.New(edge.Config{
		GraphQL: nothing, Playground: nothing, Schema: nothing, Ingest: auth.As(auth.Anyone, ingest.New(config)),
		Ready: func(context.Context) error { return nil }, Logger: config.Logger,
		CORS: edge.CORS{Origins: []string{"https://app.example"}},
	})
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("the server stops with %v", err)
		}
	})
	return listener.Addr().String(), cancel
}

// A reply is an answer read whole.
type reply struct {
	status int
	header http.Header
	lines  []string
}

// post sends a body with headers, name and value by turns.
func post(t *testing.T, address, path, body string, headers ...string) reply {
	t.Helper()
	return send(t, http.MethodPost, address, path, strings.NewReader(body), headers...)
}

// send sends a request and reads the answer. A body that is no *strings.Reader
// is sent in chunks.
func send(t *testing.T, method, address, path string, body io.Reader, headers ...string) reply {
	t.Helper()
	begun := open(t, method, address, path, body, headers...)
	all, err := io.ReadAll(begun.body)
	if err != nil {
		t.Errorf("read the answer: %v", err)
	}
	return reply{begun.status, begun.header, strings.Split(strings.TrimSuffix(string(all), "\n"), "\n")}
}

// An opening is an answer that has begun.
type opening struct {
	status int
	header http.Header
	body   io.Reader
}

// open sends a request and returns the answer as soon as it begins.
func open(t *testing.T, method, address, path string, body io.Reader, headers ...string) opening {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = res.Body.Close()
		transport.CloseIdleConnections()
	})
	return opening{res.StatusCode, res.Header, res.Body}
}

const ndjson = "application/x-ndjson"

// a talk is a stream that a test holds open.
type talk struct {
	t       *testing.T
	body    *io.PipeWriter
	answers *bufio.Scanner
}

// converse opens a stream.
func converse(t *testing.T, address, path string, headers ...string) *talk {
	t.Helper()
	reading, writing := io.Pipe()
	begun := open(t, http.MethodPost, address, path, reading, append([]string{"Content-Type", ndjson}, headers...)...)
	if begun.status != http.StatusOK {
		t.Fatalf("the stream is answered %d", begun.status)
	}
	return newTalk(t, writing, begun.body)
}

func newTalk(t *testing.T, body *io.PipeWriter, answers io.Reader) *talk {
	t.Helper()
	t.Cleanup(func() { _ = body.Close() })
	return &talk{t, body, bufio.NewScanner(answers)}
}

// say sends text.
func (c *talk) say(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.body, text); err != nil {
		c.t.Errorf("send %.40q: %v", text, err)
	}
}

// hear returns the next line.
func (c *talk) hear() string {
	c.t.Helper()
	heard := make(chan bool, 1)
	go func() { heard <- c.answers.Scan() }()
	select {
	case more := <-heard:
		if !more {
			c.t.Fatalf("the answer ends: %v", c.answers.Err())
		}
		return c.answers.Text()
	case <-time.After(10 * time.Second):
		c.t.Fatal("nothing is answered")
		return ""
	}
}

// end ends what is sent, and returns what is still answered.
func (c *talk) end() (rest []string) {
	c.t.Helper()
	_ = c.body.Close()
	for c.answers.Scan() {
		rest = append(rest, c.answers.Text())
	}
	return rest
}

// expect compares lines with those wanted. A wanted line that ends with … is a
// beginning.
func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	same := len(got) == len(want)
	for i := 0; same && i < len(want); i++ {
		if begin, open := strings.CutSuffix(want[i], "…"); open {
			same = strings.HasPrefix(got[i], begin)
		} else {
			same = got[i] == want[i]
		}
	}
	if !same {
		t.Errorf("%s: got\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func numbered(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		_, _ = fmt.Fprintf(&b, `{"id":"p%d"}`+"\n", i)
	}
	return b.String()
}

// event writes an event in the JSON format.
func event(id, source, data string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":%q,"type":"made","data":%s}`, id, source, data)
}
