// Command records measures how records are found, counted and forgotten when
// there are millions of them. It starts a PostgreSQL of its own on disk, fills
// it, and prints what each thing took as a table.
//
//	go run ./bench/records -rows 5000000
package main

import (
	"context"
	"flag"
	"log/slog"
	"time"

	"barograph/bench/internal/database"
	"barograph/internal/postgres"
	"barograph/pipeline"
	"barograph/records"
)

func main() {
	rows := flag.Int("rows", 1_000_000, "records to make")
	database.Main(func(ctx context.Context, pools *postgres.Pools, logger *slog.Logger) error {
		base := &records.Base{Pools: pools, Sealer: plain{}, Logger: logger}
		b := &bench{
			ctx: ctx, pools: pools, store: records.NewStore(base), base: base, pipelines: pipeline.NewStore(pools, logger), now: time.Now().UTC(), rows: *rows,
		}
		return b.run()
	})
}

// plain leaves what is stored as it is: sealing is measured where payloads are
// taken in.
type plain struct{}

func (plain) Seal(text, _ []byte) ([]byte, error)   { return text, nil }
func (plain) Open(sealed, _ []byte) ([]byte, error) { return sealed, nil }
