// Barograph is a GraphQL gateway: it fetches the weather of any number of
// cities in one call, takes in payloads and processes each exactly once, and
// serves the records with the weather of their city attached.
package main

//go:generate go run ./graph/generate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/lmittmann/tint"
	"golang.org/x/sync/errgroup"

	"barograph/auth/apikey"
	"barograph/gazetteer"
	"barograph/graph"
	"barograph/graph/access"
	"barograph/graph/transport"
	"barograph/internal/admin"
	"barograph/internal/audit"
	"barograph/internal/edge"
	"barograph/internal/postgres"
	"barograph/internal/postgres/private"
	"barograph/internal/settings"
	"barograph/internal/telemetry"
	"barograph/loaders"
	"barograph/pipeline"
	"barograph/records"
	"barograph/resolvers"
	"barograph/weather"
	"barograph/weather/enrichment"
	"barograph/weather/shared"
	"barograph/web"
)

func main() {
	private.Child()
	cli := &commandLine{}
	parser, err := newParser(cli)
	if err != nil {
		panic(err) // the grammar is wrong
	}
	parser.FatalIfErrorf(settings.IgnoreEmpty(os.Environ()))
	command, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	command.FatalIfErrorf(command.Run(environment{
		ctx: untilSignal(), settings: &cli.Settings, out: os.Stdout, notes: os.Stderr, logger: newLogger(&cli.Settings),
	}))
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
func run(ctx context.Context, s settings.Settings, out io.Writer, logger *slog.Logger) (err error) {
	var network net.ListenConfig
	listener, err := network.Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // closed by the server before, when that has run
	who, err := newIdentity(s.Authentication, listener.Addr(), logger)
	if err != nil {
		return err
	}
	allowed, err := newAllowances(ctx, s, !who.development, logger)
	if err != nil {
		return err
	}
	defer allowed.close()
	listener = allowed.crowd.Listen(listener)
	serves, err := graphConfig(s, who, logger)
	if err != nil {
		return err
	}
	encrypted, err := newEncryption(ctx, s, listener.Addr(), logger)
	if err != nil {
		return err
	}
	who.trust(encrypted)
	operators, err := listenForOperators(ctx, s, logger)
	if err != nil {
		return err
	}
	defer operators.close()
	observing, err := telemetry.Start(ctx, logger)
	if err != nil {
		return err
	}
	defer observing.Shutdown(ctx)

	var (
		starting errgroup.Group
		cities   *gazetteer.Gazetteer
		base     *database
		sources  providers
		common   *shared.Cache
	)
	starting.Go(func() (err error) { cities, err = gazetteer.Open(); return err })
	starting.Go(func() (err error) {
		if base, err = openDatabase(ctx, s, logger); err != nil {
			return err
		}
		return postgres.Migrate(ctx, base.pools.API, logger)
	})
	starting.Go(func() (err error) {
		if sources, err = chooseProviders(ctx, s, logger); err != nil {
			return err
		}
		common, err = openShared(ctx, s, sources, logger)
		return err
	})
	err = starting.Wait()
	defer func() {
		common.Close()
		err = errors.Join(err, sources.close(ctx), base.close(ctx))
	}()
	if err != nil {
		return err
	}

	reports := weather.NewService(time.Now, logger, sources.asked()...)
	defer reports.Close()
	if common != nil {
		reports.Share(common)
	}
	vault, err := openVault(ctx, s, base, logger)
	if err != nil {
		return err
	}
	kept := &records.Base{Pools: base.pools, Sealer: vault.Keys(), Logger: logger}
	pipelines, store := pipeline.NewStore(base.pools, logger), records.NewStore(kept)
	catalog, err := newCatalog(s, pipelines, enrichment.Source{Gazetteer: cities, Reports: reports}, logger)
	if err != nil {
		return err
	}
	processing := newProcessing(s, kept, catalog, cities, logger)
	feed := records.NewFeed(kept)
	if err := feed.Rebase(ctx); err != nil {
		return err
	}
	indexer, sweeper, tally := records.NewIndexer(kept, pipelines, time.Now), records.NewSweeper(kept, pipelines, time.Now), records.NewTally(kept)
	keys := apikey.NewStore(base.pools, time.Now, rand.Reader, logger)
	events := audit.NewSweeper(base.pools, logger, time.Now, s.AuditRetention())
	serves.Resolvers = &resolvers.Root{
		Gazetteer: cities, Weather: reports, Pipelines: pipelines, Catalog: catalog, Records: store, Indexer: indexer,
		Intake: processing.intake, Queue: processing.queue, Feed: feed,
		Keys: keys, Audit: audit.NewStore(base.pools, logger), Now: time.Now, Logger: logger,
	}
	serves.Extensions = []graphql.HandlerExtension{loaders.Extension{
		Sources: loaders.Sources{Weather: reports, Pipelines: pipelines, Records: store, Keys: keys},
		Report:  who.inForce(s.UpstreamReport),
		Denied:  access.Denied,
	}}
	serves.Allowance = allowed.principals
	in := who.door(keys)
	serves.WebSocket.Init = in.Init
	if err := errors.Join(base.pools.Observe(), processing.writer.Observe(), vault.Observe(), tally.Observe()); err != nil {
		return err
	}
	playground, explore := http.NotFoundHandler(), "nothing here: --playground=on turns it on"
	if who.inForce(s.Playground) {
		playground, explore = web.Playground(), fmt.Sprintf("%s://%s/", s.Scheme(), listener.Addr())
	}
	described := http.NotFoundHandler()
	if who.inForce(s.Introspection) {
		described = in.Handler(web.Schema(schema), transport.Refuse, nil)
	}
	announce(out, fmt.Sprintf("%s://%s/graphql", s.Scheme(), listener.Addr()), explore, who, encrypted, operators, base, sources)

	var serving errgroup.Group
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWriting()
	processing.run(ctx, writing, &serving)
	serving.Go(func() error { return feed.Run(writing) })
	for _, upkeep := range []func(context.Context) error{who.run, encrypted.run, allowed.run, vault.Run, indexer.Run, sweeper.Run, tally.Run, keys.Run, events.Run} {
		serving.Go(func() error { return upkeep(writing) })
	}
	if operators.listener != nil {
		serving.Go(func() error { return admin.Serve(writing, operators.listener, observing.Metrics(), logger) })
	}
	serving.Go(func() error {
		defer stopWriting() // once nobody is left to write for
		return edge.New(edge.Config{
			GraphQL:    in.Handler(graph.New(serves), transport.Refuse, transport.AsksForWebSocket),
			Playground: playground, Schema: described, Ready: base.pools.Ping, Logger: logger,
			Ingest: newIngest(s, in, processing.intake, pipelines, allowed, logger),
			TLS:    encrypted.config(), Gate: allowed.gate,
			Hosts: s.AllowedHosts, CORS: edge.CORS{Origins: s.CORSOrigins, Credentials: s.RequirePreflight},
		}).Serve(ctx, listener)
	})
	return serving.Wait()
}

// newCatalog returns the pipelines' programs, with the steps that there are.
func newCatalog(s settings.Settings, pipelines *pipeline.Store, forecaster pipeline.Forecaster, logger *slog.Logger) (*pipeline.Catalog, error) {
	hosts, err := pipeline.ParseHosts(s.StepHosts)
	if err != nil {
		return nil, fmt.Errorf("--step-hosts: %w", err)
	}
	compiler := pipeline.NewCompiler(pipeline.Kinds(forecaster, hosts)...)
	compiler.Logger = logger
	return pipeline.NewCatalog(pipelines, compiler), nil
}

// announce says what is served, where, and on what it rests.
func announce(
	out io.Writer, endpoint, explore string, who *identity, encrypted *encryption, operators *operators, base *database, sources providers,
) {
	_, _ = fmt.Fprintf(out, "Barograph is ready.\n  GraphQL   %s\n  Explore   %s\n  Access    %s\n%s  Admin     %s\n  Database  %s\n  Weather   %s\n",
		endpoint, explore, who.description, encrypted.announcement(), operators.description, base.description, sources)
}

func newLogger(s *settings.Settings) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // one of the enum
	terminal := false
	if info, err := os.Stderr.Stat(); err == nil {
		terminal = info.Mode()&os.ModeCharDevice != 0
	}
	if s.LogFormat == "json" || (s.LogFormat == "auto" && !terminal) {
		return slog.New(telemetry.Handler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}), principalOf))
	}
	return slog.New(telemetry.Handler(tint.NewTextHandler(os.Stderr, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: !terminal}), principalOf))
}
