package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var unfinishedQuery = operation{"Unfinished", `query Unfinished($pipeline: String!) {
  records(filter: {pipeline: $pipeline, states: [QUEUED, PROCESSING, RETRYING]}, orderBy: {direction: ASC}, first: 1) {
    nodes { payloadId state lastError { code message } }
    totalCount
  }
}`}

const (
	firstPause = 10 * time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// await waits until no record of the pipeline is unfinished, and gives up once
// their number has not changed for as long as patience lasts. It asks again after
// pauses that grow, so that a quick end is seen soon and a slow one costs little.
func await(ctx context.Context, g *gateway, patience time.Duration) error {
	unfinished, changed := -1, time.Now()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		var data struct {
			Records *struct {
				Nodes      []record
				TotalCount int
			}
		}
		err := g.ask(ctx, unfinishedQuery, map[string]any{"pipeline": pipelineName}, &data)
		if err == nil && data.Records == nil {
			err = errors.New("the gateway answered nothing")
		}
		if err != nil {
			return fmt.Errorf("count the records that are unfinished: %w", err)
		}
		if data.Records.TotalCount == 0 {
			return nil
		}
		if n := data.Records.TotalCount; n != unfinished {
			unfinished, changed = n, time.Now()
		} else if time.Since(changed) > patience {
			return fmt.Errorf("%d records are unfinished, and nothing has changed for %s%s", n, patience, oldest(data.Records.Nodes))
		}
		if err := rest(ctx, pause); err != nil {
			return err
		}
	}
}

// oldest tells of the oldest record that is unfinished, if it still is.
func oldest(nodes []record) string {
	if len(nodes) == 0 {
		return ""
	}
	return fmt.Sprintf(": %s is %s", nodes[0].PayloadID, nodes[0].condition())
}
