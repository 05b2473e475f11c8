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
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"barograph/bench/internal/database"
	"barograph/internal/postgres/private"
)

func main() {
	private.Child()
	payloads := flag.Int("payloads", 50_000, "payloads for each figure")
	dir := flag.String("dir", os.TempDir(), "where to keep them meanwhile: a disk, not memory")
	url := flag.String("database-url", "", "an empty database to use instead of a PostgreSQL of its own")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *payloads, *dir, *url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run measures in the database at a URL, or in one that it makes and removes.
func run(ctx context.Context, payloads int, dir, url string) (err error) {
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	pools, end, err := database.Open(ctx, url, dir, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	n, err := newNode(ctx, pools, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.stop()) }()
	b := &bench{node: n, ctx: ctx, payloads: payloads}
	return b.run() //nolint:contextcheck // it has the context
}
