// Barograph is a GraphQL gateway: it fetches the weather of any number of
// cities in one call, takes in payloads and processes each exactly once, and
// serves the records with the weather of their city attached.
package main

//go:generate go tool gqlgen generate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/alecthomas/kong"
	"github.com/lmittmann/tint"
	"golang.org/x/sync/errgroup"

	"barograph/gazetteer"
	"barograph/graph"
	"barograph/internal/edge"
	"barograph/internal/postgres/private"
	"barograph/loaders"
	"barograph/pipeline"
	"barograph/records"
	"barograph/resolvers"
	"barograph/weather"
	"barograph/weather/openmeteo"
)

// commandLine is what the program understands.
type commandLine struct {
	Serve settings `cmd:"" default:"withargs" help:"Serve GraphQL. The default."`
}

// settings say what is served, where, and on what it rests.
type settings struct {
	Listen       string `default:"127.0.0.1:8080" env:"BAROGRAPH_LISTEN" help:"Address to serve on."`
	DataDir      string `default:"${data_dir}" env:"BAROGRAPH_DATA_DIR" type:"path" help:"Where the private PostgreSQL keeps its files."`
	DatabaseURL  string `name:"database-url" env:"DATABASE_URL" help:"PostgreSQL to use. Without it, a private one is started."`
	PostgresBin  string `env:"BAROGRAPH_POSTGRES_BIN" type:"path" help:"Directory of the PostgreSQL binaries to run. Without it, they are looked for, and fetched if there are none."`
	Weather      string `default:"auto" enum:"auto,open-meteo,simulator" env:"BAROGRAPH_WEATHER" help:"Where the weather comes from: open-meteo, simulator, or auto (open-meteo if it answers when the server starts; with a database given, open-meteo)."`
	OpenMeteoURL string `name:"open-meteo-url" default:"${open_meteo}" env:"BAROGRAPH_OPEN_METEO_URL" help:"Base of Open-Meteo's /v1/forecast."`
	LogLevel     string `default:"info" enum:"debug,info,warn,error" env:"BAROGRAPH_LOG_LEVEL" help:"The least level that is logged: ${enum}."`
	LogFormat    string `default:"auto" enum:"auto,text,json" env:"BAROGRAPH_LOG_FORMAT" help:"How: text, json, or auto (text on a terminal)."`
}

func main() {
	private.Child()
	var cli commandLine
	program := kong.Parse(&cli, kong.Name("barograph"), kong.UsageOnError(),
		kong.Description("A GraphQL gateway for the weather and for payloads that are processed exactly once."),
		kong.Vars{"data_dir": dataDir(), "open_meteo": openmeteo.DefaultURL})

	program.FatalIfErrorf(run(untilSignal(), cli.Serve, os.Stdout, newLogger(cli.Serve)))
}

// untilSignal returns a context that a signal to stop ends. A second one ends
// the program at once, and so the PostgreSQL that is its child.
func untilSignal() context.Context {
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		stop()
		<-signals
		os.Exit(exitAborted)
	}()
	return ctx
}

// exitAborted is the exit code of a program that did not end in good order.
const exitAborted = 130

// run serves until ctx is done, and then until the work in flight is. What is
// served is announced on out.
func run(ctx context.Context, s settings, out io.Writer, logger *slog.Logger) (err error) {
	var network net.ListenConfig
	listener, err := network.Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // closed by the server before, when that has run

	var (
		starting errgroup.Group
		cities   *gazetteer.Gazetteer
		base     *database
		source   *provider
	)
	starting.Go(func() (err error) { cities, err = gazetteer.Open(); return err })
	starting.Go(func() (err error) { base, err = openDatabase(ctx, s, logger); return err })
	starting.Go(func() (err error) { source, err = chooseProvider(ctx, s); return err })
	err = starting.Wait()
	defer func() { err = errors.Join(err, source.close(ctx), base.close(ctx)) }()
	if err != nil {
		return err
	}

	feed := records.NewFeed()
	writer := records.NewWriter(base.pools, feed, logger)
	pipelines, store := pipeline.NewStore(base.pools), records.NewStore(base.pools)
	handler := graph.New(graph.Config{
		Resolvers: &resolvers.Root{
			Gazetteer: cities, Pipelines: pipelines, Records: store, Writer: writer, Feed: feed, Now: time.Now, Logger: logger,
		},
		Extensions: []graphql.HandlerExtension{loaders.Extension{Sources: loaders.Sources{
			Weather: weather.NewService(source.client, time.Now, logger), Pipelines: pipelines, Records: store,
		}}},
		Logger: logger,
	})
	announce(out, listener.Addr(), base, source)

	var serving errgroup.Group
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWriting()
	serving.Go(func() error { return writer.Run(writing) })
	serving.Go(func() error {
		defer stopWriting() // once nobody is left to write for
		return edge.New(handler, base.pools.Ping, logger).Serve(ctx, listener)
	})
	return serving.Wait()
}

// announce says what is served, where, and on what it rests.
func announce(out io.Writer, address net.Addr, base *database, source *provider) {
	_, _ = fmt.Fprintf(out, "Barograph is ready.\n  GraphQL   http://%s/graphql\n  Database  %s\n  Weather   %s\n",
		address, base.description, source.description)
}

func newLogger(s settings) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // one of the enum
	terminal := false
	if info, err := os.Stderr.Stat(); err == nil {
		terminal = info.Mode()&os.ModeCharDevice != 0
	}
	if s.LogFormat == "json" || (s.LogFormat == "auto" && !terminal) {
		return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(tint.NewTextHandler(os.Stderr, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: !terminal}))
}
