// Package settings reads what the program is told: by flags, by environment
// variables, by a file, in that order of precedence, and by defaults. It keeps
// where each value came from, and says what was meant by a name it does not know.
package settings

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Settings say what is served, where, and on what it rests.
type Settings struct {
	Config      string `env:"BAROGRAPH_CONFIG" type:"path" placeholder:"FILE" help:"A YAML file of settings, by the names of these flags."`
	Listen      string `default:"127.0.0.1:8080" env:"BAROGRAPH_LISTEN" placeholder:"HOST:PORT" help:"Address to serve on. Where only PORT is set, every address of the machine, at that port."`
	Playground  string `default:"auto" enum:"auto,on,off" env:"BAROGRAPH_PLAYGROUND" help:"Whether the playground is at /: ${enum}. auto is on for development: where only this machine is served, and nobody asked for credentials."`
	AdminListen string `default:"${admin_listen}" env:"BAROGRAPH_ADMIN_LISTEN" placeholder:"HOST:PORT" help:"Address to serve metrics, profiles and build information on, or none. The default gives way where it is in use."`
	DataDir     string `default:"${data_dir}" env:"BAROGRAPH_DATA_DIR" type:"path" placeholder:"DIR" help:"Where the private PostgreSQL keeps its files, and the keyset is made."`
	DatabaseURL string `name:"database-url" env:"DATABASE_URL" placeholder:"URL" secret:"" help:"PostgreSQL to use. Without it, a private one is started."`
	ReplicaURL  string `name:"database-replica-url" env:"DATABASE_REPLICA_URL" placeholder:"URL" secret:"" help:"A read replica of that PostgreSQL, to count on: totals, statistics and time series. While it is away, they fail."`
	RedisURL    string `name:"redis-url" env:"REDIS_URL" placeholder:"URL" secret:"" help:"Redis that gateways share fetched weather and rate limits in: redis://, rediss:// or unix://."`
	PostgresBin string `env:"BAROGRAPH_POSTGRES_BIN" type:"path" placeholder:"DIR" help:"Directory of the private PostgreSQL's binaries. Without it, they are looked for, and fetched if there are none."`
	Sealing     `embed:""`
	Workers     `embed:""`
	Audit       `embed:""`
	Weather     `embed:""`
	HTTP        `embed:""`
	TLS         `embed:""`
	WebSocket   `embed:""`
	Ingest      `embed:""`
	Rates       `embed:""`
	Steps       `embed:""`
	GraphQL     `embed:""`
	LogLevel    string `default:"info" enum:"debug,info,warn,error" env:"BAROGRAPH_LOG_LEVEL" help:"The least level that is logged: ${enum}."`
	LogFormat   string `default:"auto" enum:"auto,text,json" env:"BAROGRAPH_LOG_FORMAT" help:"How: ${enum}. auto is text on a terminal."`

	Authentication `embed:""`

	origins map[string]string // by flag: where its value came from, unless a flag or the default gave it
}

// Validate returns why the settings cannot all be in force. kong asks once it has
// read them.
func (s *Settings) Validate() error {
	if s.ReplicaURL != "" && s.DatabaseURL == "" {
		return errors.New("--database-replica-url needs --database-url: a private PostgreSQL has no replica")
	}
	if s.ClientPrincipals != "" && s.ClientCA == "" {
		return errors.New("--client-principals needs --client-ca: somebody has to vouch for clients")
	}
	if s.ClientPrincipals != "" && slices.Contains(s.CORSOrigins, "*") {
		return errors.New("--cors-origins must not be * with --client-principals: browsers show certificates unasked, and any page could act as its visitor over a WebSocket")
	}
	return cmp.Or(s.Authentication.validate(), s.Sealing.validate(), s.Workers.validate(), s.Audit.validate(), s.HTTP.validate(), s.TLS.validate(),
		s.WebSocket.validate(), s.Ingest.validate(), s.Rates.validate(), s.GraphQL.validate())
}

