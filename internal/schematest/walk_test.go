package schematest_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"barograph/internal/schematest"
)

func walk(t *testing.T, config schematest.Config) schematest.Report {
	t.Helper()
	suite := schematest.New(config)
	if err := suite.Walk(t.Context()); err != nil {
		t.Fatal(err)
	}
	return suite.Report()
}

func TestWalkReachesEverything(t *testing.T) {
	t.Parallel()
	r := walk(t, ofZoo(t, newFake("")))
	if len(r.Failures) > 0 || len(r.Missed) > 0 {
		t.Errorf("failures = %v, missed = %v, want none", r.Failures, r.Missed)
	}
	for name, c := range map[string]schematest.Count{"fields": r.Fields, "arguments": r.Arguments, "enum values": r.EnumValues, "possible types": r.PossibleTypes} {
		if c.Reached != c.Exist || c.Exist == 0 {
			t.Errorf("%s: %s, want all", name, c)
		}
	}
}

func TestWalkMissesAFieldThatIsAlwaysNull(t *testing.T) {
	t.Parallel()
	config := ofZoo(t, newFake("Feeding.enough"))
	want := []string{"Feeding.enough was null or empty in every answer"}
	if r := walk(t, config); !slices.Equal(r.Missed, want) {
		t.Errorf("missed = %q, want %q", r.Missed, want)
	}
	config.Unseen = []schematest.Unseen{{At: "Feeding.enough", Why: "the fake never says"}}
	if r := walk(t, config); len(r.Missed) > 0 {
		t.Errorf("missed = %q, want none: it is excused", r.Missed)
	}
}

func TestWalkMissesWhatANullHides(t *testing.T) {
	t.Parallel()
	r := walk(t, ofZoo(t, newFake("Mutation.feed")))
	for _, want := range []string{"Feeding.at was not reached", "Feeding.enough was not reached"} {
		if !slices.Contains(r.Missed, want) {
			t.Errorf("missed = %q, want %q among them", r.Missed, want)
		}
	}
	if r.Fields.Reached != r.Fields.Exist-2 {
		t.Errorf("fields asked: %s, want all but two", r.Fields)
	}
}

func TestWalkFindsWhatWasListedInVain(t *testing.T) {
	t.Parallel()
	config := ofZoo(t, newFake(""))
	config.Values = append(config.Values, schematest.Values{At: "Query.gone(x:)", Give: []any{1}})
	config.Unseen = []schematest.Unseen{{At: "Lion.size"}}
	want := []string{"Lion.size is said to be unseen, and was seen or does not exist", "values are listed for Query.gone(x:), which takes none"}
	if r := walk(t, config); !slices.Equal(r.Missed, want) {
		t.Errorf("missed = %q, want %q", r.Missed, want)
	}
}

func TestWalkNeedsAValueForEveryArgument(t *testing.T) {
	t.Parallel()
	config := ofZoo(t, newFake(""))
	config.Values = config.Values[1:]
	err := schematest.New(config).Walk(t.Context())
	if err == nil || !strings.Contains(err.Error(), "no value is listed for Query.animal(name:)") {
		t.Errorf("error = %v, want one that names Query.animal(name:)", err)
	}
}

