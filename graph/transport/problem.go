package transport

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/internal/fault"
)

// A problem says why a request, or a member of a batch, is not executed.
type problem struct {
	status  int
	kind    fault.Kind    // BadRequest, if it is none
	message string        // which never repeats what was sent
	allow   string        // the methods that would do, where this one does not
	after   time.Duration // when the same may succeed; zero for never
}

func malformed(format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, message: fmt.Sprintf(format, args...)}
}

func overLimit(status int, format string, args ...any) *problem {
	return &problem{status: status, kind: fault.LimitExceeded, message: fmt.Sprintf(format, args...)}
}

func (p *problem) response() *graphql.Response {
	kind := p.kind
	if kind == fault.Internal {
		kind = fault.BadRequest
	}
	shown := coded(p.message, kind)
	if p.after > 0 {
		shown.Extensions["retryable"] = true
		shown.Extensions["retryAfterMs"] = p.after.Milliseconds()
	}
	return &graphql.Response{Errors: gqlerror.List{shown}}
}

// answer answers a request that has the problem.
func (p *problem) answer(w http.ResponseWriter, mediaType string) {
	if p.allow != "" {
		w.Header().Set("Allow", p.allow)
	}
	if p.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(p.after.Seconds()))))
	}
	refusals.add(p.status)
	respond(w, mediaType, p.status, p.response())
}

// Refuse answers a request that is not let in, before its body is read, with what
// a client may know of an error.
func Refuse(w http.ResponseWriter, r *http.Request, why *fault.Error) {
	mediaType, _ := negotiate(r.Header.Values("Accept"))
	status := statuses[why.Kind]
	if status == 0 {
		status = http.StatusBadRequest
	}
	(&problem{status: status, kind: why.Kind, message: why.Message, after: why.RetryAfter}).answer(w, mediaType)
}

// refuse answers a request of which nothing is executed.
func refuse(w http.ResponseWriter, mediaType string, status int, message string) {
	(&problem{status: status, message: message}).answer(w, mediaType)
}

func coded(message string, kind fault.Kind) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": kind.Code()}}
}
