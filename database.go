package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"barograph/internal/postgres"
	"barograph/internal/postgres/private"
	"barograph/internal/settings"
)

// stopTimeout is how long what was started here may take to stop.
const stopTimeout = 25 * time.Second

// A database is what records are kept in.
type database struct {
	pools       *postgres.Pools
	server      *private.Server // nil when the database was given
	description string
}

// openDatabase opens the given database, or a private one, whatever its schema.
func openDatabase(ctx context.Context, s settings.Settings, logger *slog.Logger) (_ *database, err error) {
	d, url := &database{}, s.DatabaseURL
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close(ctx))
		}
	}()
	if url == "" {
		if d.server, err = private.Start(ctx, private.Config{Dir: s.DataDir, BinDir: s.PostgresBin, Logger: logger}); err != nil {
			return nil, err
		}
		url = d.server.URL("postgres")
		d.description = fmt.Sprintf("its own PostgreSQL %s (%s), in %s", d.server.Version(), d.server.Source(), s.DataDir)
	} else {
		d.description = "the given PostgreSQL, " + postgres.Describe(url)
		if s.ReplicaURL != "" {
			d.description += ", and its replica, " + postgres.Describe(s.ReplicaURL)
		}
	}
	if d.pools, err = postgres.OpenWithReplica(ctx, url, s.ReplicaURL); err != nil {
		return nil, err
	}
	return d, nil
}

// joinDatabase opens the database as openDatabase does, or, where another gateway
// runs the private one, that gateway's.
func joinDatabase(ctx context.Context, s settings.Settings, logger *slog.Logger) (*database, error) {
	d, err := openDatabase(ctx, s, logger)
	if !errors.Is(err, private.ErrInUse) {
		return d, err
	}
	url, joining := private.Running(s.DataDir, "postgres")
	if joining != nil {
		return nil, errors.Join(err, joining)
	}
	s.DatabaseURL = url
	return openDatabase(ctx, s, logger)
}

func (d *database) close(ctx context.Context) error {
	if d == nil {
		return nil
	}
	if d.pools != nil {
		d.pools.Close()
	}
	if d.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return d.server.Stop(ctx)
}
