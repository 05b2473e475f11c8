// Package database gives measurements a migrated PostgreSQL that waits for its
// disk, as one does that keeps its promises.
package database

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"

	"barograph/internal/postgres"
	"barograph/internal/postgres/private"
)

// A Measurement uses an empty database, and tells what it found.
type Measurement func(ctx context.Context, pools *postgres.Pools, logger *slog.Logger) error

// Main runs a measurement from the command line, whose flags it adds and reads,
// and ends the process when that fails.
func Main(measure Measurement) {
	private.Child()
	dir := flag.String("dir", os.TempDir(), "where to keep records meanwhile: a disk, not memory, with some 1.3 KB for each and 0.5 GB for the log")
	url := flag.String("database-url", "", "an empty database to use instead of a PostgreSQL of its own")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *url, *dir, measure); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url, dir string, measure Measurement) (err error) {
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	pools, end, err := open(ctx, url, dir, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	return measure(ctx, pools, logger)
}

// open returns pools on an empty database at a URL or, without one, on a server
// that it starts in a new folder of dir and says so. Its caller calls end, which
// removes that server with its files.
func open(ctx context.Context, url, dir string, logger *slog.Logger) (pools *postgres.Pools, end func() error, err error) {
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
