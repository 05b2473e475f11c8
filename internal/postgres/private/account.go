//go:build linux || darwin

package private

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// An account is the user PostgreSQL runs as: this process's own, or, since
// PostgreSQL refuses root, an unprivileged one.
type account struct {
	credential *syscall.Credential // nil: our own
}

// owner returns the account the server must run as. Existing files decide: they
// work for their owner alone, and which users a machine has may change when a
// package is installed.
func (h *home) owner() (account, error) {
	info, err := os.Stat(h.data)
	switch {
	case err == nil:
		owner := inode(info)
		if os.Geteuid() == 0 && owner.Uid != 0 {
			return accountOf(owner.Uid, owner.Gid), nil
		}
		if int(owner.Uid) != os.Geteuid() {
			return account{}, fmt.Errorf("the database files in %s belong to user id %d: run the gateway as that user, or as root", h.data, owner.Uid)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return account{}, fmt.Errorf("look at the database files: %w", err)
	}
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return accountOf(uint32(uid), uint32(gid)), nil
		}
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and this machine has neither a user postgres nor nobody: " +
		"add one, or run the gateway as an ordinary user")
}

func accountOf(uid, gid uint32) account {
	return account{credential: &syscall.Credential{Uid: uid, Gid: gid, Groups: []uint32{gid}}}
}

// inode returns what the system knows of a file beyond what Go does.
func inode(info fs.FileInfo) *syscall.Stat_t {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		panic("private: a file of the system without an owner")
	}
	return st
}

// own gives a file to the account.
func (a account) own(name string) error {
	if a.credential == nil {
		return nil
	}
	return os.Lchown(name, int(a.credential.Uid), int(a.credential.Gid))
}

// makeDir creates a directory of the account's own, or gives it one that exists.
func (a account) makeDir(dir string) error {
	if err := makeDir(dir, 0o700); err != nil {
		return err
	}
	return a.own(dir)
}

// enter returns an error that names the directory on the way to dir, dir included,
// that the account may not pass. PostgreSQL's own complaint would name the end of
// the path alone.
func (a account) enter(dir string) error {
	if a.credential == nil {
		return nil
	}
	for d := dir; ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err != nil {
			return fmt.Errorf("look at %s: %w", d, err)
		}
		owner := inode(info)
		pass := fs.FileMode(0o001)
		switch {
		case owner.Uid == a.credential.Uid:
			pass = 0o100
		case owner.Gid == a.credential.Gid:
			pass = 0o010
		}
		if info.Mode().Perm()&pass == 0 {
			return fmt.Errorf("PostgreSQL refuses to run as root and runs as user id %d, who may not enter %s (mode %#o): "+
				"choose another data directory, or allow it with chmod o+x", a.credential.Uid, d, info.Mode().Perm())
		}
		if d == filepath.Dir(d) {
			return nil
		}
	}
}

// command prepares a program to run as the account, in dir, out of reach of the
// terminal's ^C and of every setting of our own environment. Not even asking a
// binary for its version is done as root: others may own the file.
func (a account) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // running the operator's PostgreSQL is the purpose
	cmd.Dir = dir
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=/usr/bin:/bin", "HOME=" + dir}
	for _, key := range []string{"LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if v, ok := os.LookupEnv(key); ok {
			cmd.Env = append(cmd.Env, key+"="+v)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential, Setpgid: true}
	return cmd
}
