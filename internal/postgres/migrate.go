package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"barograph/internal/operation"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A Migration is a step of the schema.
type Migration struct {
	Name      string
	AppliedAt time.Time // zero while it is pending
}

var migrateDatabase = operation.New("migrate the database")

// Migrate brings the schema up to date. Of gateways that start together on one
// database, one does it while the others wait. A schema that is newer than this
// binary knows is left as it is, and served.
func Migrate(ctx context.Context, pool *pgxpool.Pool, logger *slog.Logger) error {
	return migrateDatabase.Run(ctx, logger, func(ctx context.Context) error {
		return migrate(pool, func(provider *goose.Provider) error {
			done, err := provider.Up(ctx)
			if err != nil {
				return Fault(err)
			}
			for _, m := range done {
				logger.InfoContext(ctx, "migrated the database", "migration", m.Source.Path, "elapsed", m.Duration)
			}
			return nil
		})
	})
}

// Revert takes back the newest migration, and with it the data that only it had
// room for. It returns its name, or "" when there is none.
func Revert(ctx context.Context, pool *pgxpool.Pool) (name string, err error) {
	err = migrate(pool, func(provider *goose.Provider) error {
		undone, err := provider.Down(ctx)
		switch {
		case errors.Is(err, goose.ErrNoNextVersion):
			return nil
		case err != nil:
			return fmt.Errorf("revert the newest migration: %w", err)
		}
		name = undone.Source.Path
		return nil
	})
	return name, err
}

// Migrations returns those that this binary knows, in order.
func Migrations(ctx context.Context, pool *pgxpool.Pool) (known []Migration, err error) {
	err = migrate(pool, func(provider *goose.Provider) error {
		statuses, err := provider.Status(ctx)
		if err != nil {
			return fmt.Errorf("read the database's migrations: %w", err)
		}
		for _, s := range statuses {
			known = append(known, Migration{s.Source.Path, s.AppliedAt})
		}
		return nil
	})
	return known, err
}

// migrate calls do with what knows the migrations and the database.
func migrate(pool *pgxpool.Pool, do func(*goose.Provider) error) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	// Whoever waits asks every second, for five minutes; no more often is possible.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close() //nolint:errcheck // the pool stays open
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	return advised(do(provider))
}
