//go:build unix

package seal

import (
	"io/fs"
	"os"
	"syscall"
)

// own gives a file the owner of another.
func own(name string, as fs.FileInfo) error {
	owner, is := as.Sys().(*syscall.Stat_t)
	if !is || int(owner.Uid) == os.Geteuid() {
		return nil
	}
	return os.Chown(name, int(owner.Uid), int(owner.Gid))
}

// lockDir waits until no other process holds the directory. The lock is the
// kernel's, and ends with the process.
func lockDir(dir string) (unlock func(), err error) {
	d, err := os.Open(dir) //nolint:gosec // the operator's own
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		_ = d.Close()
		return nil, err
	}
	return func() { _ = d.Close() }, nil
}
