//go:build linux || darwin

package private

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// errandKey names the environment variable that turns a process into a child
// which runs one errand.
const errandKey = "BAROGRAPH_PRIVATE_ERRAND"

// An errand is what a child has to fetch, from where and to where.
type errand struct {
	Release embedded.PostgresVersion
	Cache   string // of archives
	Mirror  string
	Tree    string // the directory to make
}

// ready says that main called Child, so that a child will know its errand. Without
// it, a child would be a second gateway, and start a child of its own.
var ready atomic.Bool

// Child makes this program able to fetch PostgreSQL: main calls it before anything
// else. In the gateway it returns at once. In the child that Start runs to fetch
// and unpack, without the rights of root, it does that and ends the process.
func Child() {
	order, ok := os.LookupEnv(errandKey)
	if !ok {
		ready.Store(true)
		return
	}
	var e errand
	err := json.Unmarshal([]byte(order), &e)
	if err == nil {
		err = e.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run fetches the archive unless the cache has it, and unpacks it into the tree,
// whole or not at all.
//
// The library knows no way to only fetch: its Start fetches, unpacks, creates a
// database and starts it. Running it to the end and stopping it again would need a
// TCP port, and leave a server that nobody watches if this process were killed. So
// it is let run into a wall right behind the part we need: a data directory that
// has a version and nothing else is one that it does not create anew, and that no
// server starts on. How far it came shows in the run directory, which it removes
// first and creates as soon as everything is unpacked.
func (e errand) run() error {
	draft := e.Tree + ".tmp"
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(draft) }()
	wall, unpacked, tree := filepath.Join(draft, "wall"), filepath.Join(draft, "unpacked"), filepath.Join(draft, "tree")
	if err := os.MkdirAll(wall, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(wall, "PG_VERSION"), []byte(e.Release), 0o600); err != nil {
		return err
	}
	// The library leaves a log of the server behind where temporary files go.
	if err := os.Setenv("TMPDIR", draft); err != nil {
		return err
	}
	config := embedded.DefaultConfig().
		Version(e.Release).CachePath(e.Cache).
		BinariesPath(tree).RuntimePath(unpacked).DataPath(wall).
		Port(0).Logger(io.Discard)
	if e.Mirror != "" {
		config = config.BinaryRepositoryURL(e.Mirror)
	}
	server := embedded.NewDatabase(config)
	err := server.Start()
	if err == nil {
		return errors.Join(errors.New("the library started a server on an empty directory"), server.Stop())
	}
	if _, statErr := os.Stat(unpacked); statErr != nil {
		return err
	}
	if err := os.RemoveAll(e.Tree); err != nil { // what was there does not run
		return err
	}
	return os.Rename(tree, e.Tree)
}
