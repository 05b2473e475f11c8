package edge

import (
	"encoding/json"
	"net/http"

	"barograph/internal/fault"
)

// A refusal answers a request that the gate does not let through, to whoever asks for
// one of the things that are served.
type refusal func(http.ResponseWriter, *fault.Error)

// refuseOperation answers as GraphQL does.
func refuseOperation(w http.ResponseWriter, why *fault.Error) {
	refuseInJSON(w, map[string]any{"errors": []any{map[string]any{
		"message": why.Message,
		"extensions": map[string]any{
			"code": why.Kind.Code(), "retryable": true, "retryAfterMs": why.RetryAfter.Milliseconds(),
		},
	}}})
}

// refuseMessage answers as /ingest does.
func refuseMessage(w http.ResponseWriter, why *fault.Error) {
	refuseInJSON(w, map[string]any{"problem": map[string]any{
		"code": why.Kind.Code(), "message": why.Message, "retryAfterMs": why.RetryAfter.Milliseconds(),
	}})
}

// refusePage answers a person.
func refusePage(w http.ResponseWriter, why *fault.Error) {
	answer(w, http.StatusTooManyRequests, why.Message)
}

func refuseInJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusTooManyRequests)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
