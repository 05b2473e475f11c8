package matrix_test

import (
	"bufio"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"barograph/auth"
	"barograph/internal/gatewaytest"
	"barograph/pipeline"
)

func TestMain(m *testing.M) { gatewaytest.Main(m) }

// callers are everybody who may be told apart: each role, each scope alone, and
// somebody with none.
func callers() []caller {
	all := []caller{{"somebody", nil}}
	for _, role := range auth.Roles {
		all = append(all, caller{string(role), role.Scopes().Names()})
	}
	for _, scope := range auth.Scopes(auth.All).Names() {
		all = append(all, caller{scope, []string{scope}})
	}
	return all
}

// principal returns the caller, narrowed to the pipelines of a pattern.
func (c caller) principal(t *testing.T, pattern string) *auth.Principal {
	t.Helper()
	p := &auth.Principal{Name: c.name, Kind: auth.Key}
	for _, name := range c.scopes {
		scope, err := auth.ParseScope(name)
		if err != nil {
			t.Fatal(err)
		}
		p.Scopes |= scope
	}
	reach, err := pipeline.ParseReach([]string{pattern})
	if err != nil {
		t.Fatal(err)
	}
	p.Reach = reach
	return p
}

// A cell is a field at the end of a route, asked for by a caller.
type cell struct {
	route  route
	fields []*ast.FieldDefinition // at once, where that tells as much
	caller caller
}

// A stage is what cells are tried on.
type stage struct {
	*gatewaytest.Gateway
	schema *ast.Schema
	cursor string // of an event that others follow
	fresh  atomic.Int64
}

// The names of pipelines, which are part of no word, and those within reach.
const (
	own     = "our-own"
	other   = "their-own"
	missing = "our-nobodys"
	nobodys = "nobodys" // out of everybody's reach
	within  = "our-*"
)

func TestEveryFieldIsForThoseWhomTheSchemaNames(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var (
		mine, others, listed, anonymous, expired atomic.Int64 // cells
		all                                      sync.WaitGroup
		slots                                    = make(chan struct{}, 4)
		routes                                   = routesOf(s.schema)
		began                                    = time.Now()
	)
	try := func(as *gatewaytest.Gateway, c caller, do func(*testing.T, cell, *gatewaytest.Gateway) int, into *atomic.Int64) {
		for _, r := range routes {
			for _, one := range s.cells(r, c) {
				slots <- struct{}{}
				all.Go(func() {
					defer func() { <-slots }()
					into.Add(int64(do(t, one, as)))
				})
			}
		}
	}
	for _, c := range callers() {
		as, nowhere := c.principal(t, within), s.As(c.principal(t, nobodys))
		try(s.As(as), c, s.tryOwn, &mine)
		try(s.As(as), c, s.tryOther, &others)
		try(s.As(as), c, func(t *testing.T, c cell, as *gatewaytest.Gateway) int { return s.tryAny(t, c, as, nowhere) }, &listed)
		if len(c.scopes) > 0 { // no key has none
			try(s.With(s.expired(t, as)), c, s.tryExpired, &expired)
		}
	}
	try(s.As(&auth.Principal{}), caller{}, s.tryOwn, &anonymous)
	all.Wait()
	t.Logf("%d cells in %v: %d of the caller's own, %d of another's, %d of nobody's in particular, %d anonymous, %d expired",
		mine.Load()+others.Load()+listed.Load()+anonymous.Load()+expired.Load(),
		time.Since(began).Round(time.Millisecond), mine.Load(), others.Load(), listed.Load(), anonymous.Load(), expired.Load())
}

// cells returns the fields of the object at the end of a route. Those that are
// refused and can be no null are asked for one by one: each takes its object away.
func (s *stage) cells(r route, c caller) (cells []cell) {
	var together []*ast.FieldDefinition
	for _, f := range fieldsOf(r.to) {
		switch {
		case r.root == ast.Mutation && len(r.steps) == 0, r.root == ast.Subscription && len(r.steps) == 0, f.Type.NonNull && refusal(s.schema, r.to, f, c) != "":
			cells = append(cells, cell{r, []*ast.FieldDefinition{f}, c})
		default:
			together = append(together, f)
		}
	}
	if len(together) > 0 {
		cells = append(cells, cell{r, together, c})
	}
	return cells
}

