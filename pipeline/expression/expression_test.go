package expression_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"barograph/pipeline/expression"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

func Example() {
	language, err := expression.NewLanguage("payload")
	if err != nil {
		fmt.Println(err)
		return
	}
	total, err := language.Compile(`merge(payload, {"total": sum(payload.lines.map(l, l.price * l.quantity))})`, expression.Object)
	if err != nil {
		fmt.Println(err)
		return
	}
	scope := expression.NewScope()
	scope.Set("payload", json.RawMessage(`{"id":"order-1","serial":9007199254740993,"lines":[{"price":2.5,"quantity":2},{"price":10,"quantity":1}]}`))
	value, err := total.Eval(context.Background(), scope)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := value.JSON()
	fmt.Println(string(text), err)
	_, err = language.Compile(`payload.total >`, expression.Bool)
	fmt.Println(err)
	// Output:
	// {"id":"order-1","serial":9007199254740993,"lines":[{"price":2.5,"quantity":2},{"price":10,"quantity":1}],"total":15} <nil>
	// 1:16: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}
}

func newLanguage(t testing.TB) *expression.Language {
	t.Helper()
	language, err := expression.NewLanguage("payload", "value", expression.Now)
	if err != nil {
		t.Fatal(err)
	}
	return language
}

// eval compiles and runs an expression on a payload.
func eval(t testing.TB, text, payload string) (string, error) {
	t.Helper()
	e, err := newLanguage(t).Compile(text, expression.Any)
	if err != nil {
		t.Fatalf("Compile(%.80s): %v", text, err)
	}
	return run(t, e, payload)
}

func run(t testing.TB, e *expression.Expression, payload string) (string, error) {
	t.Helper()
	scope := expression.NewScope()
	scope.Set("payload", json.RawMessage(payload))
	scope.Set("value", json.RawMessage(payload))
	scope.SetNow(noon)
	value, err := e.Eval(t.Context(), scope)
	if err != nil {
		return "", err
	}
	out, err := value.JSON()
	return string(out), err
}

func TestWhatIsNotLookedIntoComesOutToTheByte(t *testing.T) {
	t.Parallel()
	for _, member := range []string{
		`9007199254740993`, `1.50`, `1e400`, `-0`, `1E+2`, `"\u0041\/"`, `{ "z" : 1.0 , "a" : [ 1e999999999999 ] }`, `[ ]`, `null`, `"\ud83d\ude00<&>"`,
	} {
		payload := `{"id":"a","m":` + member + `}`
		got, err := eval(t, `merge(payload, {"x": 1})`, payload)
		if want := `{"id":"a","m":` + member + `,"x":1}`; err != nil || got != want {
			t.Errorf("merge(%s, …) = %s, %v, want %s", payload, got, err, want)
		}
		if got, err := eval(t, `payload`, " "+payload); err != nil || got != payload {
			t.Errorf("payload = %s, %v, want %s", got, err, payload)
		}
		if got, err := eval(t, `merge({"m": 0, "x": {}}, value)`, payload); err != nil || got != `{"m":`+member+`,"x":{},"id":"a"}` {
			t.Errorf("merge({…}, payload) = %s, %v", got, err)
		}
	}
}

func TestNumbersKeepTheirValueOrAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ number, want string }{ // want is "" for a refusal
		"an integer":                {`42`, `42`},
		"beyond doubles":            {`9007199254740993`, `9007199254740993`},
		"the largest":               {`9223372036854775807`, `9223372036854775807`},
		"the smallest":              {`-9223372036854775808`, `-9223372036854775808`},
		"one more than the largest": {`9223372036854775809`, ``},
		"a power of two":            {`9223372036854775808`, ``},
		"twenty digits":             {`12345678901234567890`, ``},
		"zeros behind the point":    {`1.50`, `1.5`},
		"seventeen digits":          {`0.30000000000000004`, `0.30000000000000004`},
		"more than doubles tell":    {`0.1000000000000000055511`, ``},
		"an exponent":               {`1e3`, `1000`},
		"a large one":               {`1e22`, `1e+22`},
		"beyond doubles' range":     {`1e400`, ``},
		"below it":                  {`1e-400`, ``},
		"a vast exponent":           {`1e999999999999999999999`, ``},
		"minus zero":                {`-0`, `0`},
		"zero, vastly":              {`0e9922222299`, `0`},
	}
	for name, c := range cases {
		got, err := eval(t, `payload.n`, `{"n":`+c.number+`}`)
		if (err == nil) != (c.want != "") || got != c.want {
			t.Errorf("%s: %s = %s, %v, want %q", name, c.number, got, err, c.want)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
		}
	}
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	const payload = `{"a":1,"b":2.5,"big":9007199254740993,"s":"héllo","l":[1,2.5,3],"t":["x","y"],"o":{"k":"v"},"n":null,"f":false,"e":[],"d":"2026-01-31T10:00:00Z"}`
	cases := []struct{ text, want string }{
		{`payload.a * payload.b`, `2.5`},
		{`payload.b - payload.a`, `1.5`},
		{`payload.a + 0.5`, `1.5`},
		{`3 / 2`, `1`},
		{`3 / 2.0`, `1.5`},
		{`payload.a == 1.0 && payload.a < 1.5 && payload.b > 2`, `true`},
		{`payload.big > 9007199254740992`, `true`},
		{`sum(payload.l)`, `6.5`},
		{`sum([])`, `0`},
		{`sum([1, 2])`, `3`},
		{`payload.t.join("-")`, `"x-y"`},
		{`payload.e.join()`, `""`},
		{`["", "a", ""].join(",")`, `",a,"`},
		{`payload.s.replace("l", "L")`, `"héLLo"`},
		{`payload.s.replace("l", "L", 1)`, `"héLlo"`},
		{`payload.s.matches("^h.l+o$")`, `true`},
		{`payload.s.upperAscii() + payload.s.substring(1, 3)`, `"HéLLOél"`},
		{`payload.l.filter(x, x > 1).map(x, x * 2)`, `[5,6]`},
		{`payload.l + payload.t`, `[1,2.5,3,"x","y"]`},
		{`payload.l.exists(x, x == 3) && 3 in payload.l && "k" in payload.o && !("z" in payload.o)`, `true`},
		{`payload.o == {"k": "v"} && payload.o != {"k": "w"} && payload.l == [1.0, 2.5, 3]`, `true`},
		{`payload.o.map(k, k)`, `["k"]`},
		{`has(payload.o.k) && !has(payload.x)`, `true`},
		{`payload.?x.orValue(7)`, `7`},
		{`{"b": 1, "a": [null, true, {}], ?"c": payload.?x}`, `{"a":[null,true,{}],"b":1}`},
		{`payload["s"] + payload.t[0]`, `"héllox"`},
		{`now`, `"2026-03-01T12:00:00.123456Z"`},
		{`(now - timestamp(payload.d)).getHours()`, `698`},
		{`timestamp(payload.d) + duration("1h")`, `"2026-01-31T11:00:00Z"`},
		{`duration("90s")`, `"90s"`},
		{`payload.n`, `null`},
		{`math.greatest(payload.a, payload.b)`, `2.5`},
		{`payload.f ? dyn(1) : "x"`, `"x"`},
		{`string(payload.a) + "!"`, `"1!"`},
		{`b"hi"`, `"aGk="`},
		{`[1].map(x, [x, x]).map(y, y + y)`, `[[1,1,1,1]]`},
		{`optional.of([]).optMap(x, [x + [1], x]).value()`, `[[1],[]]`},
		{`optional.of([]).optMap(x, x + [1]` + strings.Repeat(" + x", 60) + `).value().size()`, `1`},
		{`merge(payload.o, {"k": merge(payload.o, {})})`, `{"k":{"k":"v"}}`},
	}
	for _, c := range cases {
		if got, err := eval(t, c.text, payload); err != nil || got != c.want {
			t.Errorf("%s = %s, %v, want %s", c.text, got, err, c.want)
		}
	}
}

