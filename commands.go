package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"barograph/internal/completion"
	"barograph/internal/postgres"
	"barograph/internal/settings"
	"barograph/weather/metno"
	"barograph/weather/openmeteo"
)

// commandLine is what the program understands.
type commandLine struct {
	settings.Settings `group:"Settings"`

	Serve       serveCommand       `cmd:"" default:"1" help:"Serve GraphQL. The default."`
	Migrate     migrateCommand     `cmd:"" help:"Change the database's schema."`
	Keyset      keysetCommand      `cmd:"" help:"Manage the keyset that records are sealed with."`
	Keys        keysCommand        `cmd:"" help:"Manage API keys."`
	Schema      schemaCommand      `cmd:"" help:"Print the GraphQL schema."`
	ShowConfig  configCommand      `cmd:"" name:"config" help:"Show the settings in force, and check settings files."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running gateway whether it is ready."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
	Completion  completionCommand  `cmd:"" help:"Print a script that completes commands and flags in a shell."`
}

// newParser returns what reads a command line, with what the environment and
// the settings file say, into cli.
func newParser(cli *commandLine) (*kong.Kong, error) {
	return kong.New(cli, kong.Name("barograph"), kong.ShortUsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Description("A GraphQL gateway for the weather and for payloads that are processed exactly once."),
		kong.Vars{
			"data_dir": dataDir(), "admin_listen": defaultAdminListen, "open_meteo": openmeteo.DefaultURL,
			"open_meteo_air": openmeteo.DefaultAirURL, "met_norway": metno.DefaultURL,
		}, graphDefaults(), rateDefaults())
}

// An environment is what commands run in.
type environment struct {
	ctx      context.Context //nolint:containedctx // of the one command that runs
	settings *settings.Settings
	out      io.Writer
	notes    io.Writer // for people, where programs read the other
	logger   *slog.Logger
}

type serveCommand struct{}

// Run serves until a signal.
func (serveCommand) Run(e environment) error { return run(e.ctx, *e.settings, e.out, e.logger) }

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Bring the schema up to date, as serve does when it starts."`
	Down   migrateDown   `cmd:"" help:"Take back the newest migration, with the data in what it made."`
	Status migrateStatus `cmd:"" help:"List the migrations and when they were applied."`
}

type migrateUp struct{}

// Run applies what is pending.
func (migrateUp) Run(e environment) error {
	return e.withDatabase(func(d *database) error {
		if err := postgres.Migrate(e.ctx, d.pools.API, e.logger); err != nil {
			return err
		}
		return migrateStatus{}.print(e, d)
	})
}

type migrateDown struct {
	Yes bool `help:"Do it, although data is lost."`
}

// Run takes back the newest migration.
func (c migrateDown) Run(e environment) error {
	if !c.Yes {
		return errors.New("the data in what the newest migration made would be lost: say --yes to do it")
	}
	return e.withDatabase(func(d *database) error {
		name, err := postgres.Revert(e.ctx, d.pools.API)
		if err != nil {
			return err
		}
		if name == "" {
			return errors.New("no migration has been applied")
		}
		_, err = fmt.Fprintln(e.out, "reverted", name)
		return err
	})
}

type migrateStatus struct{}

// Run lists the migrations.
func (c migrateStatus) Run(e environment) error {
	return e.withDatabase(func(d *database) error { return c.print(e, d) })
}

func (migrateStatus) print(e environment, d *database) error {
	known, err := postgres.Migrations(e.ctx, d.pools.API)
	if err != nil {
		return err
	}
	for _, m := range known {
		applied := "pending"
		if !m.AppliedAt.IsZero() {
			applied = "applied " + m.AppliedAt.UTC().Format(time.RFC3339)
		}
		if _, err := fmt.Fprintf(e.out, "%s  %s\n", m.Name, applied); err != nil {
			return err
		}
	}
	return nil
}

// withDatabase opens the database for a command, as it is.
func (e environment) withDatabase(do func(*database) error) error {
	d, err := openDatabase(e.ctx, *e.settings, e.logger)
	if err != nil {
		return err
	}
	return errors.Join(do(d), d.close(e.ctx))
}

type schemaCommand struct{}

// Run prints the schema.
func (schemaCommand) Run(e environment) error {
	_, err := io.WriteString(e.out, schema)
	return err
}

type configCommand struct {
	Show  configShow  `cmd:"" default:"1" help:"Show the settings in force and where each comes from. The default."`
	Check configCheck `cmd:"" help:"Check a settings file."`
}

type configShow struct{}

// Run shows the settings in force.
func (configShow) Run(e environment, ctx *kong.Context) error {
	table := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, s := range e.settings.Effective(ctx) {
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\n", s.Name, s.Value, s.Source); err != nil {
			return err
		}
	}
	return table.Flush()
}

type configCheck struct {
	File string `arg:"" type:"path" help:"The file."`
}

// Run checks a settings file.
func (c configCheck) Run(e environment, ctx *kong.Context) error {
	if err := settings.CheckFile(c.File, ctx.Model); err != nil {
		return err
	}
	_, err := fmt.Fprintf(e.out, "%s is fine\n", c.File)
	return err
}

type versionCommand struct{}

// Run prints what was built from what.
func (versionCommand) Run(e environment) error {
	info, _ := debug.ReadBuildInfo()
	version, revision := "(devel)", ""
	if info.Main.Version != "" {
		version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = " " + s.Value
		}
	}
	_, err := fmt.Fprintf(e.out, "barograph %s%s %s\n", version, revision, info.GoVersion)
	return err
}

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: ${enum}."`
}

// Run prints the script.
func (c completionCommand) Run(e environment, ctx *kong.Context) error {
	return completion.Write(e.out, c.Shell, ctx.Model)
}
