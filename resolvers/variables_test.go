package resolvers_test

import (
	"encoding/json"
	"testing"

	"barograph/internal/gatewaytest"
)

func TestVariablesMeanWhatTheSpecificationSays(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	for _, c := range []struct{ query, given, want string }{
		{`query ($n: Int) { searchCities(query: "lon", first: $n) { __typename } }`, `{"n": 1.0}`, `{"searchCities":[{"__typename":"City"}]}`},
		{`query ($n: Int) { searchCities(query: "lon", first: $n) { __typename } }`, `{"n": 20e-1}`, `{"searchCities":[{"__typename":"City"},{"__typename":"City"}]}`},
		{`query ($n: [String!]!) { cities(names: $n) { name } }`, `{"n": "Lima"}`, `{"cities":[{"name":"Lima"}]}`},
		{`query ($n: String! = "Lima") { city(name: $n) { name } }`, `{}`, `{"city":{"name":"Lima"}}`},
		{`query ($n: String = "Lima") { city(name: $n) { name } }`, `{}`, `{"city":{"name":"Lima"}}`},
		{`query ($n: RecordFilter) { records(filter: $n) { totalCount } }`, `{"n": {"states": "DEAD"}}`, `{"records":{"totalCount":0}}`},
		{`query ($n: RecordFilter) { records(filter: $n) { totalCount } }`, `{"n": {"states": null}}`, `{"records":{"totalCount":0}}`},
		{`query ($n: ID!) { node(id: $n) { id } }`, `{"n": 123456789012345678901234567890}`, `{"node":null}`},
		{`query ($n: Boolean!) { __typename a: __typename @skip(if: $n) }`, `{"n": true}`, `{"__typename":"Query"}`},
		{`mutation ($n: JSON!) { processPayload(input: {payload: $n}) { record { payload } } }`, `{"n": {"id": "a", "n": 1.0, "b": 12345678901234567890.10}}`,
			`{"processPayload":{"record":{"payload":{"b":12345678901234567890.10,"id":"a","n":1.0}}}}`},
	} {
		var got json.RawMessage
		if g.Data(t, c.query, given(t, c.given), &got); string(got) != c.want {
			t.Errorf("%s with %s: data = %s, want %s", c.query, c.given, got, c.want)
		}
	}
}

func TestAVariableOfACustomScalarFailsAtItsField(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	e := g.Error(t, `query ($n: DateTime) { records(filter: {receivedSince: $n}) { totalCount } }`, given(t, `{"n": 5}`))
	if e.Where() != "records.filter.receivedSince" || e.Extensions.Code != "BAD_USER_INPUT" {
		t.Errorf("error = %+v, want BAD_USER_INPUT at records.filter.receivedSince", e)
	}
}

// given are variables that are sent to the digit.
func given(t *testing.T, text string) gatewaytest.Variables {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		t.Fatal(err)
	}
	variables := gatewaytest.Variables{}
	for name, member := range members {
		variables[name] = member
	}
	return variables
}
