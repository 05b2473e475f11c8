// Command records measures how records are found, counted and forgotten when
// there are millions of them. It starts a PostgreSQL of its own on disk, fills
// it, and prints what each thing took as a table.
//
//	go run ./bench/records -rows 5000000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"barograph/bench/internal/database"
	"barograph/internal/postgres/private"
	"barograph/pipeline"
	"barograph/records"
)

func main() {
	private.Child()
	rows := flag.Int("rows", 1_000_000, "records to make")
	dir := flag.String("dir", os.TempDir(), "where to keep them meanwhile: a disk, not memory, with some 1.5 KB a record")
	url := flag.String("database-url", "", "an empty database to use instead of a PostgreSQL of its own")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rows, *dir, *url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run measures in the database, or in one that it makes and removes.
func run(ctx context.Context, rows int, dir, url string) (err error) {
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	pools, end, err := database.Open(ctx, url, dir, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	base := &records.Base{Pools: pools, Sealer: plain{}, Logger: logger}
	b := &bench{
		ctx: ctx, pools: pools, store: records.NewStore(base), base: base, pipelines: pipeline.NewStore(pools, logger), now: time.Now().UTC(), rows: rows,
	}
	return b.run()
}

// plain leaves what is stored as it is: sealing is measured where payloads are
// taken in.
type plain struct{}

func (plain) Seal(text, _ []byte) ([]byte, error)   { return text, nil }
func (plain) Open(sealed, _ []byte) ([]byte, error) { return sealed, nil }