func TestWrongAnswersFail(t *testing.T) {
	t.Parallel()
	const keeper, lion = `"__typename":"Keeper","name":"Ann","since":"2026-03-01T12:00:00Z"`, `"__typename":"Lion","name":"Leo","roar":"!","size":"LARGE"`
	for name, test := range map[string]struct{ keeper, want string }{
		"null in a list of non-nulls": {`{` + keeper + `,"animals":[null]}`, "at data.keeper.animals.0: null, where the type is Lion!"},
		"null for a non-null":         {`{"__typename":"Keeper","name":null,"since":"2026-03-01T12:00:00Z","animals":[]}`, "at data.keeper.name: null, where the type is String!"},
		"an object for a list":        {`{` + keeper + `,"animals":{` + lion + `}}`, "where the type is [Lion!]"},
		"a list for an object":        {`[]`, "where an object of type Keeper should be"},
		"a key too many":              {`{` + keeper + `,"animals":null,"x":1}`, "has x, which nobody asked for"},
		"a key missing":               {`{` + keeper + `}`, "lacks animals"},
		"a key twice":                 {`{` + keeper + `,"animals":null,"animals":null}`, "animals is there twice"},
		"keys out of order":           {`{"__typename":"Keeper","since":"2026-03-01T12:00:00Z","name":"Ann","animals":null}`, "has since where name should be"},
		"a wrong type name":           {`{"__typename":"Lion","name":"Ann","since":"2026-03-01T12:00:00Z","animals":null}`, `at data.keeper.__typename: "Lion", where the type is Keeper`},
		"a number for a string":       {`{"__typename":"Keeper","name":7,"since":"2026-03-01T12:00:00Z","animals":null}`, "7 is no String"},
		"a time without an offset":    {`{"__typename":"Keeper","name":"Ann","since":"2026-03-01T12:00:00","animals":null}`, "is no Moment"},
		"a day that does not exist":   {`{"__typename":"Keeper","name":"Ann","since":"2026-02-30T12:00:00Z","animals":null}`, "is no Moment"},
		"an enum value unheard of":    {`{` + keeper + `,"animals":[{"__typename":"Lion","name":"Leo","roar":"!","size":"HUGE"}]}`, `"HUGE" is no Size`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failsWith(t, "Query.keeper", `{"data":{"keeper":`+test.keeper+`}}`, test.want)
		})
	}
	for name, test := range map[string]struct{ body, want string }{
		"an error":                {`{"errors":[{"message":"no","path":["keeper"],"extensions":{"code":"NOT_FOUND"}}],"data":{"keeper":null}}`, "error at keeper: NOT_FOUND no"},
		"no data":                 {`{"data":null}`, "null, and nothing says why"},
		"neither data nor errors": {`{}`, "neither data nor errors"},
		"no JSON":                 {`<html>`, "not an object"},
		"a member unheard of":     {`{"data":{"keeper":null},"result":1}`, "an answer has no member result"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failsWith(t, "Query.keeper", test.body, test.want)
		})
	}
	t.Run("an impossible type", func(t *testing.T) {
		t.Parallel()
		failsWith(t, "Query.animal", `{"data":{"animal":{"__typename":"Feeding"}}}`, `__typename "Feeding" is no possible type of Named`)
	})
}

// failsWith asks a field of a server that always answers the same.
func failsWith(t *testing.T, field, body, want string) {
	t.Helper()
	suite := schematest.New(ofZoo(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })))
	if err := suite.Ask(t.Context(), field); err != nil {
		t.Fatal(err)
	}
	for _, f := range suite.Report().Failures {
		if strings.Contains(f.String(), want) {
			return
		}
	}
	t.Errorf("failures = %v, want one with %q", suite.Report().Failures, want)
}

func TestAttackFindsErrorsThatTellTooMuchOrTooLittle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ body, want string }{
		"internal":          {`{"errors":[{"message":"oops","path":["animal"],"extensions":{"code":"INTERNAL_SERVER_ERROR"}}],"data":{"animal":null}}`, "INTERNAL_SERVER_ERROR at animal"},
		"without a code":    {`{"errors":[{"message":"oops"}]}`, `has the code ""`},
		"of another code":   {`{"errors":[{"message":"oops","extensions":{"code":"EEK"}}]}`, `has the code "EEK"`},
		"without a message": {`{"errors":[{"message":"","extensions":{"code":"NOT_FOUND"}}]}`, "has no message"},
		"beside data":       {`{"errors":[{"message":"no","path":["cages"],"extensions":{"code":"NOT_FOUND"}}],"data":{"cages":[]}}`, "stands where data is"},
		"of the transport":  {`oops`, "no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := ofZoo(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, test.body) }))
			config.Codes = []string{"NOT_FOUND"}
			suite := schematest.New(config)
			if err := suite.Attack(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, f := range suite.Report().Failures {
				if strings.Contains(f.String(), test.want) {
					return
				}
			}
			t.Errorf("no failure has %q", test.want)
		})
	}
}
