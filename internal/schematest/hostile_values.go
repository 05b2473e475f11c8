package schematest

import (
	"encoding/json"
	"strings"
)

// What a scalar's or an enum's value should not be, or only just may.
var (
	hostileScalars = map[string][]any{
		"Int":     hostileInt,
		"Float":   hostileFloat,
		"Boolean": {nil, "true", 1, "", []any{}},
	}
	hostileEnum  = []any{nil, "", "UNHEARD_OF", "true", 1, true, []any{}, map[string]any{}}
	hostileInt   = []any{nil, 0, -1, 1<<31 - 1, -1 << 31, 1 << 31, raw("1e3"), raw("9223372036854775808"), raw("1" + strings.Repeat("0", 400)), 1.5, "1", true, []any{}}
	hostileFloat = []any{nil, 0, raw("-0.0"), -90.000001, 180.000001, 1e308, -1e308, raw("5e-324"), raw("1e999"), "1", "NaN", true, []any{}}
	hostileText  = []any{
		nil, "", " ", "\x00", "\x00\x01\x02\x1b[31m\x7f", "\r\n", "\u202e\u200b\ufeff", "\U0010ffff", "🏴‍☠️", "e\u0301",
		"'; drop table records; --", `"}`, "%_\\", "${jndi:ldap://localhost}", "../../etc/passwd", "<script>",
		raw(`"\ud800"`), strings.Repeat("x", 256), strings.Repeat("é", 10_000), strings.Repeat("x", 64<<10),
		"yesterday", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-02-30T00:00:00Z", "292277026596-12-04T15:30:07Z", "-infinity",
		0, -1, 1.5, true, []any{}, []any{"a", "b"}, map[string]any{},
	}
	hostileJSON = []any{
		raw("1e999"), raw("1" + strings.Repeat("0", 5000)), raw(`{"id":"a","id":"b"}`), raw(`{"\u0000":1}`), raw(`{"id":"\ud800"}`),
		map[string]any{"id": ""}, map[string]any{"id": nil}, map[string]any{"id": "\x00"}, map[string]any{"id": strings.Repeat("x", 256)},
		map[string]any{"id": "hostile-city", "city": "\x00"}, map[string]any{"id": "hostile-number", "n": raw("1e400")},
		map[string]any{"id": "hostile-large", "x": strings.Repeat("x", 300<<10)},
		nested(100), nested(5000), raw(`{"id":"hostile-deep","x":` + string(nested(5000)) + `}`),
	}
)

func many(n int, item any) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = item
	}
	return list
}

// raw is JSON that is sent as it is, and only in a variable.
func raw(text string) json.RawMessage { return json.RawMessage(text) }

func nested(n int) json.RawMessage {
	return raw(strings.Repeat("[", n) + strings.Repeat("]", n))
}
