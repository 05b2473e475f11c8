//go:build linux || darwin

package private

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// major returns the major version that the existing database files need, and 0
// when there are none yet.
func (h *home) major() (int, error) {
	b, err := os.ReadFile(filepath.Join(h.data, "PG_VERSION"))
	if err == nil {
		major, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil || major <= 0 {
			return 0, fmt.Errorf("%s/PG_VERSION says %q, which is no version of PostgreSQL", h.data, b)
		}
		return major, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("look for database files: %w", err)
	}
	entries, err := os.ReadDir(h.data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return 0, fmt.Errorf("look for database files: %w", err)
	case len(entries) > 0:
		return 0, fmt.Errorf("%s is not empty and holds no database: move it out of the way", h.data)
	}
	return 0, nil
}

// create makes the database files in a folder beside their place and moves them
// there in one step, so that a crash half way leaves nothing that looks whole.
func (h *home) create(ctx context.Context, who account, in install, volatile bool, log *slog.Logger) error {
	draft := h.data + ".tmp"
	if err := endOrphans(ctx, draft, log); err != nil {
		return err
	}
	if err := os.RemoveAll(draft); err != nil {
		return fmt.Errorf("remove a half-finished database: %w", err)
	}
	if err := who.makeDir(draft); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	args := []string{
		"--pgdata=" + draft, "--username=" + superuser, "--auth=scram-sha-256",
		"--pwfile=" + filepath.Join(h.dir, "password"), "--data-checksums", "--no-instructions",
		// Bytewise order: no index is out of order after the system's locales change.
		"--encoding=UTF8", "--locale=C",
	}
	if volatile {
		args = append(args, "--no-sync")
	}
	cmd := who.command(ctx, draft, filepath.Join(in.bin, "initdb"), args...)
	// The server that initdb runs reads from it, and ends when it ends.
	dieWithParent(cmd.SysProcAttr, syscall.SIGKILL)
	runtime.LockOSThread()
	out, err := cmd.CombinedOutput()
	runtime.UnlockOSThread()
	if ctx.Err() != nil {
		return fmt.Errorf("create the database: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("create the database with %s: %w: %s", cmd.Path, err, advice(out))
	}
	if err := os.Rename(draft, h.data); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	if err := syncDir(h.dir); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	return nil
}

// advice returns the end of what initdb said, and what to do if it was about the
// one trouble that containers have with it.
func advice(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	said := strings.Join(lines[max(0, len(lines)-4):], " | ")
	if strings.Contains(said, "could not look up effective user ID") {
		said += " (this user id has no name: run as a user that /etc/passwd lists)"
	}
	return said
}
