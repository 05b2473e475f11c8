//go:build linux || darwin

package private_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	embedded "github.com/fergusstrange/embedded-postgres"

	"barograph/internal/postgres/private"
)

// nowhere is a mirror that refuses at once, so that no test leaves the machine.
const nowhere = "http://127.0.0.1:1"

// release returns the release that is fetched for a database of the version.
func release(t testing.TB, version string) string {
	t.Helper()
	major, _, _ := strings.Cut(version, ".")
	for _, r := range []embedded.PostgresVersion{embedded.V18, embedded.V17, embedded.V16, embedded.V15, embedded.V14} {
		if strings.HasPrefix(string(r), major+".") {
			return string(r)
		}
	}
	t.Skipf("PostgreSQL %s is installed, of which there is no archive to imitate", version)
	return ""
}

// fingerprint describes every file below dir, to tell whether one was touched.
func fingerprint(t testing.TB, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(name)
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		all.WriteString(strings.Join([]string{name, info.Mode().String(), info.ModTime().String(), hex.EncodeToString([]byte{byte(owner.Uid)})}, " ") + "\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// litter counts the logs that the library left where temporary files go by default.
func litter(t testing.TB) int {
	t.Helper()
	logs, err := filepath.Glob("/tmp/embedded_postgres_log*")
	if err != nil {
		t.Fatal(err)
	}
	return len(logs)
}

func TestConfiguredDirectoryIsUsed(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	bin := template.bin
	s := start(t, private.Config{Dir: dir, BinDir: bin})
	if got, want := s.Source(), "configured in "+bin; got != want {
		t.Errorf("source: got %q, want %q", got, want)
	}
}

func TestConfiguredDirectoryWithoutPostgresIsRefusedAndNoOtherTried(t *testing.T) {
	t.Parallel()
	script := func(text string) func(*testing.T, string) {
		return func(t *testing.T, bin string) {
			t.Helper()
			for _, name := range []string{"postgres", "initdb"} {
				if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for name, c := range map[string]struct {
		fill func(*testing.T, string)
		want string
	}{
		"empty":             {func(*testing.T, string) {}, "has no postgres"},
		"does not run":      {script("echo broken library >&2; exit 127"), "broken library"},
		"is something else": {script("echo postfix 3.9"), "postfix 3.9"},
		"too old":           {script("echo 'postgres (PostgreSQL) 9.6.24'"), "older than 14"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			bin := filepath.Join(dir, "bin")
			if err := os.Mkdir(bin, 0o755); err != nil {
				t.Fatal(err)
			}
			c.fill(t, bin)
			err := refused(t, private.Config{Dir: dir, BinDir: bin})
			if !errors.Is(err, private.ErrNoServer) {
				t.Errorf("got error %v, want ErrNoServer", err)
			}
			names(t, err, bin, c.want, "no other is tried")
		})
	}
}

func TestDatabaseOfAnotherMajorVersionIsRefusedAndUntouched(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	bin := template.bin
	data := filepath.Join(dir, "postgres", "data")
	version := filepath.Join(data, "PG_VERSION")
	was, err := os.ReadFile(version)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		major string
		cfg   private.Config
		wants []string
	}{
		"fetchable":     {"14", private.Config{Mirror: nowhere}, []string{"PostgreSQL 14, which wrote", data, "needs 14", "left as it is"}},
		"not fetchable": {"11", private.Config{Mirror: nowhere}, []string{"PostgreSQL 11, which wrote", "not among"}},
		"configured":    {"14", private.Config{BinDir: bin}, []string{bin, data, "needs 14"}},
		"not a version": {"elephant", private.Config{}, []string{data, "elephant"}},
	} {
		if strings.HasPrefix(string(was), c.major) {
			continue // the installed one is just this old
		}
		if err := os.WriteFile(version, []byte(c.major+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		before := fingerprint(t, data)
		c.cfg.Dir = dir
		names(t, refused(t, c.cfg), c.wants...)
		if after := fingerprint(t, data); after != before {
			t.Errorf("%s: the database files were touched:\n%s\nwere:\n%s", name, after, before)
		}
	}
	if err := os.WriteFile(version, was, 0o600); err != nil {
		t.Fatal(err)
	}
	holds(t, start(t, private.Config{Dir: dir}))
}

func TestArchiveInTheCacheIsUnpackedForTheDatabaseThatNeedsIt(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	bin, version := template.bin, template.version
	cache := filepath.Join(dir, "archives")
	if err := os.Mkdir(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(cache, archiveName(release(t, version))+".txz")
	if err := os.WriteFile(name, archive(t, bin), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := private.Config{Dir: dir, FetchOnly: true, CacheDir: cache, Mirror: nowhere}
	before := litter(t)
	s := start(t, cfg)
	if after := litter(t); after > before {
		t.Errorf("logs among the temporary files: got %d more", after-before)
	}
	tree := filepath.Join(dir, "postgres", "binaries", release(t, version))
	if got, want := s.Source(), "fetched in "+filepath.Join(tree, "bin"); got != want {
		t.Errorf("source: got %q, want %q", got, want)
	}
	holds(t, s)
	stop(t, s)
	info, err := os.Stat(filepath.Join(tree, "bin", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner == 0 {
		t.Error("owner of the unpacked server: got root, want an unprivileged user")
	}
	if entries, err := os.ReadDir(filepath.Dir(tree)); err != nil || len(entries) != 1 {
		t.Errorf("binaries: got %v, %v, want the tree alone", entries, err)
	}

	// What is unpacked needs no archive; what is broken is unpacked anew.
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, cfg))
	if err := os.Truncate(filepath.Join(tree, "bin", "postgres"), 0); err != nil {
		t.Fatal(err)
	}
	names(t, refused(t, cfg), "fetch one")
	if err := os.WriteFile(name, archive(t, bin), 0o644); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, cfg))
}

func TestArchiveIsFetchedFromTheMirrorOnce(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	bin, version := template.bin, template.version
	name := archiveName(release(t, version))
	served := jar(t, name, archive(t, bin))
	checksum := sha256.Sum256(served)
	var downloads atomic.Int64
	mirror := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path.Base(r.URL.Path) {
		case name + ".jar":
			downloads.Add(1)
			_, _ = w.Write(served)
		case name + ".jar.sha256":
			_, _ = w.Write([]byte(hex.EncodeToString(checksum[:])))
		default:
			http.NotFound(w, r)
		}
	}))
	defer mirror.Close()
	cfg := private.Config{Dir: dir, FetchOnly: true, Mirror: mirror.URL}
	for range 2 {
		s := start(t, cfg)
		holds(t, s)
		stop(t, s)
	}
	if err := os.RemoveAll(filepath.Join(dir, "postgres", "binaries")); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, cfg))
	if got := downloads.Load(); got != 1 {
		t.Errorf("downloads: got %d, want 1", got)
	}
}

