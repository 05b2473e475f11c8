// Package requestid gives each request an id of its own, by which whoever sent
// it finds it in the logs.
package requestid

import (
	"context"
	"crypto/rand"
	"net/http"
)

// Header carries the id, in both directions.
const Header = "X-Request-Id"

const limit = 128 // characters of an id that is taken over

type key struct{}

// From returns the id of the request that ctx belongs to, and "" for none.
func From(ctx context.Context) string {
	id, _ := ctx.Value(key{}).(string)
	return id
}

// Handler gives each request the id it came with, or a new one where that is
// none to put in a log, and answers with it.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(Header)
		if !sane(id) {
			id = rand.Text()
		}
		w.Header().Set(Header, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, id)))
	})
}

// sane reports whether an id is short and of visible ASCII.
func sane(id string) bool {
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return id != "" && len(id) <= limit
}