// BeforeResolve makes kong look where it does not look by itself: into the
// files that variables name, into PORT, and into the settings file.
func (s *Settings) BeforeResolve(ctx *kong.Context) error {
	s.origins = map[string]string{}
	file := file{}
	if path := configPath(ctx); path != "" {
		var err error
		if file, err = readFile(path, ctx.Model); err != nil {
			return err
		}
	}
	ctx.AddResolver(resolver{s, file})
	return nil
}

// configPath returns the settings file that a flag or a variable names.
func configPath(ctx *kong.Context) string {
	for _, flag := range ctx.Model.Flags {
		if flag.Name == configName {
			path, _ := ctx.FlagValue(flag).(string)
			return path
		}
	}
	return ""
}

const configName = "config"

// A resolver finds a value for a flag that is not on the command line.
type resolver struct {
	settings *Settings
	file     file
}

// Validate finds no fault: the file has been checked as it was read.
func (resolver) Validate(*kong.Application) error { return nil }

// Resolve returns the value of a flag, or nil where a variable or the default
// has given it one already. kong would let a file win over a variable.
func (r resolver) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		_, given := os.LookupEnv(name)
		content, named, err := fromNamedFile(flag, name, ctx.Model)
		switch {
		case err != nil:
			return nil, err
		case given && named:
			return nil, fmt.Errorf("%s and %s are both set: keep one", name, name+fileSuffix)
		case given:
			r.settings.origins[flag.Name] = "environment " + name
			return nil, nil
		case named:
			r.settings.origins[flag.Name] = "environment " + name + fileSuffix
			return content, nil
		}
	}
	if port, given := os.LookupEnv("PORT"); given && flag.Name == "listen" {
		r.settings.origins[flag.Name] = "environment PORT"
		return ":" + port, nil
	}
	if value, given := r.file.values[flag.Name]; given {
		r.settings.origins[flag.Name] = "file " + r.file.path
		return value, nil
	}
	return nil, nil
}

// fileSuffix makes the name of a variable that names a file with the value:
// secrets are often mounted as files.
const fileSuffix = "_FILE"

// fromNamedFile returns the content of the file that NAME_FILE names, and
// whether it names one for the flag.
func fromNamedFile(flag *kong.Flag, name string, model *kong.Application) (content string, named bool, err error) {
	path, named := os.LookupEnv(name + fileSuffix)
	if !named || !hasFile(flag, model) {
		return "", false, nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator named it
	if err != nil {
		return "", true, fmt.Errorf("%s: %w", name+fileSuffix, err)
	}
	return strings.TrimRight(string(text), "\r\n"), true, nil
}

func isSecret(flag *kong.Flag) bool { return flag.Tag.Has("secret") }

// hasFile reports whether a file may have a flag's value, by a variable with the
// suffix: that of a secret, unless the variable is another flag's own.
func hasFile(flag *kong.Flag, model *kong.Application) bool {
	return isSecret(flag) && !slices.ContainsFunc(model.Flags, func(other *kong.Flag) bool {
		return slices.ContainsFunc(flag.Envs, func(name string) bool { return slices.Contains(other.Envs, name+fileSuffix) })
	})
}

// IgnoreEmpty makes empty variables count as unset, as they are where a
// deployment leaves a value open. It changes the process's environment.
func IgnoreEmpty(environment []string) error {
	for _, variable := range environment {
		if name, value, _ := strings.Cut(variable, "="); value == "" && isOurs(name) {
			if err := os.Unsetenv(name); err != nil {
				return fmt.Errorf("unset empty %s: %w", name, err)
			}
		}
	}
	return nil
}

func isOurs(name string) bool {
	return strings.HasPrefix(name, "BAROGRAPH_") || strings.HasPrefix(name, "DATABASE_") || strings.HasPrefix(name, "REDIS_") || name == "PORT"
}
