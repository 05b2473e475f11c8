// Command processing measures how payloads are taken in and processed: the whole
// way, with sealed payloads, real definitions and simulated weather, but for
// HTTP and GraphQL. It starts a PostgreSQL of its own on disk and prints each
// figure beside its ratio to inserting row by row in the same database.
//
//	go run ./bench/processing
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"

	"barograph/bench/internal/database"
	"barograph/internal/postgres"
)

func main() {
	payloads := flag.Int("payloads", 50_000, "payloads for each figure")
	database.Main(func(ctx context.Context, pools *postgres.Pools, logger *slog.Logger) (err error) {
		n, err := newNode(ctx, pools, logger)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, n.stop()) }()
		b := &bench{node: n, ctx: ctx, payloads: *payloads}
		return b.run() //nolint:contextcheck // it has the context
	})
}
