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

// Running returns the address of a database of the private server that a gateway
// runs in the data directory dir at the moment, for whoever may read the server's
// files. It is ErrNoServer where none does. Like URL's, the address has the
// password in it. The server ends when that gateway does.
func Running(dir, database string) (string, error) {
	dir, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres"))
	if err != nil {
		return "", notRunning(err)
	}
	if _, status := readPIDFile(filepath.Join(dir, "data")); status != "ready" {
		return "", notRunning(fmt.Errorf("in %s, none is ready", dir))
	}
	// A link, where the socket has had to go elsewhere.
	socket, err := filepath.EvalSymlinks(filepath.Join(dir, "run"))
	if err != nil {
		return "", notRunning(err)
	}
	password, err := os.ReadFile(filepath.Join(dir, "password"))
	if err != nil {
		return "", fmt.Errorf("read the password of the private PostgreSQL: %w", err)
	}
	return (&Server{socket: socket, password: strings.TrimSpace(string(password))}).URL(database), nil
}

func notRunning(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("look for the private PostgreSQL: run this as the gateway's user, or as root: %w", err)
	}
	return fmt.Errorf("%w: %w", ErrNoServer, err)
}
