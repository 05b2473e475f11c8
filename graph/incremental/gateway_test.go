package incremental_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"go.uber.org/goleak"

	"barograph/auth"
	"barograph/gazetteer"
	"barograph/graph"
	"barograph/loaders"
	"barograph/resolvers"
	"barograph/weather"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A provider answers when it is let to, and badly for some cities.
type provider struct {
	let  chan struct{} // closed, or nil, when it may answer
	left chan struct{} // told of calls that were given up

	mu    sync.Mutex
	calls []int // guarded by mu: for how many places each was
}

func (p *provider) Source() weather.Source { return weather.Source{Provider: "test"} }
func (p *provider) Limits() weather.Limits { return weather.Limits{Batch: 1000, Calls: 4} }
func (p *provider) Has() weather.Need      { return weather.Need{Current: true, Hours: 360, Days: 16} }

const (
	lima  = -12.04318 // whose report has no time
	cairo = 30.06263  // whose report a bug takes
)

func (p *provider) Fetch(ctx context.Context, places []weather.Place, need weather.Need) ([]weather.Result, error) {
	p.mu.Lock()
	p.calls = append(p.calls, len(places))
	p.mu.Unlock()
	if p.let != nil {
		select {
		case <-p.let:
		case <-ctx.Done():
			p.left <- struct{}{}
			return nil, ctx.Err()
		}
	}
	results := make([]weather.Result, len(places))
	for i, at := range places {
		results[i].Report = &weather.Report{Place: at, FetchedAt: time.Unix(0, 0), ExpiresAt: time.Now().Add(time.Hour), Hourly: make([]weather.Hour, need.Hours)}
		switch at.Latitude {
		case lima:
			results[i].Report.FetchedAt = time.Time{}
		case cairo:
			results[i] = weather.Result{Err: errors.New("secret")}
		}
	}
	return results, nil
}

func (p *provider) called() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]int{}, p.calls...)
}

var cities = sync.OnceValues(gazetteer.Open)

// serve serves the weather that a provider gives.
func serve(t testing.TB, p *provider, extensions ...graphql.HandlerExtension) (url string) {
	t.Helper()
	known, err := cities()
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	service := weather.NewService(time.Now, logger, p)
	t.Cleanup(service.Close)
	server := httptest.NewServer(auth.As(auth.Anyone, graph.New(graph.Config{
		Resolvers: &resolvers.Root{Gazetteer: known, Now: time.Now, Logger: logger},
		Extensions: append(extensions, loaders.Extension{Report: true, Sources: loaders.Sources{
			Weather: service,
		}}),
		Logger: logger,
	})))
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	t.Cleanup(server.Close)
	return server.URL
}

const (
	byPath = "multipart/mixed;deferSpec=20220824, application/json"
	byID   = "multipart/mixed;incrementalSpec=v0.2, application/json"
)

// An answer is read part by part.
type answer struct {
	res   *http.Response
	whole bool
	parts *bufio.Scanner
}

func ask(ctx context.Context, t testing.TB, url, query string, variables any, accept string) *answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", accept)
	req.Header.Set("X-Barograph-Upstream", "1")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	mediaType, params, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{res: res, whole: mediaType != "multipart/mixed", parts: bufio.NewScanner(res.Body)}
	a.parts.Buffer(nil, 1<<20)
	a.parts.Split(upTo([]byte("\r\n--" + params["boundary"])))
	if !a.whole && !a.parts.Scan() {
		t.Fatal("no delimiter at the beginning")
	}
	return a
}

// upTo splits at a delimiter, and waits for nothing behind it, as Apollo Client
// does.
func upTo(delimiter []byte) bufio.SplitFunc {
	return func(data []byte, _ bool) (int, []byte, error) {
		if before, _, found := bytes.Cut(data, delimiter); found {
			return len(before) + len(delimiter), before, nil
		}
		return 0, nil, nil
	}
}

