package incremental_test

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

func TestWhatIsDeferredIsAbsentFromTheFirstPart(t *testing.T) {
	t.Parallel()
	url := serve(t, &provider{})
	for name, c := range map[string]struct {
		query     string
		variables any
		first     string // by id
	}{
		"a resolver's field": {`{ city(name: "Oslo") { name ... @defer(label: "w") { weather { id } } } }`, nil,
			`{"data":{"city":{"name":"Oslo"}},"pending":[{"id":"0","path":["city"],"label":"w"}],"hasNext":true}`},
		"a plain field": {`{ city(name: "Oslo") { name ... @defer { country } } }`, nil,
			`{"data":{"city":{"name":"Oslo"}},"pending":[{"id":"0","path":["city"]}],"hasNext":true}`},
		"all there is": {`{ city(name: "Oslo") { ... @defer { name } } }`, nil,
			`{"data":{"city":{}},"pending":[{"id":"0","path":["city"]}],"hasNext":true}`},
		"a root field": {`{ __typename ... @defer { city(name: "Oslo") { name } } }`, nil,
			`{"data":{"__typename":"Query"},"pending":[{"id":"0","path":[]}],"hasNext":true}`},
		"an alias": {`{ o: city(name: "Oslo") { n: name ... @defer { w: weather { id } } } }`, nil,
			`{"data":{"o":{"n":"Oslo"}},"pending":[{"id":"0","path":["o"]}],"hasNext":true}`},
		"a list's objects": {`{ cities(names: ["Oslo", "Nowhereville", "Quito"]) { name ...W @defer } } fragment W on City { weather { id } }`, nil,
			`"data":{"cities":[{"name":"Oslo"},null,{"name":"Quito"}]},"pending":[{"id":"0","path":["cities",0]},{"id":"1","path":["cities",2]}],"hasNext":true}`},
		"an interface's type": {`{ node(id: "City:3143244") { id ... on City @defer { weather { id } } ... on Weather @defer { units } } }`, nil,
			`{"data":{"node":{"id":"City:3143244"}},"pending":[{"id":"0","path":["node"]}],"hasNext":true}`},
		"two without labels": {`{ city(name: "Oslo") { ... @defer { name } ... @defer { country } } }`, nil,
			`{"data":{"city":{}},"pending":[{"id":"0","path":["city"]},{"id":"1","path":["city"]}],"hasNext":true}`},
		"a field in two": {`{ city(name: "Oslo") { ... @defer(label: "a") { name country } ... @defer(label: "b") { name } } }`, nil,
			`{"data":{"city":{}},"pending":[{"id":"0","path":["city"],"label":"a"},{"id":"1","path":["city"],"label":"b"}],"hasNext":true}`},
		"one in another": {`{ city(name: "Oslo") { id ... @defer(label: "a") { name ... @defer(label: "b") { weather { id } } } } }`, nil,
			`{"data":{"city":{"id":"City:3143244"}},"pending":[{"id":"0","path":["city"],"label":"a"}],"hasNext":true}`},
		"an empty one around another": {`{ city(name: "Oslo") { id ... @defer(label: "a") { id ... @defer(label: "b") { name } } } }`, nil,
			`{"data":{"city":{"id":"City:3143244"}},"pending":[{"id":"0","path":["city"],"label":"b"}],"hasNext":true}`},
		"the same, deferred and not": {`{ city(name: "Oslo") { name } ... @defer { city(name: "Oslo") { name country } } }`, nil,
			`{"data":{"city":{"name":"Oslo"}},"pending":[{"id":"0","path":[]}],"hasNext":true}`},
		"a fragment spread, deferred and not": {`{ city(name: "Oslo") { ...F @defer ...F } } fragment F on City { name }`, nil,
			`{"data":{"city":{"name":"Oslo"}}}`},
		"nothing, since it comes anyway": {`{ city(name: "Oslo") { name ... @defer { name } } }`, nil,
			`{"data":{"city":{"name":"Oslo"}}}`},
		"nothing, by a constant": {`{ city(name: "Oslo") { ... @defer(if: false) { name } } }`, nil,
			`{"data":{"city":{"name":"Oslo"}}}`},
		"nothing, by a variable": {`query ($d: Boolean!) { city(name: "Oslo") { ... @defer(if: $d) { name } } }`, map[string]any{"d": false},
			`{"data":{"city":{"name":"Oslo"}}}`},
		"something, by a variable": {`query ($d: Boolean!, $s: Boolean!) { city(name: "Oslo") { ... @defer(if: $d) { name ... @skip(if: $s) { country } } } }`, map[string]any{"d": true, "s": true},
			`{"data":{"city":{}},"pending":[{"id":"0","path":["city"]}],"hasNext":true}`},
		"what is left out": {`{ city(name: "Oslo") { name ... @defer @include(if: false) { country } } }`, nil,
			`{"data":{"city":{"name":"Oslo"}}}`},
		"beside a null that took its object": {`{ city(name: "Lima, PE") { weather { freshness { fetchedAt } ... @defer { timeZone } } } }`, nil,
			`"data":{"city":{"weather":null}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := assemble(t, ask(t.Context(), t, url, c.query, c.variables, "application/json").all(t))
			parts := ask(t.Context(), t, url, c.query, c.variables, byID).all(t)
			if first := report.ReplaceAllString(parts[0], ""); !strings.HasSuffix(first, c.first) {
				t.Errorf("first part %s\nwant %s", first, c.first)
			}
			for format, got := range map[string]*client{
				"by id":   assemble(t, parts),
				"by path": assemble(t, ask(t.Context(), t, url, c.query, c.variables, byPath).all(t)),
			} {
				slices.Sort(got.errors)
				slices.Sort(whole.errors)
				if !reflect.DeepEqual(got.data, whole.data) || !slices.Equal(got.errors, whole.errors) {
					t.Errorf("%s: %v %v\nin one piece: %v %v", format, got.data, got.errors, whole.data, whole.errors)
				}
			}
		})
	}
}

var report = regexp.MustCompile(`,"extensions":\{"upstream":\{.*?\}\}\}`)

func between(text, begin, end string) string {
	_, after, _ := strings.Cut(text, begin)
	before, _, _ := strings.Cut(after, end)
	return before
}

func TestTheFirstPartDoesNotWaitForTheUpstream(t *testing.T) {
	t.Parallel()
	p := &provider{let: make(chan struct{}), left: make(chan struct{}, 1)}
	a := ask(t.Context(), t, serve(t, p), `{ cities(names: ["Oslo", "Quito"]) { name ... @defer { weather { id } } } }`, nil, byID)
	first := a.next(t) // the upstream does not answer before it is let to
	if !strings.Contains(first, `"cities":[{"name":"Oslo"},{"name":"Quito"}]`) || !strings.Contains(first, `"hasNext":true`) {
		t.Errorf("first part %s", first)
	}
	close(p.let)
	c := assemble(t, append([]string{first}, a.all(t)...))
	if got := fmt.Sprint(c.data); strings.Count(got, "Weather:City:") != 2 {
		t.Errorf("data = %s, want two reports", got)
	}
}

func TestAHundredDeferredReportsCostOneCall(t *testing.T) {
	t.Parallel()
	known, err := cities()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, city := range known.Search("b", 100, "") {
		ids = append(ids, city.Key())
	}
	for name, query := range map[string]string{
		"below each city":     `query ($ids: [String!]!) { cities(names: $ids) { name ... @defer { weather { id } } } }`,
		"as a list":           `query ($ids: [String!]!) { __typename ... @defer { cities(names: $ids) { weather { id } } } }`,
		"beside what is not":  `query ($ids: [String!]!) { city(name: "Oslo") { name } cities(names: $ids) { ... @defer { weather { id } } } }`,
		"below a shared list": `query ($ids: [String!]!) { cities(names: $ids) { name } ... @defer { cities(names: $ids) { weather { id } } } }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &provider{}
			texts := ask(t.Context(), t, serve(t, p), query, map[string]any{"ids": ids}, byID).all(t)
			c := assemble(t, texts)
			if got := strings.Count(fmt.Sprint(c.data), "Weather:City:"); got != 100 {
				t.Errorf("%d reports, want 100", got)
			}
			if calls := p.called(); !slices.Equal(calls, []int{100}) {
				t.Errorf("calls for %v places, want one for 100", calls)
			}
			if last := texts[len(texts)-1]; !strings.Contains(last, `"extensions":{"upstream":{"weather":{"keys":100,"batches":1,"calls":1,"cacheHits":0,`) {
				t.Errorf("the last part does not say what it took: %.500s", last)
			}
		})
	}
}

