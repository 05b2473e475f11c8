package schematest_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/internal/gatewaytest"
	"barograph/internal/schematest"
)

func TestMain(m *testing.M) { gatewaytest.Main(m) }

func barographSchema(t *testing.T) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile("../../schema.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	return gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphqls", Input: string(text)})
}

// gatewayURL returns the endpoint that BAROGRAPH_TEST_GATEWAY_URL names, or that of a
// gateway started for the test, and that gateway.
func gatewayURL(t *testing.T) (string, *gatewaytest.Gateway) {
	t.Helper()
	if url := os.Getenv("BAROGRAPH_TEST_GATEWAY_URL"); url != "" {
		return url, nil
	}
	g := gatewaytest.New(t)
	return g.URL, g
}

func TestEveryFieldAnswersAsTheSchemaSays(t *testing.T) {
	t.Parallel()
	url, gateway := gatewayURL(t)
	suite := schematest.New(barograph(t, url))
	if gateway != nil {
		haveFailedOnce(t, gateway)
		haveOneWait(t, gateway)
		haveSentKeys(t, gateway)
	}
	if err := suite.Walk(t.Context()); err != nil {
		t.Fatal(err)
	}
	if gateway != nil {
		askInOtherWeather(t, suite, gateway)
	}
	r := suite.Report()
	t.Logf("%d operations; fields asked: %s; arguments given: %s; enum values met: %s; possible types received: %s",
		r.Operations, r.Fields, r.Arguments, r.EnumValues, r.PossibleTypes)
	for _, missed := range r.Missed {
		if gateway == nil && ofTheWeather.MatchString(missed) {
			t.Log(missed)
			continue
		}
		t.Error(missed)
	}
	fails(t, r.Failures, gateway)
}

// ofTheWeather matches what a gateway that is not ours, with its weather, its
// provider and its steps, need not answer.
var ofTheWeather = regexp.MustCompile(`^(FreshnessState|WeatherCondition|RecordAttempt|RecordError|Record\.(history|lastError)|ApiKey\.lastUsedAt)\b`)

// haveFailedOnce makes the first attempt at the records there are one that failed.
func haveFailedOnce(t *testing.T, gateway *gatewaytest.Gateway) {
	t.Helper()
	for _, statement := range []string{
		`update records set attempts = 2, error_code = 'STEP_FAILED', error_message = 'steps[0] (http): not reached', error_at = received_at`,
		`insert into record_attempts select pipeline, payload_id, 1, pipeline_version, error_at, error_code, error_message from records`,
	} {
		if _, err := gateway.Base.Pools.API.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// haveOneWait makes a record that was processed one that waits for its next attempt, for
// longer than the test takes.
func haveOneWait(t *testing.T, gateway *gatewaytest.Gateway) {
	t.Helper()
	const statement = `
		update records set state = 'RETRYING', next_attempt_at = received_at + interval '1 year', processed_at = null, result = null
		where payload_id = 'second'`
	tag, err := gateway.Base.Pools.API.Exec(t.Context(), statement)
	if err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("%v, %v", tag, err)
	}
}

// haveSentKeys makes the API keys there are ones that somebody has sent.
func haveSentKeys(t *testing.T, gateway *gatewaytest.Gateway) {
	t.Helper()
	if _, err := gateway.Base.Pools.API.Exec(t.Context(), `update api_keys set last_used_at = created_at`); err != nil {
		t.Fatal(err)
	}
}

// askInOtherWeather asks for the weather when there is every kind of it, and
// then when the provider is away.
func askInOtherWeather(t *testing.T, suite *schematest.Suite, g *gatewaytest.Gateway) {
	t.Helper()
	ask := func() {
		t.Helper()
		if err := suite.Ask(t.Context(), "Query.weather"); err != nil {
			t.Fatal(err)
		}
	}
	const tomorrow = 24 * time.Hour
	g.Upstream.Rewrite(everyCode)
	g.Advance(tomorrow) // past the expiry of what is cached, and past the stale limit
	ask()
	g.Upstream.Fail(func(gatewaytest.Call) gatewaytest.Failure { return gatewaytest.Failure{Status: 503, Body: "{}"} })
	g.Advance(2 * time.Hour)
	ask()
}

var hourlyCodes = regexp.MustCompile(`"weather_code":\[[^\]]*\]`)

// everyCode gives the hours of a forecast all codes of the weather in turn.
func everyCode(forecast []byte) []byte {
	codes := []string{"0", "1", "3", "45", "51", "56", "61", "66", "71", "77", "80", "85", "95", "96"}
	return hourlyCodes.ReplaceAllFunc(forecast, func(list []byte) []byte {
		replaced := make([]string, bytes.Count(list, []byte(","))+1)
		for i := range replaced {
			replaced[i] = codes[i%len(codes)]
		}
		return []byte(`"weather_code":[` + strings.Join(replaced, ",") + "]")
	})
}

func TestEveryArgumentWithstandsHostileValues(t *testing.T) {
	t.Parallel()
	url, gateway := gatewayURL(t)
	suite := schematest.New(barograph(t, url))
	if err := suite.Attack(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := suite.Report()
	t.Logf("%d operations", r.Operations)
	fails(t, r.Failures, gateway)
}

// fails fails the test for each failure, and for each error in the log.
func fails(t *testing.T, failures []schematest.Failure, g *gatewaytest.Gateway) {
	t.Helper()
	const enough = 20
	for i, f := range failures {
		if i == enough {
			t.Errorf("and %d more", len(failures)-enough)
			break
		}
		t.Error(f)
	}
	if g == nil {
		return
	}
	for line := range strings.Lines(g.Logs.String()) {
		if strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("logged: %s", line)
		}
	}
}