func TestWhatIsMissingIsToldApart(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`payload.x`: true, `payload.o.x`: true, `payload.l[9]`: true, `payload["x"]`: true, `payload.x.y`: true,
		`payload.s + 1`: false, `payload.l.map(x, x.y)`: true, `1 / 0`: false,
	} {
		_, err := eval(t, text, `{"o":{},"l":[1],"s":"a"}`)
		var missing *expression.Missing
		if err == nil || errors.As(err, &missing) != want {
			t.Errorf("%s: %v, want it missing: %t", text, err, want)
		}
	}
}

func TestCompileTellsWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		text string
		want expression.Type
		at   string
	}{
		"nothing":             {` `, expression.Any, "1:1: the expression is empty"},
		"a variable unknown":  {"payload.a +\n  paylaod.b", expression.Any, "2:3: undeclared reference to 'paylaod'"},
		"a function unknown":  {`frobnicate(payload)`, expression.Any, "1:11: undeclared reference to 'frobnicate'"},
		"types that clash":    {`"a" + 1`, expression.Any, "1:5: found no matching overload"},
		"no bool":             {`"a"`, expression.Bool, "1:1: the result is a string, and must be true or false"},
		"no object":           {`[payload]`, expression.Object, "1:1: the result is a list, and must be an object"},
		"no string":           {`payload.size() + 1`, expression.String, "1:1: the result is a number, and must be a string"},
		"a pattern made":      {`payload.s.matches(payload.p)`, expression.Bool, "1:26: the pattern of matches must be written out"},
		"a pattern broken":    {`payload.s.matches("(")`, expression.Bool, "1:19: the pattern is no regular expression"},
		"a pattern too large": {`payload.s.matches("a{1000}b{1000}")`, expression.Bool, "1:19: the pattern is too complex"},
		"names that are none": {`{1: 2}`, expression.Object, "1:2: the names of an object's members are strings"},
		"a message":           {`google.protobuf.Struct{}`, expression.Any, "1:23: "},
		"format":              {`"%s".format(["a"])`, expression.Any, "1:12: undeclared reference to 'format'"},
		"too long":            {`"` + strings.Repeat("x", expression.TextLimit) + `"`, expression.Any, "1:1: the expression has 8194 bytes"},
		"too deep":            {strings.Repeat("(", 1000) + "1" + strings.Repeat(")", 1000), expression.Any, ""},
		"a bad duration":      {`duration("1y")`, expression.Any, "1:10: invalid duration argument"},
	}
	for name, c := range cases {
		_, err := newLanguage(t).Compile(c.text, c.want)
		var issues expression.Issues
		if !errors.As(err, &issues) || !strings.Contains(err.Error(), c.at) || len(err.Error()) > 3000 {
			t.Errorf("%s: Compile(%.40s) = %v, want %s", name, c.text, err, c.at)
		}
	}
}

// hostile expressions want more than they may have.
var hostile = map[string]string{
	"comprehensions within one another": `payload.l.all(a, payload.l.all(b, payload.l.all(c, a + b + c >= 0)))`,
	"comprehensions that only look":     `payload.l.filter(a, payload.l.filter(b, payload.f).size() > 0)`,
	"strings that double":               doubling(`"xxxxxxxxxxxxxxxx"`, 40),
	"lists that double":                 doubling(`[1, 2, 3, 4]`, 40),
	"lists of lists":                    nesting(`[1]`, `[%[1]s, %[1]s]`, 40),
	"objects of objects":                nesting(`{"a": 1}`, `{"a": %[1]s, "b": %[1]s}`, 40),
	"equality of what is shared":        nesting(`[1]`, `[%[1]s, %[1]s]`, 40) + ` == ` + nesting(`[1]`, `[%[1]s, %[1]s]`, 40),
	"a large string, again and again":   `payload.l.map(x, payload.s + payload.s)`,
	"a search in a large string":        `payload.l.exists(x, payload.s.contains("zzz"))`,
	"a pattern on a large string":       `payload.l.exists(x, payload.s.matches("(x+x+)+y"))`,
	"replacing nothing by much":         `payload.s.replace("", payload.s)`,
	"joining with much":                 `payload.l.map(x, "a").join(payload.s)`,
	"splitting":                         `payload.l.map(x, payload.s.split(""))`,
	"equality of large objects":         `payload.l.all(x, payload == value)`,
	"merging":                           `payload.l.map(x, merge(payload, value))`,
	"an error that is ignored":          `payload.l.all(b, payload.l.all(c, payload.l.all(d, true))) || true`,
	"time zones":                        `payload.l.map(x, now.getHours("Asia/Kolkata"))`,
	"a sum of much":                     `payload.l.map(x, sum(payload.l))`,
	"looking in a list":                 `payload.l.map(x, -1 in payload.l)`,
	"a deep result":                     strings.Repeat("[", 40) + "payload.d" + strings.Repeat("]", 40),
	"a result too large":                `{"a": payload.s + payload.s, "b": payload.s + payload.s, "c": payload.s + payload.s, "d": payload.s + payload.s, "e": payload.s + payload.s}`,
}

