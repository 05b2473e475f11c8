package resolvers_test

import (
	"strings"
	"testing"

	"barograph/internal/gatewaytest"
)

func TestAnInternalErrorIsLoggedOnceAndItsOperationToo(t *testing.T) {
	t.Parallel()
	g := gatewaytest.NewWithoutWorkers(t)
	if _, err := g.Base.Pools.API.Exec(t.Context(), `alter table records rename to elsewhere`); err != nil {
		t.Fatal(err)
	}
	got := g.Error(t, `query Broken { records { nodes { id } } }`, nil)
	if got.Extensions.Code != "INTERNAL_SERVER_ERROR" || strings.Contains(got.Message, "records") {
		t.Errorf("error = %+v, want INTERNAL_SERVER_ERROR and no internals", got)
	}
	var loud []string
	for line := range strings.Lines(g.Logs.String()) {
		if strings.Contains(line, "backlog") {
			continue // which is counted now and then
		}
		if strings.Contains(line, `"level":"ERROR"`) || strings.Contains(line, `"level":"WARN"`) {
			loud = append(loud, line)
		}
	}
	if len(loud) != 2 || !strings.Contains(loud[0], `"msg":"page records failed"`) || !strings.Contains(loud[0], "does not exist") ||
		!strings.Contains(loud[1], `"msg":"query Broken failed"`) || !strings.Contains(loud[1], `"code":"INTERNAL_SERVER_ERROR"`) {
		t.Errorf("the log says %s, want what failed and the operation that it failed", loud)
	}
}

func TestWhatACallerDoesWrongIsNoNews(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for _, query := range []string{`{ city(name: "Nowhereville") { id } }`, `{ nothing }`, `{`, `{ searchCities(query: "a", first: 0) { id } }`} {
		g.Ask(t, query, nil)
	}
	if log := g.Logs.String(); strings.Contains(log, `"WARN"`) || strings.Contains(log, `"ERROR"`) || strings.Count(log, `"code":"`) != 4 {
		t.Errorf("the log says %s, want four failures, quietly", log)
	}
}
