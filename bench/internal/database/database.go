// Package database gives measurements a migrated PostgreSQL that waits for its
// disk, as one does that keeps its promises.
package database

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"barograph/internal/postgres"
	"barograph/internal/postgres/private"
)

// Open returns pools on an empty database at a URL or, without one, on a server
// that it starts in a new folder of dir and says so. Its caller calls end, which
// removes that server with its files.
func Open(ctx context.Context, url, dir string, logger *slog.Logger) (pools *postgres.Pools, end func() error, err error) {
	stop := func() error { return nil }
	if url == "" {
		if url, stop, err = start(ctx, dir, logger); err != nil {
			return nil, nil, err
		}
	}
	if pools, err = postgres.Open(ctx, url); err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	if err = postgres.Migrate(ctx, pools.API, logger); err != nil {
		pools.Close()
		return nil, nil, errors.Join(err, stop())
	}
	return pools, func() error { pools.Close(); return stop() }, nil
}

func start(ctx context.Context, dir string, logger *slog.Logger) (url string, end func() error, err error) {
	home, err := os.MkdirTemp(dir, "barograph-bench-")
	if err != nil {
		return "", nil, err
	}
	if err := os.Chmod(home, 0o755); err != nil { //nolint:gosec // root's server runs as somebody else
		return "", nil, errors.Join(err, os.RemoveAll(home))
	}
	server, err := private.Start(ctx, private.Config{Dir: filepath.Join(home, "data"), Logger: logger})
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(home))
	}
	fmt.Printf("PostgreSQL %s, as Barograph starts it\n\n", server.Version())
	return server.URL("postgres"), func() error {
		return errors.Join(server.Stop(context.WithoutCancel(ctx)), os.RemoveAll(home))
	}, nil
}