func TestArchiveThatWillNotDoIsRefused(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	bin, version := template.bin, template.version
	good := archive(t, bin)
	for name, c := range map[string]struct {
		fresh   bool
		content []byte
		want    string
	}{
		"not an archive":  {false, []byte("<html>captive portal</html>"), "fetch one"},
		"half an archive": {false, good[:len(good)/2], "fetch one"},
		"all but the end": {false, good[:len(good)-lastSize/2], "fetch one"},
		"another version": {true, good, "has PostgreSQL " + version},
	} {
		t.Run(name, func(t *testing.T) {
			home, wanted := dir, release(t, version)
			if c.fresh {
				home, wanted = folder(t), string(embedded.V18)
				if strings.HasPrefix(version, "18.") {
					t.Skip("the installed version is the newest, so that the archive is right")
				}
			}
			cache := folder(t)
			if err := os.WriteFile(filepath.Join(cache, archiveName(wanted)+".txz"), c.content, 0o644); err != nil {
				t.Fatal(err)
			}
			err := refused(t, private.Config{Dir: home, FetchOnly: true, CacheDir: cache, Mirror: nowhere})
			if !errors.Is(err, private.ErrNoServer) {
				t.Errorf("got error %v, want ErrNoServer", err)
			}
			names(t, err, c.want)
		})
	}
	holds(t, start(t, private.Config{Dir: dir}))
}

func TestMachineWithoutPostgresIsToldHowToGetOne(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	err := refused(t, private.Config{Dir: dir, FetchOnly: true, Mirror: nowhere})
	if !errors.Is(err, private.ErrNoServer) {
		t.Errorf("got error %v, want ErrNoServer", err)
	}
	names(t, err, "14 or newer", "apt install postgresql", "brew install", filepath.Join(dir, "postgres", "cache"), "URL", nowhere)
}
