package apikey

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/maypok86/otter/v2"

	"barograph/auth"
	"barograph/internal/audit"
	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/pipeline"
)

// A Store keeps keys in Postgres, and those that are in use at hand, which Run
// keeps up to date. It is safe for concurrent use.
type Store struct {
	pools  *postgres.Pools
	now    func() time.Time
	random io.Reader
	logger *slog.Logger

	known   known
	unknown *otter.Cache[string, struct{}] // ids that no key has
	lookups lookups
}

// NewStore returns a store in the database of the pools. What is secret of keys
// comes from random.
func NewStore(pools *postgres.Pools, now func() time.Time, random io.Reader, logger *slog.Logger) *Store {
	s := &Store{pools: pools, now: now, random: random, logger: logger, known: newKnown(), lookups: newLookups()}
	s.unknown = otter.Must(&otter.Options[string, struct{}]{
		MaximumSize: mostUnknown, ExpiryCalculator: otter.ExpiryWriting[string, struct{}](unknownFor),
	})
	return s
}

var (
	createKey = operation.New("create API key")
	revokeKey = operation.New("revoke API key")
)

// Create makes a key as the draft says, for whoever asks, or returns a
// *pipeline.Refusal or Refusals. Nobody else ever sees the text it returns.
func (s *Store) Create(ctx context.Context, d Draft) (_ *Key, text string, err error) {
	maker := auth.From(ctx)
	if err := d.check(maker, s.now()); err != nil {
		return nil, "", err
	}
	const insert = `
		insert into api_keys as k (id, name, hash, scopes, pipelines, created_by, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7)
		returning ` + columns
	text, id, err := newText(s.random)
	if err != nil {
		return nil, "", err
	}
	hashed := hash(text)
	k, err := s.change(ctx, createKey, func(k *Key) audit.Change {
		return change(audit.CreateAPIKey, k, map[string]any{"name": k.Name, "scopes": k.ScopeNames(), "pipelines": k.Pipelines(), "expiresAt": k.ExpiresAt})
	}, insert, id, d.Name, hashed[:], d.Scopes.Names(), d.Reach.Patterns(), maker.Name, d.ExpiresAt)
	if err != nil {
		return nil, "", err
	}
	return k, text, nil
}

// Revoke makes a key good for nothing, for whoever asks, or returns a
// *pipeline.Refusal when there is none that they reach. One that is revoked
// already stays as it is. Every gateway knows within 10 seconds.
func (s *Store) Revoke(ctx context.Context, id string) (*Key, error) {
	update := `
		update api_keys k set revoked_at = now(), revoked_by = $2
		where k.id = $1 and k.revoked_at is null and ` + within(3) + `
		returning ` + columns
	if !validID(id) {
		return nil, errNotFound
	}
	by := auth.From(ctx)
	k, err := s.change(ctx, revokeKey, func(k *Key) audit.Change {
		return change(audit.RevokeAPIKey, k, map[string]any{"name": k.Name})
	}, update, id, by.Name, by.Reach.Like())
	if err != nil {
		return nil, err
	}
	if k != nil {
		s.known.end(id)
		return k, nil
	}
	found, err := s.Find(ctx, by.Reach, []string{id})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, errNotFound
	}
	return found[0], nil
}

var errNotFound = pipeline.Refuse(NotFound, "there is no such API key").At("input", "id")

func change(action audit.Action, k *Key, details any) audit.Change {
	return audit.Change{Action: action, Target: audit.Target{Kind: "ApiKey", Name: k.ID}, Reach: k.Pipelines(), Details: details}
}

// change runs an operation that is one statement, which changes a key, and writes
// it down. It returns the row, or nil if there is none.
func (s *Store) change(
	ctx context.Context, o *operation.Operation, describe func(*Key) audit.Change, statement string, args ...any,
) (*Key, error) {
	return operation.Value(ctx, o, s.logger, func(ctx context.Context) (made *Key, err error) {
		err = pgx.BeginFunc(ctx, s.pools.API, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, statement, args...)
			if err != nil {
				return err
			}
			found, err := pgx.CollectRows(rows, scan)
			if err != nil || len(found) == 0 {
				return err
			}
			made = found[0]
			return audit.Write(ctx, tx, describe(made))
		})
		if err != nil {
			return nil, postgres.Fault(err)
		}
		return made, nil
	})
}
