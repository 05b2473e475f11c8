package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ingest sends lines to a pipeline and returns the answer.
func (g *gateway) ingest(t *testing.T, pipeline, lines string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.url+"/ingest/"+pipeline, strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	all, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// An example is a command in the docs, and what it prints.
type example struct{ command, prints string }

// examples returns those in the consoles of a document.
func examples(document string) (all []example) {
	for i, block := range strings.Split(document, "```console\n") {
		block, _, _ = strings.Cut(block, "```")
		for line := range strings.Lines(block) {
			command, begins := strings.CutPrefix(line, "$ ")
			more, continues := strings.CutPrefix(line, "> ")
			switch {
			case i == 0:
			case begins:
				all = append(all, example{command: command})
			case continues:
				all[len(all)-1].command += more
			default:
				all[len(all)-1].prints += line
			}
		}
	}
	return all
}

func TestTheExamplesOfIngestDoWhatTheySay(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/ingest.md")
	if err != nil {
		t.Fatal(err)
	}
	all := examples(string(text))
	if len(all) < 6 {
		t.Fatalf("%d examples are found", len(all))
	}
	g := serve(t, filepath.Join(tempDir(t), "data"))
	for _, e := range all {
		command := strings.ReplaceAll(e.command, "http://localhost:8080", g.url)
		out, err := exec.CommandContext(t.Context(), "bash", "-c", command).CombinedOutput()
		if err != nil || string(out) != e.prints {
			t.Errorf("%s: %v; it prints\n%s\nand should print\n%s", e.command, err, out, e.prints)
		}
	}
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for got := ""; !strings.Contains(got, `"name":"Oslo"`); got = g.data(t, `{ record(payloadId: "https://shop.example/orders A234") { state city { name } } }`, nil) {
		select {
		case <-deadline:
			t.Fatalf("an event's record is %s, want it with its city", got)
		case <-tick.C:
		}
	}
}

func TestAStreamOfManyLinesIsDurableAndMayBeSentAgain(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "data")
	var lines strings.Builder
	const n = 5000
	for i := range n {
		_, _ = fmt.Fprintf(&lines, `{"id":"p%d","city":"Oslo"}`+"\n", i)
	}
	g := serve(t, dir)
	if got := g.ingest(t, "default", lines.String()); strings.Count(got, `"ACCEPTED"`) != n || !strings.Contains(got, fmt.Sprintf(`"accepted":%d`, n)) {
		t.Fatalf("answered %.2000s", got)
	}
	g.signal(t, syscall.SIGKILL)
	g.wait(t)
	g = serve(t, dir)
	if got := g.ingest(t, "default", lines.String()); strings.Count(got, `"DUPLICATE"`) != n {
		t.Errorf("after a crash, answered %.2000s", got)
	}
}

func TestAGatewayThatStopsEndsStreamsAndFinishesWhatTheySent(t *testing.T) {
	t.Parallel()
	g := serve(t, filepath.Join(tempDir(t), "data"))
	reading, writing := io.Pipe()
	defer writing.Close() //nolint:errcheck // a pipe's does not fail
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, g.url+"/ingest/default", reading)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	if _, err := io.WriteString(writing, `{"id":"a"}`+"\n"+`{"id":"b`); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 4096)
	n, err := res.Body.Read(first)
	if err != nil {
		t.Fatal(err)
	}
	g.signal(t, syscall.SIGTERM)
	rest, err := io.ReadAll(res.Body)
	if got := string(first[:n]) + string(rest); err != nil || !strings.Contains(got, `{"line":1,"id":"a","outcome":"ACCEPTED"}`) ||
		!strings.Contains(got, `{"complete":false,"read":1,"accepted":1`) || !strings.Contains(got, "the server is stopping") {
		t.Errorf("answered %s, %v", got, err)
	}
	if code := g.wait(t); code != 0 {
		t.Errorf("exit code %d; it printed:\n%s", code, g.out)
	}
}

func TestIngestCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	g := serve(t, filepath.Join(tempDir(t), "data"), "--no-ingest")
	if got := g.ingest(t, "default", ""); !strings.Contains(got, "404") {
		t.Errorf("answered %s, want 404", got)
	}
}