func TestWhatIsDeferredWithinOthersIsGathered(t *testing.T) {
	t.Parallel()
	p := &provider{}
	query := `{ searchCities(query: "b", first: 100) { ... @defer { name ... @defer { weather { id } } } } }`
	c := assemble(t, ask(t.Context(), t, serve(t, p), query, nil, byID).all(t))
	if got := strings.Count(fmt.Sprint(c.data), "Weather:City:"); got != 100 {
		t.Errorf("%d reports, want 100", got)
	}
	if calls := p.called(); len(calls) > 20 {
		t.Errorf("calls for %v places, want few", calls)
	}
}

func TestOneReportThatIsNotDeferredAndManyThatAreCostTwoCalls(t *testing.T) {
	t.Parallel()
	p := &provider{}
	query := `{ weather(city: "Oslo") { id } cities(names: ["Oslo", "Quito", "Paris"]) { ... @defer { weather { id } } } }`
	assemble(t, ask(t.Context(), t, serve(t, p), query, nil, byID).all(t))
	if calls := p.called(); !slices.Equal(calls, []int{1, 2}) {
		t.Errorf("calls for %v places, want one for 1 and one for the 2 others", calls)
	}
}

func TestDeferredErrorsStayWithTheirFragment(t *testing.T) {
	t.Parallel()
	url := serve(t, &provider{})
	for name, c := range map[string]struct{ query, id, path string }{
		"a null where one may be": {`{ city(name: "Cairo") { name ... @defer { weather { id } } } }`,
			`{"incremental":[{"data":{"weather":null},"id":"0","errors":[ERRORS at "city","weather"]}],"completed":[{"id":"0"}],"hasNext":false}`,
			`{"incremental":[{"data":{"weather":null},"path":["city"],"errors":[ERRORS at "city","weather"]}],"hasNext":false}`},
		"a null that takes its parent": {`{ city(name: "Lima, PE") { name ... @defer(label: "x") { weather { freshness { fetchedAt } } } } }`,
			`{"incremental":[{"data":{"weather":null},"id":"0","errors":[ERRORS at "city","weather","freshness","fetchedAt"]}],"completed":[{"id":"0"}],"hasNext":false}`,
			`{"incremental":[{"data":{"weather":null},"path":["city"],"label":"x","errors":[ERRORS at "city","weather","freshness","fetchedAt"]}],"hasNext":false}`},
		"a null that takes the fragment": {`{ city(name: "Lima, PE") { weather { id ... @defer(label: "x") { freshness { fetchedAt } } } } }`,
			`{"completed":[{"id":"0","errors":[ERRORS at "city","weather","freshness","fetchedAt"]}],"hasNext":false}`,
			`{"incremental":[{"data":null,"path":["city","weather"],"label":"x","errors":[ERRORS at "city","weather","freshness","fetchedAt"]}],"hasNext":false}`},
		"a null that takes the fragment and the one in it": {`{ city(name: "Lima, PE") { weather { id ... @defer { freshness { fetchedAt } ... @defer { timeZone } } } } }`,
			`{"completed":[{"id":"0","errors":[ERRORS at "city","weather","freshness","fetchedAt"]}],"hasNext":false}`,
			`{"incremental":[{"data":null,"path":["city","weather"],"errors":[ERRORS at "city","weather","freshness","fetchedAt"]}],"hasNext":false}`},
	} {
		for accept, want := range map[string]string{byID: c.id, byPath: c.path} {
			texts := ask(t.Context(), t, url, c.query, nil, accept).all(t)
			if len(texts) != 2 || strings.Contains(texts[0], `"errors"`) || strings.Contains(texts[1], "secret") {
				t.Errorf("%s: %q, want a part without errors and one with", name, texts)
				continue
			}
			got := texts[1]
			if errs := between(got, `"errors":[`, `}}]`); errs != "" {
				got = strings.Replace(got, errs+"}}", "ERRORS at "+between(errs, `"path":[`, "]"), 1)
			}
			if got = report.ReplaceAllString(got, ""); got != want {
				t.Errorf("%s\n got %s\nwant %s", name, got, want)
			}
		}
	}
}

