package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/protocol"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

// made returns an event of the CloudEvents SDK.
func made(t *testing.T, id string, data any) cloudevents.Event {
	t.Helper()
	e := cloudevents.NewEvent()
	e.SetID(id)
	e.SetSource("https://shop.example/orders")
	e.SetType("com.example.order.made")
	e.SetSubject("Größe 42 \"%\"")
	e.SetTime(time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC))
	e.SetExtension("partitionkey", "k 1")
	if err := e.SetData(cloudevents.ApplicationJSON, data); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTheCloudEventsSDKDeliversInEveryMode(t *testing.T) {
	t.Parallel()
	g := serve(t, filepath.Join(tempDir(t), "data"))
	client, err := cloudevents.NewClientHTTP(cehttp.WithTarget(g.url + "/ingest/default"))
	if err != nil {
		t.Fatal(err)
	}
	e := made(t, "1", map[string]any{"city": "Oslo"})
	for mode, ctx := range map[string]context.Context{"binary": binding.WithForceBinary(t.Context()), "structured": binding.WithForceStructured(t.Context())} {
		e.SetID(mode)
		for _, want := range []int{http.StatusAccepted, http.StatusOK} {
			result := client.Send(ctx, e)
			var status *cehttp.Result
			if !cloudevents.IsACK(result) || !protocol.ResultAs(result, &status) || status.StatusCode != want {
				t.Errorf("%s: %v, want an acknowledgement by %d", mode, result, want)
			}
		}
		const want = `{"city":"Oslo","cloudevent":{"id":%q,"partitionkey":"k 1","source":"https://shop.example/orders","subject":"Größe 42 \"%%\"","time":"2026-01-02T03:04:05.000000006Z","type":"com.example.order.made"},"id":%q}`
		id := "https://shop.example/orders " + mode
		got := g.data(t, `query ($id: String!) { record(payloadId: $id) { payload } }`, map[string]any{"id": id})
		if want := fmt.Sprintf(want, mode, id); !strings.Contains(got, want) {
			t.Errorf("%s: the payload is\n%s\nwant\n%s", mode, got, want)
		}
	}
	other := made(t, "binary", map[string]any{"city": "Lima"})
	if result := client.Send(t.Context(), other); cloudevents.IsACK(result) {
		t.Errorf("other content under the same id is acknowledged: %v", result)
	}
	if result := client.Send(t.Context(), made(t, "list", []int{1})); cloudevents.IsACK(result) {
		t.Errorf("data that is no object is acknowledged: %v", result)
	}
}

func TestTheCloudEventsSDKDeliversBatches(t *testing.T) {
	t.Parallel()
	g := serve(t, filepath.Join(tempDir(t), "data"))
	var events []cloudevents.Event
	for i := range 2500 {
		events = append(events, made(t, fmt.Sprint(i%2000), map[string]any{"n": i % 2000}))
	}
	req, err := cehttp.NewHTTPRequestFromEvents(t.Context(), g.url+"/ingest/default", events)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	lines, last := 0, map[string]any{}
	for decoder := json.NewDecoder(res.Body); decoder.More(); lines++ {
		last = map[string]any{}
		if err := decoder.Decode(&last); err != nil {
			t.Fatal(err)
		}
	}
	if lines != 2501 || last["complete"] != true || last["accepted"] != 2000.0 || last["duplicate"] != 500.0 {
		t.Errorf("%d lines, the last %v", lines, last)
	}
}
