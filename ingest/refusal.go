package ingest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"barograph/internal/fault"
	"barograph/internal/strictjson"
	"barograph/pipeline"
)

// A problem says why a payload or a request was not taken in, as in the GraphQL
// schema.
type problem struct {
	Code         string   `json:"code"`
	Message      string   `json:"message"`
	Field        []string `json:"field,omitempty"`
	RetryAfterMs int64    `json:"retryAfterMs,omitempty"`
}

// problemOf returns the problem that a refused payload has. Its field is within
// the payload, however the intake was called.
func problemOf(r *pipeline.Refusal) *problem {
	return &problem{Code: string(r.Code), Message: r.Message, Field: within(r.Field), RetryAfterMs: r.RetryAfter.Milliseconds()}
}

// within returns a path without the names of the GraphQL input that begin it.
func within(field []string) []string {
	if len(field) == 0 || field[0] != "input" {
		return field
	}
	switch field = field[1:]; {
	case len(field) > 1 && field[0] == "payloads":
		return field[2:]
	case len(field) > 0 && field[0] == "payload":
		return field[1:]
	}
	return field
}

// problemOfError returns the problem of whoever met an error.
func problemOfError(err error) *problem {
	f := fault.Of(err)
	return &problem{Code: f.Kind.Code(), Message: f.Message, RetryAfterMs: f.RetryAfter.Milliseconds()}
}

// A refusal is the answer to a request of which nothing was taken in.
type refusal struct {
	status  int
	problem problem
	header  [2]string // name and value, if there is one
}

// refuse returns a refusal with a message for people, which never repeats more
// of what was sent than a pipeline's name.
func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status: status, problem: problem{Code: code, Message: fmt.Sprintf(format, args...)}}
}

// challengeHeader says how to come in.
const challengeHeader = "WWW-Authenticate"

// with returns r with a header.
func (r *refusal) with(name, value string) *refusal {
	r.header = [2]string{name, value}
	return r
}

// failed returns the refusal of a request that failed.
func failed(err error) *refusal {
	p := problemOfError(err)
	return &refusal{status: statusOf(p.Code), problem: *p}
}

// Refuse answers a request that is not let in, before its body is read, with what
// a client may know of an error.
func Refuse(w http.ResponseWriter, r *http.Request, why *fault.Error) {
	w.Header().Set("Cache-Control", "no-store")
	failed(why).answer(r.Context(), w)
}

func (r *refusal) answer(ctx context.Context, w http.ResponseWriter) {
	if r.header[0] != "" {
		w.Header().Set(r.header[0], r.header[1])
	}
	if r.status == http.StatusUnauthorized && w.Header().Get(challengeHeader) == "" { // which the door says better
		w.Header().Set(challengeHeader, "Bearer")
	}
	countRefused(ctx, r.status)
	answer(w, r.status, &r.problem, struct {
		Problem *problem `json:"problem"`
	}{&r.problem})
}

// answer answers in one piece.
func answer(w http.ResponseWriter, status int, p *problem, body any) {
	if p != nil && p.RetryAfterMs > 0 {
		wait := time.Duration(p.RetryAfterMs) * time.Millisecond
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	}
	text, err := strictjson.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", mediaTypeJSON)
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the client may be gone
}

// statusOf returns the status that tells a code.
func statusOf(code string) int {
	switch pipeline.Code(code) {
	case pipeline.NotFound:
		return http.StatusNotFound
	case pipeline.PayloadConflict, pipeline.Inactive:
		return http.StatusConflict
	case pipeline.PayloadTooLarge:
		return http.StatusRequestEntityTooLarge
	case pipeline.Overloaded:
		return http.StatusServiceUnavailable
	}
	switch kind, ok := fault.Parse(code); {
	case !ok:
		return http.StatusUnprocessableEntity // any other problem of a payload
	case kind == fault.BadRequest:
		return http.StatusBadRequest
	case kind == fault.Unauthenticated:
		return http.StatusUnauthorized
	case kind == fault.Forbidden:
		return http.StatusForbidden
	case kind == fault.RateLimited:
		return http.StatusTooManyRequests
	case kind.Retryable():
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
