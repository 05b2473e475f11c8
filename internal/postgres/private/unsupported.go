//go:build !linux && !darwin

package private

import (
	"context"
	"fmt"
	"runtime"
)

// A Server is a running private PostgreSQL, of which there are none on this system.
type Server struct{}

// Start returns an error: a private PostgreSQL runs on Linux and macOS alone.
func Start(context.Context, Config) (*Server, error) {
	return nil, fmt.Errorf("%w: a private one runs on Linux and macOS, not on %s: use a server elsewhere by its URL", ErrNoServer, runtime.GOOS)
}

// Child does nothing, as there is nothing to fetch.
func Child() {}

// Stop does nothing.
func (*Server) Stop(context.Context) error { return nil }

// URL returns nothing.
func (*Server) URL(string) string { return "" }

// Version returns nothing.
func (*Server) Version() string { return "" }

// Source returns nothing.
func (*Server) Source() string { return "" }

// PID returns 0.
func (*Server) PID() int { return 0 }

// Restarts returns 0.
func (*Server) Restarts() int { return 0 }

// Held returns false.
func Held(string) bool { return false }

// Running returns an error: there is no server on this system.
func Running(string, string) (string, error) { return "", ErrNoServer }
