package attacks_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// An answer is what came back over HTTP.
type answer struct {
	status int
	header http.Header
	body   string
	took   time.Duration
	work   time.Duration // of the gateway's processor
}

func (a answer) String() string {
	return fmt.Sprintf("%d %.300s (%d bytes, %v, %v of a processor)", a.status, a.body, len(a.body), a.took, a.work)
}

// codes returns the codes of the errors in an answer.
func (a answer) codes() []string {
	var body struct {
		Errors []struct{ Extensions struct{ Code string } }
	}
	_ = json.Unmarshal([]byte(a.body), &body) // what is no JSON has no codes
	var codes []string
	for _, err := range body.Errors {
		codes = append(codes, err.Extensions.Code)
	}
	return codes
}

func (a answer) has(code string) bool {
	for _, c := range a.codes() {
		if c == code {
			return true
		}
	}
	return false
}

// send sends a request and returns its answer. Errors of the connection that
// come once the request is refused count as none.
func (g *gateway) send(t *testing.T, method, url string, header map[string]string, body io.Reader) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if g.token != "" {
		req.Header.Set("Authorization", "Bearer "+g.token)
	}
	for name, value := range header {
		if req.Header.Set(name, value); name == "Host" {
			req.Host = value
		}
	}
	began, work := time.Now(), g.processorTime()
	client := &http.Client{Timeout: time.Minute}
	if g.client != nil {
		transport := &http.Transport{TLSClientConfig: g.client.Clone(), ForceAttemptHTTP2: true, DisableKeepAlives: true}
		defer transport.CloseIdleConnections()
		client.Transport = transport
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	text, err := io.ReadAll(res.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, strings.TrimSpace(string(text)), time.Since(began), g.processorTime() - work}
}

// post sends a body as JSON, with more headers or others.
func (g *gateway) post(t *testing.T, body string, header ...string) answer {
	t.Helper()
	headers := map[string]string{"Content-Type": "application/json", "Accept": "application/graphql-response+json"}
	for i := 0; i+1 < len(header); i += 2 {
		headers[header[i]] = header[i+1]
	}
	maps.DeleteFunc(headers, func(_, value string) bool { return value == "" })
	return g.send(t, http.MethodPost, g.url, headers, strings.NewReader(body))
}

// ask sends a document, and the variables if there are any.
func (g *gateway) ask(t *testing.T, document string, variables ...any) answer {
	t.Helper()
	request := map[string]any{"query": document}
	for _, v := range variables {
		request["variables"] = v
	}
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	return g.post(t, string(body))
}

// refusedQuickly checks that a document is refused with a code, in time, and with
// a small answer.
func (g *gateway) refusedQuickly(t *testing.T, document, code string) {
	t.Helper()
	got := g.ask(t, document)
	if got.status != http.StatusBadRequest || !got.has(code) || strings.Contains(got.body, `"data"`) {
		t.Errorf("answered %s, want 400 and %s", got, code)
	}
	if got.work > quick {
		t.Errorf("refused within %v, want %v", got.work, quick)
	}
	if len(got.body) > 2000 {
		t.Errorf("the answer has %d bytes, want at most 2000: %.300s", len(got.body), got.body)
	}
}

// dial opens a connection that reads and writes what it is told.
func (g *gateway) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

// raw sends text on a connection of its own and returns everything that comes
// back before the gateway closes it, and whether it did within the time.
func (g *gateway) raw(t *testing.T, text string, within time.Duration) (answered string, closed bool) {
	t.Helper()
	conn := g.dial(t)
	_ = conn.SetDeadline(time.Now().Add(within))
	_, _ = io.WriteString(conn, text) // refused while it is being written, at times
	all, err := io.ReadAll(conn)
	return string(all), !timedOut(err)
}
