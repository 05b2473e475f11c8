package schematest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"barograph/auth"
	"barograph/internal/schematest"
)

// barograph says how the gateway at url is tested.
func barograph(t *testing.T, url string) schematest.Config {
	t.Helper()
	s := newSeed(t, url)
	return schematest.Config{
		Schema:  barographSchema(t),
		URL:     url,
		Values:  s.values(),
		Trigger: s.trigger,
		Formats: map[string]schematest.Format{"DateTime": schematest.DateTime, "Date": schematest.Date, "JSON": schematest.AnyJSON, "Scope": isScope},
		Codes: []string{
			"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_REQUEST", "BAD_USER_INPUT", "LIMIT_EXCEEDED", "NOT_FOUND", "UNAUTHENTICATED",
			"FORBIDDEN", "RATE_LIMITED", "OVERLOADED", "UPSTREAM_TIMEOUT", "UPSTREAM_UNAVAILABLE", "UPSTREAM_INVALID", "UPSTREAM_RATE_LIMITED",
			"TIMEOUT", "UNAVAILABLE",
		},
		Hostile: []any{
			"Unheard:1", ":", "City:", "City:0", "City:-1", "City:99999999999999999999", "Weather:", "Weather:x:y:z", "Pipeline:", "Pipeline:\x00",
			"ApiKey:", "ApiKey:\x00", "ApiKey:aaaaaaaaaa",
			"Record:", "Record::", "Record:default:", "Record:default:\x00", "Record:a:" + strings.Repeat("x", 300),
			// Cursors are base64url of a letter, a colon and numbers or a name.
			"cjo=", "cjo6", "cjoxOjI", "cjo5MjIzMzcyMDM2ODU0Nzc1ODA3OjE", "cjotOTIyMzM3MjAzNjg1NDc3NTgwODotMQ", "cDo", "cDpBAA",
			"azowOg", "azowOmE", "azowOmFhYWFhYWFhYWE", "YTowOg", "YTo5MjIzMzcyMDM2ODU0Nzc1ODA3OjE", "YTowOjA",
			"ZTE6MDow", "ZTE6MDowOjA", "ZTE6LTE6LTE6LTE", "ZTE6M3c1ZTExMjY0c2dzZjoxODQ0Njc0NDA3MzcwOTU1MTYxNToxODQ0Njc0NDA3MzcwOTU1MTYxNQ",
		},
		Unseen: []schematest.Unseen{
			{At: "ProblemCode.OVERLOADED", Why: "said only when more payloads wait than can be written"},
			{At: "CacheControlScope.PUBLIC", Why: "said only in the schema, by @cacheControl"},
			{At: "CacheControlScope.PRIVATE", Why: "said only in the schema, by @cacheControl"},
			{At: "ProblemCode.API_KEY_EXCEEDS_CALLER", Why: "whoever asks may do everything"},
			{At: "Caller.pipelines", Why: "whoever asks reaches all of them"},
			{At: "Caller.expiresAt", Why: "whoever asks has no credential"},
			{At: "CallerKind.TOKEN", Why: "nobody asks this gateway with a token"},
			{At: "CallerKind.KEY", Why: "nobody asks this gateway with an API key"},
			{At: "CallerKind.CERTIFICATE", Why: "nobody asks this gateway with a certificate"},
			{At: "CallerKind.COMMAND_LINE", Why: "nobody runs a command beside this gateway"},
		},
	}
}

// isScope is the format of a scope.
func isScope(value json.RawMessage) error {
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		return err
	}
	_, err := auth.ParseScope(text)
	return err
}

// definition is one of each thing.
var definition = map[string]any{
	"inputSchema": map[string]any{"properties": map[string]any{"total": map[string]any{"type": "number"}}},
	"steps": []any{
		map[string]any{"kind": "filter", "expression": "payload.?total.orValue(0) >= 0"},
		map[string]any{"kind": "enrich", "as": "weather"},
		map[string]any{"kind": "http", "url": "http://127.0.0.1/", "as": "response"},
		map[string]any{"kind": "transform", "expression": "merge(value, {'double': value.?total.orValue(0) * 2})"},
	},
	"attributes":  map[string]any{"total": map[string]any{"expression": "payload.total", "type": "NUMBER", "range": true}},
	"city":        "payload.city",
	"orderingKey": "payload.id",
	"retry":       map[string]any{"attempts": 3, "backoffMs": 10},
	"retention":   map[string]any{"processedSeconds": 3600},
}

