//go:build unix

package seal

import (
	"io/fs"
	"os"
	"syscall"
)

// own gives a file the owner, the group and the mode of another. Root may change
// what is another's, and others may read a keyset by their group.
func own(f *os.File, as fs.FileInfo) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	has, is := info.Sys().(*syscall.Stat_t)
	want, be := as.Sys().(*syscall.Stat_t)
	if is && be && (has.Uid != want.Uid || has.Gid != want.Gid) {
		if err := f.Chown(int(want.Uid), int(want.Gid)); err != nil {
			return err
		}
	}
	return f.Chmod(as.Mode().Perm()) // last: before, it would be for another group
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
