package wire

import (
	"strconv"
	"time"

	"barograph/auth"
	"barograph/auth/apikey"
	"barograph/internal/audit"
)

// A Caller is whoever asks.
type Caller struct {
	Name      string
	Kind      auth.Kind
	Scopes    []string
	Pipelines []string // nil for all
	ExpiresAt *time.Time
}

// NewCaller returns the principal as a caller.
func NewCaller(p *auth.Principal) *Caller {
	c := &Caller{Name: p.Name, Kind: p.Kind, Scopes: p.Scopes.Names(), Pipelines: p.Reach.Patterns()}
	if !p.Expires.IsZero() {
		c.ExpiresAt = &p.Expires
	}
	return c
}

// An APIKeyFilter says which API keys.
type APIKeyFilter struct{ Active *bool }

// CreateAPIKeyInput is an API key to make.
type CreateAPIKeyInput struct {
	Name      string
	Role      *auth.Role
	Scopes    []string
	Pipelines []string // nil for all
	ExpiresAt *time.Time
}

// RevokeAPIKeyInput is an API key to revoke.
type RevokeAPIKeyInput struct{ ID string }

// APIKeyResult says what became of an API key to make or to revoke.
type APIKeyResult struct {
	APIKey   *apikey.Key
	Secret   *string // its text, of one that was made
	Problems []Problem
}

// An AuditEventFilter says which events.
type AuditEventFilter struct {
	Actor         *string
	Action        *audit.Action
	Pipeline      *string
	Since, Before *time.Time
}

type (
	// APIKeyConnection is a page of API keys.
	APIKeyConnection = Connection[*apikey.Key]
	// APIKeyEdge is an API key on a page.
	APIKeyEdge = Edge[*apikey.Key]
	// AuditEventConnection is a page of events.
	AuditEventConnection = Connection[*audit.Event]
	// AuditEventEdge is an event on a page.
	AuditEventEdge = Edge[*audit.Event]
)

// AuditEventID returns an event's global id.
func AuditEventID(e *audit.Event) string { return "AuditEvent:" + strconv.FormatInt(e.ID, 10) }

// APIKeyCursor returns an API key's place as a cursor.
func APIKeyCursor(k *apikey.Key) string {
	c := k.Cursor()
	return encode(keyCursor, strconv.FormatInt(c.CreatedAt.UnixMicro(), 10), c.ID)
}

// ParseAPIKeyCursor returns the place that a cursor points at, nil for no cursor.
func ParseAPIKeyCursor(argument string, cursor *string) (*apikey.Cursor, error) {
	at, id, err := parseTimed(keyCursor, argument, cursor)
	if err != nil || cursor == nil {
		return nil, err
	}
	if _, ok := apikey.ParseGlobalID((&apikey.Key{ID: id}).GlobalID()); !ok {
		return nil, badCursor(argument)
	}
	return &apikey.Cursor{CreatedAt: at, ID: id}, nil
}

// AuditEventCursor returns an event's place as a cursor.
func AuditEventCursor(e *audit.Event) string {
	c := e.Cursor()
	return encode(auditCursor, strconv.FormatInt(c.At.UnixMicro(), 10), strconv.FormatInt(c.ID, 10))
}

// ParseAuditEventCursor returns the place that a cursor points at, nil for no
// cursor.
func ParseAuditEventCursor(argument string, cursor *string) (*audit.Cursor, error) {
	at, text, err := parseTimed(auditCursor, argument, cursor)
	if err != nil || cursor == nil {
		return nil, err
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, badCursor(argument)
	}
	return &audit.Cursor{At: at, ID: id}, nil
}
