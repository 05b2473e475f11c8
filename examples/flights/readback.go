package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

var recordsQuery = operation{"Records", `query Records($pipeline: String!, $first: Int!, $after: String) {
  records(filter: {pipeline: $pipeline}, orderBy: {direction: ASC}, first: $first, after: $after) {
    nodes {
      payloadId
      state
      lastError { code message }
      pipelineVersion
      payload
      result
      attributes
      city { id name }
    }
    pageInfo { hasNextPage endCursor }
  }
}`}

// processed is the state of a record whose result is there.
const processed = "PROCESSED"

// A record is what the gateway keeps of a payload.
type record struct {
	PayloadID       string
	State           string
	LastError       *struct{ Code, Message string }
	PipelineVersion int
	Payload         json.RawMessage
	Result          json.RawMessage
	Attributes      json.RawMessage
	City            *struct{ ID, Name string }
}

// condition returns the record's state, and why an attempt to process it failed.
func (r record) condition() string {
	if r.LastError == nil || r.State == processed {
		return r.State
	}
	return fmt.Sprintf("%s after %s: %s", r.State, r.LastError.Code, r.LastError.Message)
}

// walk is all there was on the pages of the records.
type walk struct {
	all   []record
	pages int
}

// readBack reads every record of the pipeline, page after page.
func readBack(ctx context.Context, g *gateway, first int) (walk, error) {
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
		err := g.ask(ctx, recordsQuery, map[string]any{"pipeline": pipelineName, "first": first, "after": after}, &data)
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
