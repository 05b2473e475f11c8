// Flights sends real records through a pipeline of a running gateway: two thousand
// domestic flights of the United States in 2001, each checked against a schema,
// joined to the city it left from, transformed, and enriched with the weather
// there. It reads them back, checks every answer on the way and the gateway's own
// statistics, prints a short report, and ends with an error if anything at all is
// off. README.md says where the data comes from.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	data        string // directory of the data files
	url         string // of the gateway
	sync        bool   // whether each payload is processed before it is answered
	batch       int    // payloads a call
	concurrency int    // calls under way at a time
	page        int    // records on a page, when they are read back
	patience    time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "", "`directory` of flights-2k.json and airports.csv (required)")
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8080/graphql", "the gateway's `URL`")
	flag.BoolVar(&o.sync, "sync", false, "send each payload through processPayload, in a call of its own")
	flag.IntVar(&o.batch, "batch", 100, "how many payloads a call of submitPayloads takes, at most 1000")
	flag.IntVar(&o.concurrency, "concurrency", 4, "how many calls are under way at a time")
	flag.IntVar(&o.page, "page", 1000, "how many records are read back at a time, at most 1000")
	flag.DurationVar(&o.patience, "patience", time.Minute, "how long nothing may change before giving up")
	flag.Parse()
	if o.data == "" || o.batch < 1 || o.concurrency < 1 || o.page < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "flights:", err)
		os.Exit(1)
	}
}

// manner returns how payloads are sent.
func (o options) manner() manner {
	if o.sync {
		return manner{sendAndProcess, 1, o.concurrency, o.patience}
	}
	return manner{sendForLater, o.batch, o.concurrency, o.patience}
}

// run reads the data, makes the pipeline, submits every flight, waits until all
// are processed, reads the records back, and writes the report once all of it is
// as it should be.
func run(ctx context.Context, o options, out io.Writer) error {
	flights, airports, err := readData(o.data)
	if err != nil {
		return err
	}
	origins, err := originsOf(flights, airports)
	if err != nil {
		return err
	}

	r := report{manner: o.manner()}
	g := newGateway(o.url, o.concurrency)
	defer g.close()
	if r.homes, err = findHomes(ctx, g, origins); err != nil {
		return err
	}
	payloads, err := join(flights, r.homes)
	if err != nil {
		return err
	}
	if r.pipeline, r.became, err = ensurePipeline(ctx, g); err != nil {
		return err
	}
	if r.submission, err = submit(ctx, g, payloads, r.manner); err != nil {
		return err
	}
	if err := await(ctx, g, o.patience); err != nil {
		return err
	}
	r.processing = time.Since(r.submission.began)

	start := time.Now()
	if r.walk, err = readBack(ctx, g, o.page); err != nil {
		return err
	}
	r.reading = time.Since(start)
	if r.departures, err = check(payloads, r.homes, r.walk.all); err != nil {
		return errors.Join(errors.New("the records are not what was submitted"), err)
	}
	if r.stats, err = readStats(ctx, g, r.submission.began); err != nil {
		return err
	}
	if err := checkStats(r.stats, r.departures); err != nil {
		return errors.Join(errors.New("the statistics are not those of the records"), err)
	}
	return r.write(out)
}
