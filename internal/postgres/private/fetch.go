//go:build linux || darwin

package private

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// fetchable lists the releases that can be fetched, by major version.
var fetchable = map[int]embedded.PostgresVersion{
	18: embedded.V18, 17: embedded.V17, 16: embedded.V16, 15: embedded.V15, 14: embedded.V14,
}

// newest is the major version fetched for new database files.
const newest = 18

// cache returns the directory for the archives of fetched binaries.
func (l ladder) cache() string {
	if l.cfg.CacheDir != "" {
		return l.cfg.CacheDir
	}
	return filepath.Join(l.home.dir, "cache")
}

// fetched returns binaries that were fetched earlier, or are now.
func (l ladder) fetched(ctx context.Context) (install, error) {
	major := l.major
	if major == 0 {
		major = newest
	}
	release, ok := fetchable[major]
	if !ok {
		return install{}, fmt.Errorf("PostgreSQL %d is not among those that can be", major)
	}
	// Only a release of the right major version is worth its download.
	l.major = major

	binaries := filepath.Join(l.home.dir, "binaries")
	tree := filepath.Join(binaries, string(release))
	in, err := l.try(ctx, filepath.Join(tree, "bin"), "fetched")
	if err == nil {
		return in, nil
	}
	cache, err := filepath.Abs(l.cache())
	if err != nil {
		return install{}, err
	}
	// A cache that exists belongs to somebody, who may have a ready archive in it.
	if _, err := os.Stat(cache); err != nil {
		if err := l.account.makeDir(cache); err != nil {
			return install{}, err
		}
	}
	if err := l.account.enter(cache); err != nil {
		return install{}, err
	}
	if err := l.account.makeDir(binaries); err != nil {
		return install{}, err
	}
	l.log.Info("fetching PostgreSQL", "version", string(release), "cache", cache)
	if err := l.unpack(ctx, errand{Release: release, Cache: cache, Mirror: l.cfg.Mirror, Tree: tree}); err != nil {
		return install{}, err
	}
	return l.try(ctx, filepath.Join(tree, "bin"), "fetched")
}

// unpack has a child of ours run the errand as the server's user.
func (l ladder) unpack(ctx context.Context, e errand) error {
	if !ready.Load() {
		return errors.New("this program cannot fetch: its main does not call private.Child")
	}
	self := "/proc/self/exe" // runs us even where the server's user may not go
	if runtime.GOOS != "linux" {
		var err error
		if self, err = os.Executable(); err != nil {
			return err
		}
	}
	order, err := json.Marshal(e)
	if err != nil {
		return err
	}
	cmd := l.account.command(ctx, filepath.Dir(e.Tree), self)
	cmd.Env = append(cmd.Env, errandKey+"="+string(order))
	for _, key := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		for _, key := range []string{key, strings.ToLower(key)} {
			if v, ok := os.LookupEnv(key); ok {
				cmd.Env = append(cmd.Env, key+"="+v)
			}
		}
	}
	dieWithParent(cmd.SysProcAttr, syscall.SIGKILL)
	runtime.LockOSThread()
	out, err := cmd.CombinedOutput()
	runtime.UnlockOSThread()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
