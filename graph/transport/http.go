// Package transport carries GraphQL over HTTP, as the specification of the
// GraphQL foundation has it: https://graphql.github.io/graphql-over-http/draft/.
package transport

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/internal/fault"
)

// HTTP serves queries by GET and POST and mutations by POST, one a request.
type HTTP struct {
	BodyLimit int64 // bytes of a request's body
}

var _ graphql.Transport = HTTP{}

// Supports reports whether the request is one for this transport: every one
// that does not ask for a WebSocket.
func (HTTP) Supports(r *http.Request) bool { return !AsksForWebSocket(r) }

// Do answers the request.
func (h HTTP) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	mediaType, ok := negotiate(r.Header.Values("Accept"))
	if !ok {
		refuse(w, mediaTypeJSON, http.StatusNotAcceptable, "the answer is application/graphql-response+json or application/json, and neither is accepted")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		refuse(w, mediaType, http.StatusMethodNotAllowed, "GraphQL is served by GET and POST")
		return
	}
	start := graphql.Now()
	params, problem := h.read(w, r)
	if problem != nil {
		refuse(w, mediaType, problem.status, problem.message)
		return
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	execute(r.Context(), w, r.Method, mediaType, params, exec)
}

func execute(ctx context.Context, w http.ResponseWriter, method, mediaType string, params *graphql.RawParams, exec graphql.GraphExecutor) {
	operation, errs := exec.CreateOperationContext(ctx, params)
	if errs != nil {
		// Nothing was executed. Only the newer media type tells by the status.
		status := http.StatusOK
		if mediaType == mediaTypeGraphQL && errcode.GetErrorKind(errs) == errcode.KindProtocol {
			status = http.StatusBadRequest
		}
		respond(w, mediaType, status, exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs))
		return
	}
	switch kind := operation.Operation.Operation; {
	case kind == ast.Subscription:
		refuse(w, mediaType, http.StatusBadRequest, "subscriptions are served over a WebSocket with the subprotocol graphql-transport-ws")
		return
	case kind == ast.Mutation && method == http.MethodGet:
		w.Header().Set("Allow", "POST")
		refuse(w, mediaType, http.StatusMethodNotAllowed, "mutations are served by POST")
		return
	}
	next, ctx := exec.DispatchOperation(ctx, operation)
	response := next(ctx)
	if response == nil { // the client has left, or the time is up
		known := fault.Of(context.Cause(ctx))
		response = &graphql.Response{Errors: gqlerror.List{coded(known.Message, known.Kind)}}
	}
	respond(w, mediaType, http.StatusOK, response)
}
