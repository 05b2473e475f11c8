// This program asks Barograph for the weather of cities, processes a payload,
// sends it again, and walks through the records, all with types that genqlient
// makes from the schema. It ends with an error when an answer is not what it
// should be.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/Khan/genqlient/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

//go:generate go tool genqlient

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	client := graphql.NewClient(endpoint(), &http.Client{Timeout: time.Minute})
	if err := errors.Join(weather(ctx, client), payloads(ctx, client)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// endpoint returns the gateway to ask: the argument, BAROGRAPH_URL, or the usual one.
func endpoint() string {
	if len(os.Args) > 1 {
		return os.Args[1]
	}
	if url := os.Getenv("BAROGRAPH_URL"); url != "" {
		return url
	}
	return "http://127.0.0.1:8080/graphql"
}

// weather asks for the weather of three cities, one of which is unknown: it is
// null, an error says why, and the others arrive.
func weather(ctx context.Context, client graphql.Client) error {
	answer, err := WeatherOfCities(ctx, client, []string{"Mumbai", "Nowhereville", "London, CA"}, UnitsMetric)
	var failed gqlerror.List
	if err != nil && !errors.As(err, &failed) {
		return err // no answer at all
	}
	if len(failed) != 1 || failed[0].Path.String() != "cities[1]" || failed[0].Extensions["code"] != "NOT_FOUND" {
		return fmt.Errorf("want NOT_FOUND at cities[1] and no other error, got: %w", failed)
	}
	for i, city := range answer.Cities {
		switch {
		case i == 1 && city == nil:
			fmt.Println(failed[0].Message)
		case city == nil || city.Weather == nil || city.Weather.Current == nil || city.Weather.Current.Temperature == nil:
			return fmt.Errorf("the weather of city %d is missing", i)
		default:
			now := city.Weather.Current
			fmt.Printf("%s, %s: %.1f °C, %s (simulated: %t)\n", city.Name, city.CountryName, *now.Temperature, *now.Description, city.Weather.Freshness.Simulated)
		}
	}
	return nil
}

// A payload is what this program sends.
type payload struct {
	ID    string  `json:"id"`
	City  string  `json:"city"`
	Value float64 `json:"value"`
}

// payloads processes five payloads, sends one of them again, unchanged and
// changed, and reads them back.
func payloads(ctx context.Context, client graphql.Client) error {
	run, started := rand.Text(), time.Now().Add(-time.Minute) // clocks may differ
	for i := range 5 {
		result, err := process(ctx, client, payload{fmt.Sprintf("%s/%d", run, i), "Mumbai", 42})
		if err != nil {
			return err
		}
		if result.Duplicate || len(result.Problems) > 0 || result.Record == nil || result.Record.City == nil || result.Record.City.Name != "Mumbai" {
			return fmt.Errorf("payload %d: %+v, want a new record in Mumbai", i, result)
		}
	}
	again, err := process(ctx, client, payload{run + "/0", "Mumbai", 42})
	if err != nil {
		return err
	}
	if !again.Duplicate {
		return fmt.Errorf("the same payload again: %+v, want a duplicate", again)
	}
	other, err := process(ctx, client, payload{run + "/0", "Mumbai", 43})
	if err != nil {
		return err
	}
	if len(other.Problems) != 1 || other.Problems[0].Code != ProblemCodePayloadConflict {
		return fmt.Errorf("another payload with that id: %+v, want a conflict", other)
	}
	return readBack(ctx, client, run, started)
}

func process(ctx context.Context, client graphql.Client, p payload) (*ProcessProcessPayloadProcessPayloadResult, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	answer, err := Process(ctx, client, text)
	if err != nil {
		return nil, fmt.Errorf("process payload %s: %w", p.ID, err)
	}
	return answer.ProcessPayload, nil
}

// readBack walks through the records taken in since the start, two at a time.
func readBack(ctx context.Context, client graphql.Client, run string, since time.Time) error {
	var found []string
	for after := (*string)(nil); ; {
		answer, err := Records(ctx, client, "Mumbai", since, after)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		for _, r := range answer.Records.Nodes {
			if number, ours := strings.CutPrefix(r.PayloadId, run+"/"); ours {
				found = append(found, number)
			}
		}
		if !answer.Records.PageInfo.HasNextPage {
			break
		}
		after = answer.Records.PageInfo.EndCursor
	}
	if got := strings.Join(found, " "); got != "0 1 2 3 4" {
		return fmt.Errorf("records %s, want each payload once, in order", got)
	}
	fmt.Printf("%d payloads processed, and read back\n", len(found))
	return nil
}
