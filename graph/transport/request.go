package transport

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"barograph/internal/strictjson"
)

// envelope is how deep in a request the values of its variables' fields stand:
// request, variables, input, field.
const envelope = 4

// asked is what an HTTP request asks for.
type asked struct {
	requests []request // one, unless it is a batch
	batch    bool
}

// A request is a GraphQL request, or what is wrong with it.
type request struct {
	params *graphql.RawParams
	wrong  *problem
}

// read returns what an HTTP request asks for.
func (h HTTP) read(w http.ResponseWriter, r *http.Request) (asked, *problem) {
	var (
		all   asked
		wrong *problem
		start = graphql.Now()
	)
	if isReading(r) {
		all, wrong = single(readQuery(r.URL.RawQuery))
	} else {
		all, wrong = h.readBody(w, r)
	}
	if wrong != nil {
		return asked{}, wrong
	}
	// The deadline was for the client to send all this. net/http would end the
	// operation when it passes.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // where there is none, there is none to take away
	for _, one := range all.requests {
		if one.wrong == nil {
			one.params.Headers = r.Header
			one.params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
		}
	}
	return all, nil
}

// readOne returns the one operation that a request asks for which may be served.
func (h HTTP) readOne(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *problem) {
	if wrong := h.admit(r); wrong != nil {
		return nil, wrong
	}
	all, wrong := h.read(w, r)
	switch {
	case wrong != nil:
		return nil, wrong
	case all.batch:
		return nil, malformed("a stream is of one operation, not of a batch")
	}
	return all.requests[0].params, nil
}

func single(one request) (asked, *problem) {
	return asked{requests: []request{one}}, one.wrong
}

// The members of a request that mean something. Others are left aside, as the
// specification wants it.
const (
	query         = "query"
	operationName = "operationName"
	variables     = "variables"
	extensions    = "extensions"
)

var members = []string{query, operationName, variables, extensions}

// misspelt returns a problem for a name that is a known one but for its case:
// who reads JSON less strictly, such as a firewall, would take it for that.
func misspelt(name string) *problem {
	known := slices.IndexFunc(members, func(member string) bool { return strings.EqualFold(member, name) && member != name })
	if known < 0 {
		return nil
	}
	return malformed("%s is written in another case", members[known])
}

// readQuery reads a request from the query of a URL.
func readQuery(text string) request {
	values, err := url.ParseQuery(text)
	if err != nil || !utf8.ValidString(strings.Join(slices.Concat(values[query], values[operationName]), "")) {
		return request{wrong: malformed("the URL's query is not made of parameters in UTF-8")}
	}
	found := map[string]json.RawMessage{}
	for name, given := range values {
		switch wrong := misspelt(name); {
		case wrong != nil:
			return request{wrong: wrong}
		case !slices.Contains(members, name):
		case len(given) > 1:
			return request{wrong: malformed("the URL has the parameter %s more than once", name)}
		case name == query || name == operationName:
			found[name], _ = strictjson.Marshal(given[0]) // a string
		case strings.TrimSpace(given[0]) == "":
		case strictjson.CheckDepth([]byte(given[0]), strictjson.DepthLimit+envelope) != nil:
			return request{wrong: malformed("%s must be a JSON object", name)}
		default:
			found[name] = json.RawMessage(given[0])
		}
	}
	return readMembers(found)
}

// readMembers reads a request from its members, which are strict JSON.
func readMembers(found map[string]json.RawMessage) request {
	params, wrong := readParams(found)
	if wrong != nil {
		return request{wrong: wrong}
	}
	if _, persisted := params.Extensions["persistedQuery"]; params.Query == "" && !persisted {
		return request{wrong: malformed("the query is missing")}
	}
	return request{params: params}
}

// readParams reads what an operation is made of, each part of which may be missing.
func readParams(found map[string]json.RawMessage) (*graphql.RawParams, *problem) {
	params := &graphql.RawParams{}
	for name, into := range map[string]*string{query: &params.Query, operationName: &params.OperationName} {
		var is bool
		if *into, is = strictjson.Text(found[name]); !is {
			return nil, malformed("%s must be a string", name)
		}
	}
	for name, into := range map[string]*map[string]any{variables: &params.Variables, extensions: &params.Extensions} {
		if text := found[name]; text != nil && strictjson.Decode(text, into) != nil {
			return nil, malformed("%s must be a JSON object", name)
		}
	}
	return params, nil
}
