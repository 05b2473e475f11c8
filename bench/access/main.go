// Command access measures what it costs to know who asks and to limit how much:
// requests a second to a gateway that does neither, to one that takes API keys, and to
// some that limit as well, in process or in a Redis, by turns in one run. It builds the
// program, and starts it and a redis-server.
//
//	go run ./bench/access
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 9, "how often each gateway is asked, by turns")
	length := flag.Duration("length", 2*time.Second, "of a round")
	callers := flag.Int("callers", 16, "connections that ask at a time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rounds, *length, *callers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// variants are the gateways that are compared, the first with each of the others.
var variants = []struct {
	name  string
	keyed bool // asked with an API key
	flags []string
}{
	{"everybody, no limits", false, nil},
	{"API key, no limits", true, []string{"--require-authentication", "--rate-limit=off", "--address-rate=off"}},
	{"API key, limits in process", true, append([]string{"--require-authentication"}, limits...)},
	{"API key, limits in Redis", true, append([]string{"--require-authentication", "--redis-url={redis}"}, limits...)},
	{"API key, limits in process, no extensions.cost", true, append([]string{"--require-authentication", "--cost-report=off"}, limits...)},
	{"everybody, limits in process", false, limits},
}

// limits are so high that nobody meets them.
var limits = []string{"--rate-limit=100000000", "--rate-burst=1000000000", "--address-rate=100000000", "--address-burst=1000000000"}

func run(ctx context.Context, rounds int, length time.Duration, callers int) (err error) {
	dir, err := os.MkdirTemp("", "barograph-bench-")
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // root's PostgreSQL runs as somebody else
		return err
	}
	s := &stage{ctx: ctx, dir: dir}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.open(); err != nil {
		return err
	}
	for _, query := range queries() {
		rates := make([][]float64, len(variants))
		for round := range rounds + 1 {
			for i := range variants {
				rate, err := load(ctx, s.gateways[i], query.body, callers, length)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", variants[i].name, query.name, err)
				}
				if round > 0 { // the first one warms up
					rates[i] = append(rates[i], rate)
				}
			}
		}
		fmt.Printf("| %s | requests/s | ratio |\n|---|---|---|\n", query.name)
		for i, v := range variants {
			ratios := make([]float64, rounds)
			for n := range ratios {
				ratios[n] = rates[i][n] / rates[0][n]
			}
			fmt.Printf("| %s | %.0f | %.2f (%.2f to %.2f) |\n", v.name, median(rates[i]), median(ratios), slices.Min(ratios), slices.Max(ratios))
		}
		fmt.Println()
	}
	return nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
