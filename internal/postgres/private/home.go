//go:build linux || darwin

package private

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A home is the folder a private server lives in, locked for one gateway.
type home struct {
	dir  string
	data string
	lock *os.File
}

// openHome creates the folder postgres in dir if it is missing, and locks it. The
// lock is the kernel's and dies with the process, unlike a file with a number in it.
func openHome(dir string) (*home, error) {
	if dir == "" {
		return nil, errors.New("the private PostgreSQL needs a data directory")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	// Others may pass through but not look: the server's user must reach its
	// own folder, whatever the umask of this process says.
	for _, d := range []string{dir, filepath.Join(dir, "postgres")} {
		if err := makeDir(d, 0o711); err != nil {
			return nil, fmt.Errorf("create the data directory: %w", err)
		}
	}
	// Links are resolved once, so that every later path compares and measures true.
	if dir, err = filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	h := &home{dir: dir, data: filepath.Join(dir, "data")}
	return h, h.acquire()
}

// makeDir creates a directory and its parents, the directory itself with exactly
// the mode given. One that exists is left as it is.
func makeDir(dir string, mode fs.FileMode) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // parents of a data directory are ordinary directories
		return err
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Chmod(dir, mode)
}

func (h *home) acquire() error {
	name := filepath.Join(h.dir, "lock")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a file of ours
	if err != nil {
		return fmt.Errorf("lock the data directory: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder, _ := io.ReadAll(io.LimitReader(f, 20))
		_ = f.Close()
		return fmt.Errorf("%w (process %s holds %s): stop that gateway, give this one another data directory, "+
			"or let both use one PostgreSQL server by its URL", ErrInUse, strings.TrimSpace(string(holder)), h.dir)
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("lock %s: %w", name, err)
	}
	h.lock = f
	return nil
}

// close frees the folder for the next gateway. Closing alone would not: a process
// that is being forked at the moment has the lock open too, until it executes.
func (h *home) close() {
	_ = syscall.Flock(int(h.lock.Fd()), syscall.LOCK_UN)
	_ = h.lock.Close()
}

// password returns the password of the superuser, made up and stored the first
// time. The server's user owns the file, because initdb reads it: there is nothing
// in it that the owner of the database files could not change anyway.
func (h *home) password(who account) (string, error) {
	name := filepath.Join(h.dir, "password")
	switch b, err := os.ReadFile(name); { //nolint:gosec // a file of ours
	case err == nil:
		return strings.TrimSpace(string(b)), nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("read the password of the private PostgreSQL: %w", err)
	}
	if _, err := os.Stat(h.data); err == nil {
		return "", fmt.Errorf("%s is missing, and without it nobody can log in to the database in %s: restore it", name, h.data)
	}
	password := rand.Text() + rand.Text()
	if err := writeFile(name, password+"\n", who); err != nil {
		return "", fmt.Errorf("store the password of the private PostgreSQL: %w", err)
	}
	return password, nil
}

// writeFile stores a private file of who whole or not at all.
func writeFile(name, content string, who account) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.WriteString(content)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = who.own(f.Name())
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err == nil {
		err = syncDir(filepath.Dir(name))
	}
	return err
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // a directory of ours
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// Held reports whether a gateway holds the private server of the data directory
// dir, running or starting. It is false where there is none.
func Held(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "postgres", "lock")) //nolint:gosec // a file of ours
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
