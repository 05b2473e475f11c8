// Package apikey keeps API keys: it makes them, tells who sends one, and revokes
// them, on every gateway of a database within seconds. Of a key only a hash is
// kept, and what it may do never changes. How a key comes with a request, and what
// its principal may have, is left to others.
package apikey

import (
	"strings"
	"time"

	"barograph/auth"
	"barograph/pipeline"
)

// A Key is an API key, without its secret.
type Key struct {
	ID         string
	Name       string // what it is for
	Scopes     auth.Scopes
	Reach      pipeline.Reach
	CreatedAt  time.Time
	CreatedBy  string     // the name of a principal
	ExpiresAt  *time.Time // nil for never
	LastUsedAt *time.Time // to the minute; nil for never
	RevokedAt  *time.Time // nil while it is not
	RevokedBy  *string
}

const globalPrefix = "ApiKey:"

// GlobalID returns the key's global id. It never changes.
func (k *Key) GlobalID() string { return globalPrefix + k.ID }

// ParseGlobalID returns the id in a global one, and whether it is a key's.
func ParseGlobalID(global string) (id string, ok bool) {
	id, is := strings.CutPrefix(global, globalPrefix)
	return id, is && validID(id)
}

// Prefix returns what the key's text begins with, which is no secret.
func (k *Key) Prefix() string { return Prefix + k.ID }

// ScopeNames returns the names of what the key may do.
func (k *Key) ScopeNames() []string { return k.Scopes.Names() }

// Pipelines returns the names, and the beginnings of names with a star behind, of
// the pipelines that the key reaches: nil for all.
func (k *Key) Pipelines() []string { return k.Reach.Patterns() }

// principalName returns the name of whoever sends the key.
func principalName(id string) string { return "key:" + id }

// A Cursor is a key's place among all keys by the time they were made.
type Cursor struct {
	CreatedAt time.Time
	ID        string
}

// Cursor returns the key's place.
func (k *Key) Cursor() Cursor { return Cursor{k.CreatedAt, k.ID} }