// tryOwn tries fields of what is the caller's own: what is refused is null, with an
// error at its path, and there is no other; what is not is there.
func (s *stage) tryOwn(t *testing.T, c cell, as *gatewaytest.Gateway) (decided int) {
	got, text := s.ask(t, c, as, own, s.id())
	want, codes := s.refusals(c), map[string]string{}
	for _, e := range got.Errors {
		codes[named(e.Path)] = e.Extensions.Code
	}
	if !maps.Equal(codes, want) {
		t.Errorf("%s as %q: the errors are %v, want %v: %s\n%s", c.route, c.caller.name, codes, want, text, got.Data)
	}
	var at any
	if err := json.Unmarshal(got.Data, &at); err != nil && len(want) == 0 {
		t.Errorf("%s as %q: %v: %s", c.route, c.caller.name, err, text)
	}
	for _, step := range c.route.steps {
		object, _ := at.(map[string]any)
		at = find(object[step.field.Name], step.on)
	}
	object, reached := at.(map[string]any)
	if !reached && len(want) == 0 {
		t.Errorf("%s as %q is not reached: %s\n%s", c.route, c.caller.name, text, got.Data)
	}
	for _, f := range c.fields {
		switch where := strings.Join(append(c.route.names(), f.Name), "."); {
		case want[where] != "" && object[f.Name] != nil:
			t.Errorf("%s as %q: %s is %v, want null", c.route, c.caller.name, where, object[f.Name])
		case reached && want[where] == "" && object[f.Name] == nil && !absent[c.route.to.Name+"."+f.Name]:
			t.Errorf("%s as %q: %s is null", c.route, c.caller.name, where)
		}
	}
	return len(c.fields)
}

// refusals returns the codes of the errors that a cell gets, by their paths without
// the indices of lists: the first one on its way, or those at its end.
func (s *stage) refusals(c cell) map[string]string {
	var way []string
	for _, step := range c.route.steps {
		way = append(way, step.field.Name)
		if code := refusal(s.schema, step.of, step.field, c.caller); code != "" {
			return map[string]string{strings.Join(way, "."): code}
		}
	}
	all := map[string]string{}
	for _, f := range c.fields {
		if code := refusal(s.schema, c.route.to, f, c.caller); code != "" {
			all[strings.Join(append(way, f.Name), ".")] = code
		}
	}
	return all
}

// named returns the names in the path of an error.
func named(path []any) string {
	var names []string
	for _, p := range path {
		if name, ok := p.(string); ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, ".")
}

// find returns the object of a type in what stands at a field.
func find(value any, name string) any {
	switch v := value.(type) {
	case map[string]any:
		if v["__typename"] == name {
			return v
		}
	case []any:
		for _, item := range v {
			if found := find(item, name); found != nil {
				return found
			}
		}
	}
	return nil
}

func (s *stage) id() string { return strconv.FormatInt(s.fresh.Add(1), 10) }

// text returns the operation of a cell.
func (s *stage) text(c cell, name, id string) (string, error) {
	text, err := document(s.schema, c, id)
	return strings.NewReplacer("NAME", name, "CURSOR", s.cursor).Replace(text), err
}

// ask asks for a cell. A subscription is asked for its first event.
func (s *stage) ask(t *testing.T, c cell, as *gatewaytest.Gateway, name, id string) (gatewaytest.Answer, string) {
	text, err := s.text(c, name, id)
	if err != nil {
		t.Error(err)
		return gatewaytest.Answer{}, ""
	}
	if c.route.root != ast.Subscription {
		return as.Ask(t, text, nil), text
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	body, _ := json.Marshal(map[string]string{"query": text})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, as.URL, strings.NewReader(string(body)))
	if err != nil {
		t.Error(err)
		return gatewaytest.Answer{}, text
	}
	req.Header = as.Header()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return gatewaytest.Answer{}, text
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	lines := bufio.NewReader(res.Body)
	for {
		line, err := lines.ReadString('\n')
		if event, ok := strings.CutPrefix(line, "data: "); ok && strings.TrimSpace(event) != "" {
			var answer gatewaytest.Answer
			if err := json.Unmarshal([]byte(event), &answer); err != nil {
				t.Errorf("%s: %v in %s", text, err, event)
			}
			return answer, text
		}
		if err != nil {
			t.Errorf("%s as %q: no event: %v", text, c.caller.name, err)
			return gatewaytest.Answer{}, text
		}
	}
}
