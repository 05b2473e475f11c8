package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A board is the part of deploy/grafana/barograph.json that asks questions.
type board struct {
	Panels []struct {
		ID      int
		Title   string
		Type    string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ Expr string }
	}
	Templating struct {
		List []struct{ Name, Definition string }
	}
}

func readBoard(t *testing.T) board {
	t.Helper()
	text, err := os.ReadFile("deploy/grafana/barograph.json")
	if err != nil {
		t.Fatal(err)
	}
	var b board
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatalf("read the board: %v", err)
	}
	return b
}

// queries returns what the board asks Prometheus, its variables filled in: rates
// are those over some time, of all gateways.
func (b board) queries(over string) (exprs []string) {
	for _, panel := range b.Panels {
		for _, target := range panel.Targets {
			exprs = append(exprs, strings.NewReplacer("$__rate_interval", over, "$instance", ".*").Replace(target.Expr))
		}
	}
	return exprs
}

var (
	quoted   = regexp.MustCompile(`"[^"]*"`)
	matcher  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
	selector = regexp.MustCompile(`\{[^}]*\}`)
	grouping = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	duration = regexp.MustCompile(`\[[^\]]*\]`)
	word     = regexp.MustCompile(`[a-zA-Z_:][\w:]*\s*\(?`)
)

// uses returns the metrics and the labels that an expression needs.
func uses(expr string) (metrics, labels []string) {
	expr = quoted.ReplaceAllString(expr, "")
	for _, s := range selector.FindAllString(expr, -1) {
		for _, m := range matcher.FindAllStringSubmatch(s, -1) {
			labels = append(labels, m[1])
		}
	}
	for _, g := range grouping.FindAllStringSubmatch(expr, -1) {
		labels = append(labels, strings.FieldsFunc(g[1], func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	rest := expr
	for _, part := range []*regexp.Regexp{selector, grouping, duration} {
		rest = part.ReplaceAllString(rest, " ")
	}
	for _, name := range word.FindAllString(rest, -1) {
		if !strings.HasSuffix(name, "(") && !slices.Contains([]string{"by", "and", "or", "unless", "bool", "offset"}, strings.TrimSpace(name)) {
			metrics = append(metrics, strings.TrimSpace(name))
		}
	}
	return metrics, labels
}

func TestTheBoardAsksForMetricsThatExist(t *testing.T) {
	t.Parallel()
	g := observed(t, "--rate-limit", "25000", "--address-rate", "1000")
	keepBusy(t, g, 0)
	_, text := get(t, g.admin(t)+"/metrics")
	series := map[string]string{} // by metric: all of its lines
	for line := range strings.Lines(text) {
		if name := strings.TrimSpace(word.FindString(line)); name != "" {
			series[name] += line
		}
	}
	b := readBoard(t)
	exprs := b.queries("5m")
	if len(exprs) < 30 {
		t.Fatalf("the board asks %d questions; is it read right?", len(exprs))
	}
	for _, expr := range exprs {
		metrics, labels := uses(expr)
		if len(metrics) == 0 {
			t.Errorf("%s: no metric is found in it", expr)
		}
		for _, metric := range metrics {
			if metric == "barograph_weather_quota_left" || strings.HasPrefix(metric, "barograph_weather_shared_") || strings.HasPrefix(metric, "barograph_tls_") ||
				metric == "barograph_auth_key_fetches_total" ||
				metric == "barograph_ratelimit_redis" || metric == "barograph_ratelimit_nodes" {
				labels = nil
				continue // which Open-Meteo, Redis, TLS and issuers have, and not what tests ask
			}
			if series[metric] == "" {
				t.Errorf("%s: there is no metric %s", expr, metric)
			}
		}
		for _, label := range labels {
			if label != "instance" && !slices.ContainsFunc(metrics, func(m string) bool { return strings.Contains(series[m], label+"=") }) && label != "error_type" {
				t.Errorf("%s: its metrics have no label %s", expr, label)
			}
		}
	}
	for _, variable := range b.Templating.List {
		if strings.Contains(variable.Definition, "target_info") && series["target_info"] == "" {
			t.Error("there is no metric target_info")
		}
	}
}

// Whatever is measured should be looked at, or not be measured.
func TestTheBoardShowsEveryMetricOfOurs(t *testing.T) {
	t.Parallel()
	g := observed(t, "--rate-limit", "25000", "--address-rate", "1000")
	keepBusy(t, g, 0)
	_, text := get(t, g.admin(t)+"/metrics")
	asked := strings.Join(readBoard(t).queries("5m"), "\n")
	families := regexp.MustCompile(`(?m)^# TYPE ((?:barograph|graphql|db)_\w+)`).FindAllStringSubmatch(text, -1)
	if len(families) < 15 {
		t.Fatalf("%d metrics of ours, want more", len(families))
	}
	for _, family := range families {
		if !strings.Contains(asked, family[1]) {
			t.Errorf("the board does not show %s", family[1])
		}
	}
}

func TestTheBoardsPanelsDoNotOverlap(t *testing.T) {
	t.Parallel()
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, p := range readBoard(t).Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the id %d", p.ID)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%q overlaps %q", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

func TestUsesFindsMetricsAndLabels(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		`sum by (a, le) (rate(m_total{b="by (x)", c!~"d"}[5m])) / n`:  "m_total n; b c a le",
		`topk(10, histogram_quantile(0.95, sum(rate(h_bucket[1m]))))`: "h_bucket; ",
		`up`: "up; ",
	} {
		metrics, labels := uses(expr)
		if got := strings.Join(metrics, " ") + "; " + strings.Join(labels, " "); got != want {
			t.Errorf("uses(%s) = %s, want %s", expr, got, want)
		}
	}
}