// next returns the next part's text, "" after the last.
func (a *answer) next(t testing.TB) string {
	t.Helper()
	if a.whole {
		text, err := io.ReadAll(a.res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if !a.parts.Scan() {
		if err := a.parts.Err(); err != nil {
			t.Fatal(err)
		}
		return ""
	}
	_, text, _ := strings.Cut(a.parts.Text(), "\r\nContent-Type: application/json\r\n\r\n")
	return text
}

// all returns every part's text.
func (a *answer) all(t testing.TB) (texts []string) {
	t.Helper()
	if a.whole {
		return []string{a.next(t)}
	}
	for text := a.next(t); text != ""; text = a.next(t) {
		texts = append(texts, text)
	}
	return texts
}

// A client puts the parts of an answer together, and finds fault with any that
// its format does not allow.
type client struct {
	data    any
	errors  []string
	pending map[string]fragment
	known   map[string]bool
	hasNext bool
	count   int
	twice   bool // whether data may come more than once
}

type fragment struct {
	ID    string
	Path  []any
	Label string
}

type part struct {
	Data        json.RawMessage
	Errors      []problem
	Pending     []fragment
	Incremental []struct {
		Data    json.RawMessage
		ID      string
		Path    []any
		SubPath []any
		Label   string
		Errors  []problem
	}
	Completed []struct {
		ID     string
		Errors []problem
	}
	HasNext *bool
}

type problem struct {
	Message    string
	Path       []any
	Extensions struct{ Code string }
}

func (c *client) take(text string) error {
	var p part
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	c.note(p.Errors)
	if c.pending == nil {
		c.pending, c.known = map[string]fragment{}, map[string]bool{}
		c.hasNext = true
		if err := json.Unmarshal(p.Data, &c.data); err != nil {
			return err
		}
		if p.HasNext == nil {
			c.hasNext = false
			return nil
		}
	}
	if p.HasNext == nil || !c.hasNext {
		return fmt.Errorf("a part too many, or without hasNext: %s", text)
	}
	c.hasNext = *p.HasNext
	for _, f := range p.Pending {
		if c.known[f.ID] {
			return fmt.Errorf("fragment %s is announced twice", f.ID)
		}
		c.known[f.ID], c.pending[f.ID] = true, f
	}
	for _, piece := range p.Incremental {
		path := piece.Path
		if piece.ID != "" {
			f, waiting := c.pending[piece.ID]
			if !waiting {
				return fmt.Errorf("data for %s, which is not pending: %s", piece.ID, text)
			}
			path = append(append([]any{}, f.Path...), piece.SubPath...)
		}
		c.note(piece.Errors)
		if string(piece.Data) == "null" {
			continue
		}
		if err := c.merge(path, piece.Data); err != nil {
			return err
		}
		c.count++
	}
	for _, f := range p.Pending { // of which the objects have come with this part at the latest
		if _, err := at(c.data, f.Path); err != nil {
			return fmt.Errorf("fragment %s is announced where there is nothing: %w", f.ID, err)
		}
	}
	for _, done := range p.Completed {
		if _, waiting := c.pending[done.ID]; !waiting {
			return fmt.Errorf("%s is complete, which is not pending: %s", done.ID, text)
		}
		c.note(done.Errors)
		delete(c.pending, done.ID)
	}
	if len(c.known) > 0 && c.hasNext != (len(c.pending) > 0) {
		return fmt.Errorf("hasNext is %v and %d are pending: %s", c.hasNext, len(c.pending), text)
	}
	return nil
}

func (c *client) note(problems []problem) {
	for _, p := range problems {
		c.errors = append(c.errors, fmt.Sprint(p.Extensions.Code, p.Path))
	}
}

func (c *client) merge(path []any, text json.RawMessage) error {
	object, err := at(c.data, path)
	if err != nil {
		return err
	}
	var more map[string]any
	if err := json.Unmarshal(text, &more); err != nil {
		return err
	}
	for key, value := range more {
		if _, there := object[key]; there && !c.twice {
			return fmt.Errorf("%s at %v comes twice", key, path)
		}
		object[key] = value
	}
	return nil
}

// at returns the object at a path.
func at(data any, path []any) (map[string]any, error) {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := data.(map[string]any)
			data = object[step]
		case float64:
			list, _ := data.([]any)
			if int(step) >= len(list) {
				return nil, fmt.Errorf("nothing at %v of %v", step, path)
			}
			data = list[int(step)]
		}
	}
	object, ok := data.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("no object at %v but %v", path, data)
	}
	return object, nil
}

// assemble puts the parts of an answer together.
func assemble(t testing.TB, texts []string) *client {
	t.Helper()
	c := &client{}
	for _, text := range texts {
		if err := c.take(text); err != nil {
			t.Errorf("%v\nin %q", err, texts)
		}
	}
	if c.hasNext {
		t.Errorf("the answer has no end: %q", texts)
	}
	return c
}