func TestOtherFragmentsSurviveOneThatFails(t *testing.T) {
	t.Parallel()
	url := serve(t, &provider{})
	query := `{ cities(names: ["Lima, PE", "Quito"]) { weather { id
		... @defer(label: "a") { freshness { fetchedAt } timeZone } ... @defer(label: "b") { timeZone units } } } }`
	for _, accept := range []string{byID, byPath} {
		c := assemble(t, ask(t.Context(), t, url, query, nil, accept).all(t))
		got := fmt.Sprint(c.data)
		if strings.Count(got, "timeZone:") != 2 || strings.Count(got, "fetchedAt:") != 1 || len(c.errors) != 1 {
			t.Errorf("%s: %s %v, want both time zones, one time, one error", accept, got, c.errors)
		}
	}
}

func TestEverythingEndsWhenTheClientLeaves(t *testing.T) {
	t.Parallel() // and goleak looks at what is left
	p := &provider{let: make(chan struct{}), left: make(chan struct{}, 1)}
	url := serve(t, p)
	ctx, leave := context.WithCancel(t.Context())
	a := ask(ctx, t, url, `{ cities(names: ["Oslo", "Quito"]) { name ... @defer { weather { id } } } }`, nil, byID)
	a.next(t)
	for len(p.called()) == 0 { // the deferred fields have begun
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
	leave()
	<-p.left
}

// A hurry gives each operation little time.
type hurry struct{ time time.Duration }

func (hurry) ExtensionName() string                   { return "Hurry" }
func (hurry) Validate(graphql.ExecutableSchema) error { return nil }
func (h hurry) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	ctx, cancel := context.WithTimeout(ctx, h.time)
	context.AfterFunc(ctx, cancel)
	return next(ctx)
}

