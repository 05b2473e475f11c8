package crash_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"barograph/internal/crash"
)

// A source makes payloads. Some of them come again, some under an id that was
// taken by others: whoever sends makes no difference between them.
type source struct {
	pipelines []string
	made      atomic.Int64
}

// A sending is a payload to send.
type sending struct {
	crash.Key
	content string
}

const (
	again   = 0.15 // of payloads were made before
	another = 0.05 // have other content under the id of another
	recent  = 500  // payloads, of which those are
)

// next returns a payload.
func (s *source) next() sending {
	n, variant := int64(0), 0
	if made := s.made.Load(); made > 0 && rand.Float64() < again+another {
		n = max(0, made-1-rand.N(int64(recent)))
		if rand.Float64() < another/(again+another) {
			variant = 1 + rand.N(2)
		}
	} else {
		n = s.made.Add(1) - 1
	}
	pipeline := s.pipelines[n%int64(len(s.pipelines))]
	return sending{crash.Key{Pipeline: pipeline, ID: fmt.Sprint("p", n)}, fmt.Sprintf("%d/%d %s", n, variant, strings.Repeat("x", int(n%200)))}
}

// some returns up to n payloads of one pipeline, one at least.
func (s *source) some(n int) []sending {
	all := []sending{s.next()}
	for range rand.N(n) {
		if more := s.next(); more.Pipeline == all[0].Pipeline {
			all = append(all, more)
		}
	}
	return all
}

// payload is the JSON of a sending.
func (s sending) payload() map[string]any {
	return map[string]any{"id": s.ID, "text": s.content, "city": "Oslo"}
}

func (s sending) answered(o crash.Outcome) crash.Answer {
	return crash.Answer{Key: s.Key, Content: s.content, Outcome: o}
}

// rest is how long a producer waits between two calls: what is to be shown is not
// how much gateways can do.
func rest(ctx context.Context, most time.Duration) {
	timer := time.NewTimer(rand.N(most))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// process sends payloads one by one, to be processed at once, until ctx is done.
// What it is not answered it sends again, to any gateway.
func (c *cluster) process(ctx context.Context, from *source, h *crash.History) {
	for ctx.Err() == nil {
		for s := from.next(); ctx.Err() == nil; rest(ctx, 200*time.Millisecond) {
			if outcome, err := c.any().process(ctx, s); err == nil {
				h.Answered(s.answered(outcome))
				break
			}
		}
		rest(ctx, 10*time.Millisecond)
	}
}

// process sends one payload.
func (g *gateway) process(ctx context.Context, s sending) (crash.Outcome, error) {
	const mutation = `mutation ($pipeline: String!, $payload: JSON!) {
		processPayload(input: { pipeline: $pipeline, payload: $payload }) { duplicate record { payloadId } problems { code } }
	}`
	var got struct {
		ProcessPayload struct {
			Duplicate bool
			Record    *struct{ PayloadID string }
			Problems  []struct{ Code string }
		}
	}
	if err := g.ask(ctx, mutation, map[string]any{"pipeline": s.Pipeline, "payload": s.payload()}, &got); err != nil {
		return "", err
	}
	result := got.ProcessPayload
	for _, p := range result.Problems {
		if p.Code == "PAYLOAD_CONFLICT" {
			return crash.Conflict, nil
		}
	}
	switch {
	case result.Record == nil:
		return "", fmt.Errorf("refused: %v", result.Problems)
	case result.Duplicate:
		return crash.Duplicate, nil
	}
	return crash.Accepted, nil // also when its steps have failed for the first time
}

// submit sends payloads in calls of many, to be processed later.
func (c *cluster) submit(ctx context.Context, from *source, h *crash.History) {
	for ctx.Err() == nil {
		for all := from.some(40); ctx.Err() == nil; rest(ctx, 200*time.Millisecond) {
			if answers, err := c.any().submit(ctx, all); err == nil {
				h.Answered(answers...)
				break
			}
		}
		rest(ctx, 50*time.Millisecond)
	}
}

// submit sends payloads of one pipeline in one call.
func (g *gateway) submit(ctx context.Context, all []sending) ([]crash.Answer, error) {
	const mutation = `mutation ($pipeline: String!, $payloads: [JSON]!) {
		submitPayloads(input: { pipeline: $pipeline, payloads: $payloads }) { outcomes { __typename } problems { code } }
	}`
	var got struct {
		SubmitPayloads struct {
			Outcomes []struct {
				Typename string `json:"__typename"`
			}
			Problems []struct{ Code string }
		}
	}
	payloads := make([]any, len(all))
	for i, s := range all {
		payloads[i] = s.payload()
	}
	if err := g.ask(ctx, mutation, map[string]any{"pipeline": all[0].Pipeline, "payloads": payloads}, &got); err != nil {
		return nil, err
	}
	outcomes := got.SubmitPayloads.Outcomes
	if len(outcomes) != len(all) {
		return nil, fmt.Errorf("%d outcomes of %d payloads: %v", len(outcomes), len(all), got.SubmitPayloads.Problems)
	}
	answers := make([]crash.Answer, len(all))
	for i, o := range outcomes {
		answers[i] = all[i].answered(crash.Outcome(strings.ToUpper(o.Typename)))
		if o.Typename == "Rejected" {
			return nil, fmt.Errorf("payload %d is rejected", i)
		}
	}
	return answers, nil
}

// stream sends payloads as lines, in streams that last for a while, and sends
// again in the next one those that have no result.
func (c *cluster) stream(ctx context.Context, from *source, h *crash.History) {
	for ctx.Err() == nil {
		all := from.some(400)
		for len(all) > 0 && ctx.Err() == nil {
			told, _ := c.any().stream(ctx, all, h) // what is left over tells of errors
			all = all[told:]
			rest(ctx, 100*time.Millisecond)
		}
	}
}

// stream sends payloads of one pipeline in one stream, and returns how many of
// them were decided on.
func (g *gateway) stream(ctx context.Context, all []sending, h *crash.History) (told int, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	reading, writing := io.Pipe()
	defer reading.Close() //nolint:errcheck // a pipe's does not fail
	go func() {
		defer writing.Close() //nolint:errcheck // a pipe's does not fail
		lines := json.NewEncoder(writing)
		for i, s := range all {
			if i%50 == 49 {
				rest(ctx, 20*time.Millisecond)
			}
			if lines.Encode(s.payload()) != nil {
				return // the stream is over
			}
		}
	}()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/ingest/"+all[0].Pipeline, reading)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		var line struct {
			Line    int
			ID      string
			Outcome crash.Outcome
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Line == 0 {
			return told, err // the summary, or half a line of a gateway that was killed
		}
		switch line.Outcome {
		case crash.Accepted, crash.Duplicate, crash.Conflict:
		default:
			return told, fmt.Errorf("line %d: %s", line.Line, line.Outcome)
		}
		if line.Line != told+1 || line.ID != all[told].ID {
			return told, fmt.Errorf("line %d is told of as %+v", told+1, line)
		}
		h.Answered(all[told].answered(line.Outcome))
		told++
	}
	return told, nil
}