// values are what arguments take, for a gateway that has the seed.
func (s *seed) values() []schematest.Values {
	payload := func(more map[string]any) schematest.Fresh {
		return func() any {
			p := map[string]any{"id": s.fresh()}
			for name, value := range more {
				p[name] = value
			}
			return p
		}
	}
	name := func() any { return s.fresh() }
	return []schematest.Values{
		{At: "Query.weather(city:)", Give: []any{"Mumbai", "London, CA", "Portland, Maine, US", "Longyearbyen", s.city}, Why: "each form of a name, and an id"},
		{At: "Subscription.weatherChanged(city:)", Give: []any{"Mumbai", s.city}, Why: "a name and an id"},
		{At: "RefreshWeatherInput.cities", Give: []any{[]any{"Mumbai", s.city, "Lima"}, []any{}}, Why: "several, two of them the same, and none"},
		{At: "Query.city(name:)", Give: []any{"Mumbai", "Bombay", s.city}, Why: "a name, an alternate name, an id"},
		{At: "names", Give: []any{[]any{"Mumbai", s.city, "Lima"}, []any{}}, Why: "several, two of them the same, and none"},
		{At: "latitude", Give: []any{19.07, -90, 90, 0}, Why: "a place, the poles and the equator, where an integer is a Float too"},
		{At: "longitude", Give: []any{72.88, -180, 180}, Why: "a place, and both sides of the date line"},
		{At: "query", Give: []any{"lon", "são p", "MUMBAI"}, Why: "a prefix, with accents, in another case"},
		{At: "Query.searchCities(first:)", Give: []any{3, 1, 100}, Why: "some, and both limits"},
		{At: "country", Give: []any{"CA", "gb"}, Why: "a code, in both cases"},
		{At: "first", Give: []any{1, 1000}, Why: "both limits"},
		{At: "last", Give: []any{1, 1000}, Why: "both limits"},
		{At: "Query.pipelines(after:)", Give: []any{s.nameCursor}, Why: "a place among pipelines"},
		{At: "Query.pipelines(before:)", Give: []any{s.nameCursor}, Why: "a place among pipelines"},
		{At: "Query.apiKeys(after:)", Give: []any{s.keyCursor}, Why: "a place among API keys"},
		{At: "Query.apiKeys(before:)", Give: []any{s.keyCursor}, Why: "a place among API keys"},
		{At: "ApiKeyFilter.active", Give: []any{true, false}, Why: "those that are good for something, and not"},
		{At: "Query.auditEvents(after:)", Give: []any{s.auditCursor}, Why: "a place among events"},
		{At: "Query.auditEvents(before:)", Give: []any{s.auditCursor}, Why: "a place among events"},
		{At: "AuditEventFilter.actor", Give: []any{"developer", "nobody", "a\x00"}, Why: "who did it, and some who did nothing"},
		{At: "AuditEventFilter.before", Give: []any{"2100-01-01T00:00:00Z", "2026-01-01T00:00:00Z"}, Why: "after all of them, and before"},
		{At: "CreateApiKeyInput.name", Give: []any{"ci", "", strings.Repeat("x", 101)}, Why: "one, none, and one that is too long"},
		{At: "CreateApiKeyInput.scopes", Give: []any{[]any{"weather:read", "records:read"}, []any{}}, Why: "some, and none"},
		{At: "CreateApiKeyInput.pipelines", Give: []any{[]any{s.pipeline, "eu-*"}, []any{"Not One"}, []any{}}, Why: "some, one that is none, and none"},
		{At: "CreateApiKeyInput.expiresAt", Give: []any{"2100-01-01T00:00:00Z", "2001-01-01T00:00:00Z"}, Why: "to come, and past"},
		{At: "Mutation.createApiKey", Give: []any{
			schematest.Args{"input": map[string]any{"name": "ci", "role": "OPERATOR", "pipelines": []any{s.pipeline}}},
			schematest.Args{"input": map[string]any{"name": "ci", "scopes": []any{"weather:read"}}},
		}, Why: "by a role, and by scopes"},
		{At: "RevokeApiKeyInput.id", Give: []any{s.key, "ApiKey:aaaaaaaaaa", s.city}, Why: "there, not, and no key's"},
		{At: "after", Give: []any{s.recordCursor}, Why: "a place among records"},
		{At: "before", Give: []any{s.recordCursor}, Why: "a place among records"},
		{At: "Query.records", Give: []any{
			schematest.Args{"first": 1, "after": s.recordCursor},
			schematest.Args{"last": 1, "before": s.recordCursor, "orderBy": map[string]any{"direction": "ASC"}},
			schematest.Args{"filter": map[string]any{"pipeline": s.pipeline, "attributes": []any{
				map[string]any{"name": "total", "gt": 1, "lte": 42.5}, map[string]any{"name": "total", "gte": 42.5, "lt": 100},
			}}},
		}, Why: "a page after and a page before, as clients walk, and ranges of what the pipeline declares one"},
		{At: "hours", Give: []any{1, 360}, Why: "both limits"},
		{At: "days", Give: []any{1, 16}, Why: "both limits"},
		{At: "Query.node(id:)", Give: []any{s.city, s.weather, s.placeID, s.pipelineID, s.record, s.key, "City:0"}, Why: "one of each type, and none"},
		{At: "ids", Give: []any{[]any{s.city, s.weather, s.placeID, s.pipelineID, s.record, s.key}, []any{s.record, "City:0", s.record}, []any{}}, Why: "one of each type, twice the same around none, and none at all"},
		{At: "Query.pipeline(name:)", Give: []any{s.pipeline, "default", "nobody"}, Why: "one with a description, the one that is always there, none"},
		{At: "payloadId", Give: []any{s.payloadID, "nobody"}, Why: "one that is there, and none"},
		{At: "Query.record(pipeline:)", Give: []any{s.pipeline}, Why: "where the record is"},
		{At: "Query.record", Give: []any{schematest.Args{"pipeline": s.pipeline, "payloadId": s.payloadID}}, Why: "the one that is there"},
		{At: "pipeline", Give: []any{s.pipeline}, Why: "where the records are"},
		{At: "Subscription.recordChanged(after:)", Give: []any{s.eventCursor}, Why: "the place of an event"},
		{At: "Subscription.recordChanged(states:)", Give: []any{[]any{"PROCESSED"}, []any{"SKIPPED", "PROCESSED"}}, Why: "what a record that is processed at once comes to"},
		{At: "RecordFilter.city", Give: []any{"Mumbai", s.city}, Why: "a name and an id"},
		{At: "AttributeFilter", Give: []any{
			map[string]any{"name": "total", "eq": 42.5}, map[string]any{"name": "total", "eq": "text"}, map[string]any{"name": "total", "eq": true},
		}, Why: "what an attribute may be, alone and all at once; members cannot be alone"},
		{At: "Query.pipelines(first:)", Give: []any{1, 200}, Why: "as many as may be asked for with all there is below them"},
		{At: "Query.pipelines(last:)", Give: []any{1, 200}, Why: "as many as may be asked for with all there is below them"},
		{At: "of", Give: []any{"total"}, Why: "one that may be"},
		{At: "groupBy", Give: []any{"lane"}, Why: "one that may be"},
		{At: "seconds", Give: []any{1, 31622400}, Why: "both limits"},
		{At: "buckets", Give: []any{1, 1000}, Why: "both limits"},
		{At: "bucketSeconds", Give: []any{1, 2678400}, Why: "both limits"},
		{At: "DateTime", Give: []any{"2026-01-01T00:00:00Z", "2026-03-01T12:00:00.123456+05:30"}, Why: "in UTC, and with an offset and a fraction"},
		{At: "ProcessPayloadInput.pipeline", Give: []any{s.pipeline, s.inactive, s.failing, "nobody"}, Why: "active, inactive, one that fails, none"},
		{At: "payload", Give: []any{
			payload(nil), payload(map[string]any{"city": "Mumbai", "value": 42.5, "list": []any{nil, true}}),
			"text", map[string]any{}, map[string]any{"id": 7}, payload(map[string]any{"x": strings.Repeat("x", 256<<10)}),
		}, Why: "good ones, and one for each reason to refuse it"},
		{At: "Mutation.processPayload", Give: []any{
			schematest.Args{"input": map[string]any{"pipeline": s.pipeline, "payload": map[string]any{"id": s.payloadID, "value": "another"}}},
		}, Why: "a conflict"},
		{At: "SubmitPayloadsInput.pipeline", Give: []any{s.pipeline, s.inactive, "nobody"}, Why: "active, inactive, none"},
		{At: "payloads", Give: []any{
			schematest.Fresh(func() any {
				return []any{payload(nil)(), map[string]any{"id": s.payloadID, "city": "Mumbai", "value": 42.5}, map[string]any{"id": s.payloadID}, nil, "text", map[string]any{"id": 7}}
			}), []any{},
		}, Why: "one of each outcome, and none"},
		{At: "ReplayRecordsInput.ids", Give: []any{[]any{s.record, "Record:default:nobody", "City:0"}, []any{}}, Why: "one that is PROCESSED, none that is, and no record's"},
		{At: "ReplayRecordsInput.filter", Give: []any{map[string]any{"pipeline": s.pipeline}}, Why: "of a pipeline"},
		{At: "Mutation.replayRecords", Give: []any{
			schematest.Args{"input": map[string]any{"ids": []any{s.record}, "dryRun": false}},
			schematest.Args{"input": map[string]any{"filter": map[string]any{"pipeline": s.pipeline}}},
		}, Why: "by ids, and by a filter"},
		{At: "CreatePipelineInput.name", Give: []any{schematest.Fresh(name), s.pipeline, "No Name"}, Why: "free, taken, malformed"},
		{At: "CreatePipelineInput.description", Give: []any{"Why not.", strings.Repeat("x", 1001)}, Why: "one, and one that is too long"},
		{At: "CreatePipelineInput.definition", Give: []any{definition, map[string]any{"steps": 7}}, Why: "one of each thing, and one that is wrong"},
		{At: "UpdatePipelineInput.name", Give: []any{s.failing, "nobody"}, Why: "there, and not; the other is needed"},
		{At: "UpdatePipelineInput.description", Give: []any{"Why not.", strings.Repeat("x", 1001)}, Why: "one, and one that is too long"},
		{At: "UpdatePipelineInput.definition", Give: []any{map[string]any{"steps": []any{map[string]any{"kind": "transform", "expression": "payload.missing"}}}, map[string]any{"steps": 7}}, Why: "one that fails, as before, and one that is wrong"},
		{At: "UpdatePipelineInput.expectedVersion", Give: []any{1, 1000}, Why: "one that may be, and one that is not"},
		{At: "TestPipelineInput.name", Give: []any{s.pipeline, "nobody"}, Why: "there, and not"},
		{At: "TestPipelineInput.definition", Give: []any{definition}, Why: "one of each thing"},
		{At: "TestPipelineInput.answers", Give: []any{map[string]any{"response": 1}, 7}, Why: "some, and none"},
		{At: "Mutation.testPipeline", Give: []any{
			schematest.Args{"input": map[string]any{"definition": definition, "payload": map[string]any{"id": "a", "city": "Mumbai", "total": 7}}},
			schematest.Args{"input": map[string]any{"definition": definition, "payload": map[string]any{"id": "a", "total": -7}}},
			schematest.Args{"input": map[string]any{"definition": definition, "payload": map[string]any{"id": "a", "total": "x"}}},
			schematest.Args{"input": map[string]any{"name": s.failing, "payload": map[string]any{"id": "a"}}},
		}, Why: "one that passes, is skipped, is refused, fails"},
		{At: "ActivatePipelineInput.name", Give: []any{s.pipeline, "nobody"}, Why: "there, and not"},
		{At: "DeactivatePipelineInput.name", Give: []any{s.inactive, "nobody"}, Why: "there, and not; the other is needed"},
	}
}
