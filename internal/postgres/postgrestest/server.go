package postgrestest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"barograph/internal/postgres/private"
)

// prefix begins the names of the temporary folders, and forgotten is the age at
// which one is taken for left behind if no server holds it.
const (
	prefix    = "barograph-test-"
	forgotten = time.Hour
)

// A server is the private server of a test binary, started when first needed.
type server struct {
	mu      sync.Mutex
	dir     string          // guarded by mu
	private *private.Server // guarded by mu
	err     error           // guarded by mu: what the only attempt to start came to
	removed bool            // guarded by mu
}

// url returns the URL of the server's own database, starting the server if nobody
// did. The lock is held meanwhile: the others have nothing to do but wait.
func (s *server) url(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.private == nil && s.err == nil {
		s.err = s.start(ctx)
	}
	if s.err != nil {
		return "", s.err
	}
	return s.private.URL("postgres"), nil
}

func (s *server) start(ctx context.Context) error {
	if s.removed {
		return fmt.Errorf("the tests are over")
	}
	sweep()
	// The first test may end while others wait for the same server.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", prefix)
	if err != nil {
		return fmt.Errorf("make a folder for the server: %w", err)
	}
	s.dir = dir
	// Run by root, the server is another user, who has to get there.
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // see above
		return fmt.Errorf("open the folder for the server: %w", err)
	}
	s.private, err = private.Start(ctx, private.Config{Dir: dir, CacheDir: cache(), Volatile: true})
	return err
}

// remove stops the server and removes its folder. It may be called again.
func (s *server) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed = true
	if s.private != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.private.Stop(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "postgrestest:", err)
		}
		s.private, s.err = nil, fmt.Errorf("the tests are over")
	}
	if s.dir != "" {
		if err := os.RemoveAll(s.dir); err != nil {
			fmt.Fprintln(os.Stderr, "postgrestest:", err)
		}
		s.dir = ""
	}
}

// cache returns a folder in which fetched binaries outlive the test binary, where
// the user whom root gives the server to can read them.
func cache() string {
	if os.Geteuid() == 0 {
		return "/var/cache/barograph/postgres"
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "barograph", "postgres")
}

// sweep removes the folders of test binaries that could not do it themselves.
func sweep() {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < forgotten {
			continue
		}
		if !private.Held(dir) {
			_ = os.RemoveAll(dir) // another user's folder stays
		}
	}
}
