// Package private runs a PostgreSQL server of the gateway's own, as a child
// process, for those who have no server to point it at. It finds the server's
// binaries or fetches them, creates the database files, listens on a Unix socket
// alone, restarts a server that dies, and ends one that an earlier gateway left
// behind. What was committed survives the death of either process, and existing
// files are never wiped. Pools, migrations and SQL belong to the parent package.
//
// Everything lives in one folder of the gateway's data directory:
//
//	postgres/lock       held while a gateway runs; names its process
//	postgres/password   of the role postgres; mode 0600
//	postgres/data       the database files
//	postgres/run        the socket, or a link to where it had to go instead
//	postgres/cache      archives of fetched binaries
//	postgres/binaries   what was unpacked from them
//
// PostgreSQL refuses to run as root. When the gateway does, the server runs as
// the user postgres or nobody, who then owns all of these but the lock, and so
// must be able to enter every directory above them.
package private

import (
	"errors"
	"log/slog"
)

// Config says where a private server lives and which binaries it runs. Only Dir
// is needed.
type Config struct {
	// Dir is the data directory of the gateway. The server keeps to the folder
	// postgres in it. It is created if missing.
	Dir string
	// BinDir is the directory of the binaries to run. When it is set, no others
	// are looked for.
	BinDir string
	// FetchOnly passes over the binaries installed on the machine.
	FetchOnly bool
	// CacheDir keeps the archives of fetched binaries, in place of a folder in
	// Dir. A ready archive put there saves the download.
	CacheDir string
	// Mirror is the address of a Maven repository to fetch from, in place of the
	// public one.
	Mirror string
	// Parameters are further settings of the server; they win over ours.
	Parameters map[string]string
	// Volatile trades safety for speed: a power cut may destroy the files. It is
	// meant for tests.
	Volatile bool
	// Logger takes what the server and its keeper have to say; nil means nobody
	// listens.
	Logger *slog.Logger
}

// ErrInUse is returned by Start when another process holds the directory.
var ErrInUse = errors.New("the private PostgreSQL is in use by another gateway")

// ErrNoServer is returned by Start when there are no binaries to run.
var ErrNoServer = errors.New("no PostgreSQL server to run")
