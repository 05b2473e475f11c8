// Flights sends real records through a running gateway and reads them back with
// the weather: two thousand domestic flights of the United States in 2001, each
// submitted on its own and joined to the city it left from. It checks every
// answer on the way, prints a short report, and ends with an error if anything
// at all is off. README.md says where the data comes from.
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
	concurrency int    // payloads under way at a time
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "", "`directory` of flights-2k.json and airports.csv (required)")
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8080/graphql", "the gateway's `URL`")
	flag.IntVar(&o.concurrency, "concurrency", 32, "how many payloads are under way at a time")
	flag.Parse()
	if o.data == "" || o.concurrency < 1 || flag.NArg() > 0 {
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

// run reads the data, submits every flight, reads the records back, and writes
// the report once all of it is as it should be.
func run(ctx context.Context, o options, out io.Writer) error {
	flights, err := readFile(o.data, "flights-2k.json", readFlights)
	if err != nil {
		return err
	}
	airports, err := readFile(o.data, "airports.csv", readAirports)
	if err != nil {
		return err
	}
	origins, err := originsOf(flights, airports)
	if err != nil {
		return err
	}

	g := newGateway(o.url, o.concurrency)
	defer g.close()
	homes, err := findHomes(ctx, g, origins)
	if err != nil {
		return err
	}
	payloads, err := join(flights, homes)
	if err != nil {
		return err
	}
	submitted, err := submit(ctx, g, payloads, o.concurrency)
	if err != nil {
		return err
	}
	start := time.Now()
	records, err := readBack(ctx, g)
	if err != nil {
		return err
	}
	elapsed := time.Since(start)
	checked, err := check(payloads, homes, records.all)
	if err != nil {
		return errors.Join(errors.New("the records are not what was submitted"), err)
	}
	return report{
		homes: homes, submission: submitted, concurrency: o.concurrency,
		walk: records, reading: elapsed, checked: checked,
	}.write(out)
}
