// Package audit keeps who changed what, in Postgres: of pipelines, API keys and
// replays. Whoever makes a change writes it down in the same transaction, so that
// there is an event for every change that came about, and none for one that did
// not. What has been written stays as it is. What a change is about, and who may
// see it, is left to those who ask.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/requestid"
)

// An Action is something that is written down.
type Action string

// The actions.
const (
	CreatePipeline     Action = "CREATE_PIPELINE"
	UpdatePipeline     Action = "UPDATE_PIPELINE"
	ActivatePipeline   Action = "ACTIVATE_PIPELINE"
	DeactivatePipeline Action = "DEACTIVATE_PIPELINE"
	ReplayRecords      Action = "REPLAY_RECORDS"
	CreateAPIKey       Action = "CREATE_API_KEY" //nolint:gosec // no credential, but that one is made
	RevokeAPIKey       Action = "REVOKE_API_KEY" //nolint:gosec // likewise
)

// An Actor is who does something.
type Actor struct {
	Name string
	Kind string // how it is known
}

type key struct{}

// By returns a context of what the actor does.
func By(ctx context.Context, a Actor) context.Context { return context.WithValue(ctx, key{}, a) }

// actor returns who does what ctx belongs to: nobody where By has not said so.
func actor(ctx context.Context) Actor {
	if a, ok := ctx.Value(key{}).(Actor); ok {
		return a
	}
	return Actor{"nobody", "nobody"}
}

// A Target is what a change is made to.
type Target struct {
	Kind string // as the schema names its type
	Name string
}

// A Change is what is to be written down.
type Change struct {
	Action   Action
	Target   Target
	Pipeline string   // the one that it is a change of; empty for none
	Reach    []string // the pipelines that it bears on, as patterns; nil for all
	Details  any      // what changed, as JSON has it: never a payload, nor a secret
}

// ToPipeline returns a change of one pipeline.
func ToPipeline(action Action, name string, details any) Change {
	return Change{action, Target{"Pipeline", name}, name, []string{name}, details}
}

// Write writes changes down that the transaction makes. Who makes them, and by
// which request, the context says.
func Write(ctx context.Context, tx pgx.Tx, changes ...Change) error {
	const insert = `
		insert into audit_events (actor, actor_kind, request_id, action, target_kind, target, pipeline, reach, details)
		values ($1, $2, nullif($3, ''), $4, $5, $6, nullif($7, ''), $8, $9)`
	by, request := actor(ctx), requestid.From(ctx)
	batch := &pgx.Batch{}
	for _, c := range changes {
		details, err := json.Marshal(c.Details)
		if err != nil {
			return fmt.Errorf("write down %s: %w", c.Action, err)
		}
		batch.Queue(insert, by.Name, by.Kind, request, c.Action, c.Target.Kind, c.Target.Name, c.Pipeline, c.Reach, string(details))
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("write down what changed: %w", err)
	}
	return nil
}

// An Event is a change that came about.
type Event struct {
	ID        int64
	At        time.Time
	Actor     string
	ActorKind string
	RequestID *string // nil where no request brought it about
	Action    Action
	Target    string
	TargetOf  string // its kind
	Pipeline  *string
	Details   json.RawMessage
}

// A Cursor is an event's place among all events.
type Cursor struct {
	At time.Time
	ID int64
}

// Cursor returns the event's place.
func (e *Event) Cursor() Cursor { return Cursor{e.At, e.ID} }