func TestWhatIsLateIsGivenUpAndSaidToBe(t *testing.T) {
	t.Parallel()
	p := &provider{let: make(chan struct{}), left: make(chan struct{}, 2)}
	url := serve(t, p, hurry{200 * time.Millisecond})
	query := `{ cities(names: ["Oslo", "Quito"]) { name ... @defer(label: "w") { weather { id } } } }`
	for _, accept := range []string{byID, byPath} {
		texts := ask(t.Context(), t, url, query, nil, accept).all(t)
		c := assemble(t, texts)
		timeouts := slices.DeleteFunc(c.errors, func(e string) bool { return !strings.HasPrefix(e, "TIMEOUT") })
		if len(timeouts) != 2 || len(p.called()) == 0 {
			t.Errorf("parts %q, want two that took too long", texts)
		}
	}
}

func TestFragmentsThatMultiplyAreBounded(t *testing.T) {
	t.Parallel()
	var document strings.Builder
	document.WriteString(`{ city(name: "Oslo") { id ...F0 @defer(label: "x") } }`)
	const depth = 17 // 2¹⁸ fields, which is within what an answer may have
	for i := range depth {
		_, _ = fmt.Fprintf(&document, ` fragment F%d on City { ...F%[2]d @defer(label: "a%[1]d") ...F%[2]d @defer(label: "b%[1]d") }`, i, i+1)
	}
	_, _ = fmt.Fprintf(&document, ` fragment F%d on City { name }`, depth)
	begun := time.Now()
	c := assemble(t, ask(t.Context(), t, serve(t, &provider{}), document.String(), nil, byID).all(t))
	if got := fmt.Sprint(c.data); !strings.Contains(got, "name:Oslo") {
		t.Errorf("data = %s", got)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestMutationsAndOtherTransportsAnswerInOnePiece(t *testing.T) {
	t.Parallel()
	url := serve(t, &provider{})
	query := `{ city(name: "Oslo") { name ... @defer { weather { id } } } }`
	for _, accept := range []string{"application/json", "*/*", "application/graphql-response+json, multipart/mixed;deferSpec=20220824;q=0.5", "multipart/mixed;deferSpec=2099, application/json"} {
		a := ask(t.Context(), t, url, query, nil, accept)
		if text := a.next(t); !a.whole || !strings.HasPrefix(text, `{"data":{"city":{"name":"Oslo","weather":{"id":"Weather:City:3143244:METRIC"}}}`) {
			t.Errorf("Accept %s: %s", accept, text)
		}
	}
}
