//go:build linux || darwin

package private

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// oldest is the oldest major version that new database files are made with.
const oldest = 14

// An install is one set of server binaries that runs on this machine.
type install struct {
	bin     string
	version string // "15.18"
	major   int
	source  string
}

// A ladder is the places binaries may come from, best first.
type ladder struct {
	cfg     Config
	home    *home
	account account
	major   int // the only one that will do; 0: the newest found
	log     *slog.Logger
}

// find returns the first binaries on the ladder that fit. The error lists every
// place that had some, and why they would not do.
func (l ladder) find(ctx context.Context) (install, error) {
	in, err := l.climb(ctx)
	if ctx.Err() != nil {
		// Binaries that were interrupted only look as if they did not run.
		return install{}, fmt.Errorf("find a PostgreSQL server: %w", ctx.Err())
	}
	return in, err
}

func (l ladder) climb(ctx context.Context) (install, error) {
	if l.cfg.BinDir != "" {
		in, err := l.try(ctx, l.cfg.BinDir, "configured")
		if err != nil {
			return install{}, fmt.Errorf("%w: the configured directory of binaries will not do, and no other is tried: %w", ErrNoServer, err)
		}
		return in, nil
	}
	var failures []error
	if !l.cfg.FetchOnly {
		in, found, errs := l.installed(ctx)
		if found {
			return in, nil
		}
		failures = errs
	}
	in, err := l.fetched(ctx)
	if err == nil {
		return in, nil
	}
	failures = append(failures, fmt.Errorf("fetch one: %w", err))
	return install{}, fmt.Errorf("%w: %s: %w", ErrNoServer, l.remedy(), errors.Join(failures...))
}

// remedy says what an operator without a server can do.
func (l ladder) remedy() string {
	want := fmt.Sprintf("PostgreSQL %d or newer", oldest)
	if l.major != 0 {
		want = fmt.Sprintf("PostgreSQL %d, which wrote the database in %s (it is left as it is)", l.major, l.home.data)
	}
	return want + " is needed: install it (Debian and Ubuntu: apt install postgresql; Alpine: apk add postgresql; " +
		"macOS: brew install postgresql), configure the directory of its binaries, put its archive into " + l.cache() +
		", or use a server elsewhere by its URL"
}

// installed returns the newest fitting binaries that the machine has: in the usual
// places first, then on the PATH.
func (l ladder) installed(ctx context.Context) (_ install, found bool, failures []error) {
	seen := make(map[string]bool)
	best := func(source string, dirs []string) (best install) {
		for _, dir := range dirs {
			// A package manager's links lead to one directory by several ways.
			binary, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
			if err != nil || seen[filepath.Dir(binary)] {
				continue
			}
			dir = filepath.Dir(binary)
			seen[dir] = true
			in, err := l.try(ctx, dir, source)
			if err != nil {
				failures = append(failures, err)
			} else if in.major > best.major {
				best = in
			}
		}
		return best
	}
	var dirs []string
	for _, pattern := range places() {
		matches, _ := filepath.Glob(pattern) // the patterns are ours and well-formed
		dirs = append(dirs, matches...)
	}
	if in := best("installed", dirs); in.bin != "" {
		return in, true, nil
	}
	path := slices.DeleteFunc(filepath.SplitList(os.Getenv("PATH")), func(dir string) bool { return !filepath.IsAbs(dir) })
	if in := best("on the PATH", path); in.bin != "" {
		return in, true, nil
	}
	return install{}, false, failures
}

// places returns where systems put a server's binaries.
func places() []string {
	dirs := []string{
		"/usr/lib/postgresql/*/bin",      // Debian, Ubuntu, and their PGDG packages
		"/usr/pgsql-*/bin",               // Red Hat's PGDG packages
		"/usr/lib/postgresql*/bin",       // SUSE
		"/usr/libexec/postgresql*",       // Alpine
		"/usr/lib/postgresql/bin",        // Arch, Gentoo
		"/usr/local/pgsql/bin",           // built from source
		"/opt/bitnami/postgresql/bin",    // Bitnami
		"/usr/local/bin",                 // the official container image
		"/usr/bin",                       // Fedora
		"/run/current-system/sw/bin",     // NixOS
		"/nix/var/nix/profiles/*/bin",    // Nix
		"/var/lib/snapd/snap/bin",        // snaps
		"/home/linuxbrew/.linuxbrew/bin", // Homebrew on Linux
	}
	if runtime.GOOS == "darwin" {
		dirs = []string{
			"/opt/homebrew/opt/postgresql*/bin", // Homebrew on Apple silicon
			"/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
			"/Applications/Postgres.app/Contents/Versions/*/bin",
			"/Library/PostgreSQL/*/bin", // EDB's installer
			"/opt/local/lib/postgresql*/bin",
			"/usr/local/pgsql/bin",
		}
	}
	return dirs
}

// version is how a server introduces itself: "postgres (PostgreSQL) 15.18 (Debian …)".
var version = regexp.MustCompile(`\(PostgreSQL\) ((\d+)(?:\.\d+|[a-z]+\d+)?)`)

// try looks at one directory of binaries. It runs them as the server's user, which
// is the question to be answered, and safe when that user owns them.
func (l ladder) try(ctx context.Context, dir, source string) (install, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return install{}, err
	}
	for _, name := range []string{"postgres", "initdb"} {
		info, err := os.Stat(filepath.Join(dir, name)) //nolint:gosec // where to look is the operator's choice
		if err != nil {
			return install{}, fmt.Errorf("%s has no %s: %w", dir, name, err)
		}
		if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			return install{}, fmt.Errorf("%s/%s is not a program", dir, name)
		}
	}
	out, err := l.account.command(ctx, l.home.dir, filepath.Join(dir, "postgres"), "--version").CombinedOutput()
	if err != nil {
		return install{}, fmt.Errorf("%s/postgres does not run: %w: %s", dir, err, strings.TrimSpace(string(out)))
	}
	found := version.FindSubmatch(out)
	if found == nil {
		return install{}, fmt.Errorf("%s/postgres calls itself %q, which is no version of PostgreSQL", dir, out)
	}
	major, err := strconv.Atoi(string(found[2]))
	if err != nil {
		return install{}, fmt.Errorf("%s/postgres: %w", dir, err)
	}
	in := install{bin: dir, version: string(found[1]), major: major, source: source}
	switch {
	case l.major != 0 && major != l.major:
		return install{}, fmt.Errorf("%s has PostgreSQL %s, but the database in %s needs %d", dir, in.version, l.home.data, l.major)
	case l.major == 0 && major < oldest:
		return install{}, fmt.Errorf("%s has PostgreSQL %s, older than %d", dir, in.version, oldest)
	}
	return in, nil
}
