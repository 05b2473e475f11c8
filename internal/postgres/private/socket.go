//go:build linux || darwin

package private

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// socketPort only names the socket: nothing listens on a network.
const socketPort = "5432"

// longestSocket is the shortest limit on a socket's path among the systems we run
// on (macOS 103 bytes, Linux 107).
const longestSocket = 103

// socketDir returns the directory for the socket: run in the home, or, where that
// path does not fit an address, a new temporary folder that run then links to, so
// that whoever comes after a crash can find and remove it.
func (h *home) socketDir(who account) (string, error) {
	if err := h.removeSocket(); err != nil {
		return "", err
	}
	run := filepath.Join(h.dir, "run")
	if fits(run) {
		if err := who.makeDir(run); err != nil {
			return "", fmt.Errorf("make a place for the socket: %w", err)
		}
		return run, nil
	}
	var failures []error
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		dir, err := os.MkdirTemp(parent, "barograph-")
		if err != nil {
			failures = append(failures, err)
			continue
		}
		err = who.enter(parent)
		if err == nil && !fits(dir) {
			err = fmt.Errorf("%s is too long for a socket", dir)
		}
		if err == nil {
			err = who.own(dir)
		}
		if err == nil {
			err = os.Symlink(dir, run)
		}
		if err == nil {
			return dir, nil
		}
		failures = append(failures, err, os.Remove(dir))
	}
	return "", fmt.Errorf("%s is too long for a socket, and there is no shorter place: %w", run, errors.Join(failures...))
}

// removeSocket removes the socket, and the temporary folder it may be in.
func (h *home) removeSocket() error {
	run := filepath.Join(h.dir, "run")
	if dir, err := os.Readlink(run); err == nil {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove an old socket: %w", err)
		}
	}
	if err := os.RemoveAll(run); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove an old socket: %w", err)
	}
	return nil
}

// fits reports whether a socket can be in dir. Both PostgreSQL and pgx take a
// comma for the end of one directory and the start of another.
func fits(dir string) bool {
	return len(dir)+len("/.s.PGSQL."+socketPort) <= longestSocket && !strings.ContainsAny(dir, `,"`)
}
