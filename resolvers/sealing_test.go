package resolvers_test

import (
	"encoding/json"
	"strings"
	"testing"

	"barograph/internal/gatewaytest"
)

func TestRecordThatCannotBeOpenedIsAnErrorAtItsOwnPath(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for _, id := range []string{"a", "b"} {
		process(t, g, json.RawMessage(`{"id":"`+id+`","note":"hush"}`))
	}
	const swap = `update records set payload = result, result = payload where payload_id = 'a'`
	if _, err := g.Base.Pools.API.Exec(t.Context(), swap); err != nil {
		t.Fatal(err)
	}
	got := g.Ask(t, `{ records(orderBy: { direction: ASC }) { nodes { payloadId state payload result } } }`, nil)
	const want = `{"records":{"nodes":[{"payloadId":"a","state":"PROCESSED","payload":null,"result":null},{"payloadId":"b","state":"PROCESSED","payload":{"id":"b","note":"hush"},`
	if !strings.HasPrefix(string(got.Data), want) {
		t.Errorf("data = %s, want it to begin with %s", got.Data, want)
	}
	if len(got.Errors) != 2 {
		t.Fatalf("errors = %+v, want one for the payload and one for the result", got.Errors)
	}
	for i, member := range []string{"payload", "result"} {
		e := got.Errors[i]
		if e.Where() != "records.nodes.0."+member || e.Extensions.Code != "INTERNAL_SERVER_ERROR" || strings.Contains(e.Message, "open") {
			t.Errorf("error = %+v, want INTERNAL_SERVER_ERROR at the %s of the first, and no more", e, member)
		}
	}
	if logs := g.Logs.String(); !strings.Contains(logs, "open the payload of Record:default:a") {
		t.Errorf("nothing in the log tells of the record:\n%s", logs)
	}
}
