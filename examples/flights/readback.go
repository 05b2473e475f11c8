package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

var recordsQuery = operation{"Records", `query Records($after: String) {
  records(filter: {pipeline: "default"}, orderBy: {direction: ASC}, first: 1000, after: $after) {
    nodes {
      payloadId
      state
      payload
      result
      city {
        id
        name
        weather {
          freshness { state attribution }
          current { temperature condition }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`}

// processed is the state of a record whose result is there.
const processed = "PROCESSED"

// A record is what the gateway keeps of a payload, with the weather of its city.
type record struct {
	PayloadID string          `json:"payloadId"`
	State     string          `json:"state"`
	Payload   json.RawMessage `json:"payload"`
	Result    json.RawMessage `json:"result"`
	City      *struct {
		ID      string   `json:"id"`
		Name    string   `json:"name"`
		Weather *weather `json:"weather"`
	} `json:"city"`
}

// A weather is what the gateway says of a city's.
type weather struct {
	Freshness struct {
		State       string `json:"state"`
		Attribution string `json:"attribution"`
	} `json:"freshness"`
	Current *struct {
		Temperature *float64 `json:"temperature"`
		Condition   string   `json:"condition"`
	} `json:"current"`
}

// walk is all there was on the pages of the records.
type walk struct {
	all   []record
	pages int
}

// readBack reads every record of the default pipeline, page after page.
func readBack(ctx context.Context, g *gateway) (walk, error) {
	var w walk
	var after *string
	for {
		var data struct {
			Records *struct {
				Nodes    []record
				PageInfo struct {
					HasNextPage bool
					EndCursor   *string
				}
			}
		}
		err := g.ask(ctx, recordsQuery, map[string]any{"after": after}, &data)
		if err == nil && data.Records == nil {
			err = errors.New("the gateway answered nothing")
		}
		if err != nil {
			return walk{}, fmt.Errorf("read page %d of the records: %w", w.pages+1, err)
		}
		w.all = append(w.all, data.Records.Nodes...)
		w.pages++
		page := data.Records.PageInfo
		if !page.HasNextPage {
			return w, nil
		}
		if page.EndCursor == nil || after != nil && *after == *page.EndCursor {
			return walk{}, fmt.Errorf("page %d of the records leads nowhere", w.pages)
		}
		after = page.EndCursor
	}
}
