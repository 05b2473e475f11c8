package allowance

import (
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// underway counts the operations of each principal.
type underway struct {
	mu   sync.Mutex
	each map[string]*running // guarded by mu: of those that have any
}

// running is how many one principal has.
type running struct{ operations, subscriptions int }

func newUnderway() *underway { return &underway{each: map[string]*running{}} }

// of returns the count of a kind, and its bound.
func (r *running) of(kind ast.Operation, c Config) (count *int, most int) {
	if kind == ast.Subscription {
		return &r.subscriptions, c.Subscriptions
	}
	return &r.operations, c.Operations
}

// full reports whether a principal has as many of a kind as it may.
func (u *underway) full(name string, kind ast.Operation, c Config) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := u.each[name]
	if r == nil {
		return false
	}
	count, most := r.of(kind, c)
	return most > 0 && *count >= most
}

// enter counts one more, unless there are as many as there may be.
func (u *underway) enter(name string, kind ast.Operation, c Config) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := u.each[name]
	if r == nil {
		r = &running{}
		u.each[name] = r
	}
	count, most := r.of(kind, c)
	if most > 0 && *count >= most {
		return false
	}
	*count++
	return true
}

func (u *underway) leave(name string, kind ast.Operation) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r := u.each[name]
	count, _ := r.of(kind, Config{})
	if *count--; *r == (running{}) {
		delete(u.each, name)
	}
}
