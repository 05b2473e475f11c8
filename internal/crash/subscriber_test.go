package crash_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"barograph/internal/crash"
)

// listen hears of every record that changes after a cursor, "" for from now on,
// by server-sent events, until the connection breaks or hear says that it was
// enough.
func (g *gateway) listen(ctx context.Context, after string, begun func(), hear func(crash.Event) bool) error {
	const subscription = `subscription ($after: String) { recordChanged(after: $after) { cursor record { payloadId state pipeline { name } } } }`
	variables := map[string]any{}
	if after != "" {
		variables["after"] = after
	}
	body, err := json.Marshal(map[string]any{"query": subscription, "variables": variables})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	begun()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		text, is := strings.CutPrefix(lines.Text(), "data: ")
		if !is || text == "" {
			continue
		}
		event, err := read(text)
		if err != nil {
			return err
		}
		if !hear(event) {
			return nil
		}
	}
	return errors.New("the connection broke")
}

// read reads an event.
func read(text string) (crash.Event, error) {
	var got struct {
		Data struct {
			RecordChanged *struct {
				Cursor string
				Record *struct {
					PayloadID, State string
					Pipeline         *struct{ Name string }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		return crash.Event{}, err
	}
	changed := got.Data.RecordChanged
	if changed == nil || changed.Record == nil || changed.Record.Pipeline == nil {
		return crash.Event{}, fmt.Errorf("no event: %.300s", text)
	}
	key := crash.Key{Pipeline: changed.Record.Pipeline.Name, ID: changed.Record.PayloadID}
	return crash.Event{Cursor: changed.Cursor, Key: key, State: changed.Record.State}, nil
}

// subscribe listens until ctx is done, to one gateway after the other, each from
// where the one before broke off.
func (c *cluster) subscribe(ctx context.Context, subscriber int, h *crash.History, begun func()) {
	for ctx.Err() == nil {
		_ = c.any().listen(ctx, h.Last(subscriber), begun, func(e crash.Event) bool { // why it ended makes no difference
			h.Heard(subscriber, e)
			return true
		})
		rest(ctx, 100*time.Millisecond)
	}
}