// doubling binds a value by a list of one and adds it to itself, so many times.
func doubling(start string, times int) string { return nesting(start, `%[1]s + %[1]s`, times) }

// nesting does something with a value so many times, each time with what came of
// it before, in a text that grows by a little.
func nesting(start, what string, times int) string {
	text := fmt.Sprintf(`[%s]`, start)
	for i := range times {
		text = fmt.Sprintf(`%s.map(v%d, %s)`, text, i, fmt.Sprintf(what, fmt.Sprintf("v%d", i)))
	}
	return text
}

func largePayload() string {
	numbers := strings.Repeat("7,", 60_000)
	return `{"f":false,"d":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `,"l":[` + numbers[:len(numbers)-1] + `],"s":"` + strings.Repeat("x", 130_000) + `"}`
}

func TestHostileExpressionsEndSoonAndSmall(t *testing.T) {
	if raced {
		t.Skip("the race detector takes twenty times as long")
	}
	payload := largePayload()
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			e, err := newLanguage(t).Compile(text, expression.Any)
			if err != nil {
				t.Fatalf("Compile: %v", err)
			}
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			got, err := run(t, e, payload)
			elapsed := time.Since(start)
			runtime.ReadMemStats(&after)
			allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("%v, %d MB allocated in all: %v", elapsed.Round(time.Millisecond), allocated, err)
			if err == nil {
				t.Errorf("it has a result of %d bytes, want an error", len(got))
			}
			if allocated > 150 {
				t.Errorf("it allocated %d MB", allocated)
			}
			if elapsed > patience {
				t.Errorf("it took %v", elapsed)
			}
		})
	}
}

const patience = 5 * time.Second // on a machine with other things to do

func TestHostileTextsAreCompiledOrRefusedSoon(t *testing.T) {
	if raced {
		t.Skip("the race detector takes twenty times as long")
	}
	for name, text := range map[string]string{
		"macros within macros":  strings.Repeat("[1].map(x, ", 60) + "1" + strings.Repeat(")", 60),
		"macros in both places": nesting("1", "[%[1]s].all(a, a.exists(b, b))", 100),
		"brackets":              strings.Repeat("[", 4000),
		"parentheses":           strings.Repeat("(", 4000) + strings.Repeat(")", 4000),
		"minus signs":           strings.Repeat("-", 8000) + "1",
		"members":               "payload" + strings.Repeat(".a", 4000),
		"a long sum":            "1" + strings.Repeat("+1", 4000),
		"conditions":            strings.Repeat("true?", 1300) + "1" + strings.Repeat(":1", 600),
		"ands and ors":          "true" + strings.Repeat("&&!true||true", 600),
		"a list":                "[" + strings.Repeat("1,", 4000) + "1]",
		"an object":             "{" + strings.Repeat("'a':1,", 1300) + "'a':1}",
		"errors":                strings.Repeat("@ ", 4000),
		"unknown names":         strings.Repeat("a+", 4000) + "a",
	} {
		start := time.Now()
		_, err := newLanguage(t).Compile(text, expression.Any)
		if elapsed := time.Since(start); elapsed > patience || err != nil && len(err.Error()) > 2000 {
			t.Errorf("%s: %v, with %.200v", name, elapsed, err)
		} else {
			t.Logf("%s: %v, %.80v", name, elapsed.Round(time.Millisecond), err)
		}
	}
}
