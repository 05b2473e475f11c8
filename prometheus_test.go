package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// prometheus names a binary of Prometheus; .ci/telemetry gets one.
const prometheus = "BAROGRAPH_TEST_PROMETHEUS"

var listening = regexp.MustCompile(`msg="Listening on" address=(127\.0\.0\.1:\d+)`)

// elsewhere finds what is asked of what this gateway has none of: TLS, issuers of
// tokens, a Redis, a provider with a quota, and operations and calls that fail.
var elsewhere = regexp.MustCompile(`barograph_(tls_|auth_key_fetches_|weather_shared_|weather_quota_|ratelimit_redis|ratelimit_nodes|(operation|weather_upstream)_duration_seconds_count\{[^}]*error_type!="")`)

// scrape starts a Prometheus that looks at a gateway every second, and returns
// the base of its API.
func scrape(t *testing.T, binary string, g *gateway) string {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 1s}\nscrape_configs: [{job_name: barograph, static_configs: [{targets: [%q]}]}]\n",
		strings.TrimPrefix(g.admin(t), "http://"))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address=127.0.0.1:0")
	logs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address := make(chan string, 1)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for lines := bufio.NewScanner(logs); lines.Scan(); {
			if found := listening.FindStringSubmatch(lines.Text()); found != nil {
				address <- found[1]
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-drained
		_ = cmd.Wait()
	})
	select {
	case a := <-address:
		return "http://" + a
	case <-drained:
		t.Fatal("prometheus ended")
	case <-time.After(30 * time.Second):
		t.Fatal("prometheus does not listen")
	}
	return ""
}

// query asks a Prometheus and returns how many series are the answer.
func query(t *testing.T, base, expr string) (series int, problem string) {
	t.Helper()
	status, body := get(t, base+"/api/v1/query?"+url.Values{"query": {expr}}.Encode())
	var answer struct {
		Error string
		Data  struct{ Result []json.RawMessage }
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		return 0, fmt.Sprintf("%d %s%s", status, answer.Error, body)
	}
	return len(answer.Data.Result), ""
}

func TestAPrometheusAnswersWhatTheBoardAsks(t *testing.T) {
	t.Parallel()
	binary := os.Getenv(prometheus)
	if binary == "" {
		t.Skipf("%s names no Prometheus; .ci/telemetry runs this", prometheus)
	}
	g := observed(t, "--rate-limit=100000", "--rate-burst=1000000", "--address-rate=100000", "--address-burst=1000000")
	base := scrape(t, binary, g)
	deadline := time.After(time.Minute)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for round := 0; ; round++ {
		keepBusy(t, g, round)
		if n, problem := query(t, base, `count_over_time(up{job="barograph"}[1m]) >= 6 and up == 1`); problem == "" && n == 1 {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("prometheus does not get at the metrics of %s", g.admin(t))
		}
	}
	exprs, empty := readBoard(t).queries("30s"), 0
	for _, expr := range exprs {
		switch n, problem := query(t, base, expr); {
		case problem != "":
			t.Errorf("%s: %s", expr, problem)
		case n == 0 && !elsewhere.MatchString(expr):
			t.Errorf("no data: %s", expr)
		case n == 0:
			empty++
			t.Logf("no data: %s", expr)
		}
	}
	t.Logf("%d queries answered, %d of them with data", len(exprs), len(exprs)-empty)
}
