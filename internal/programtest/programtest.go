// Package programtest gives tests the program itself: it builds it, keeps what
// it prints, and tells what its process takes. How it is run, and what is asked
// of it, is left to each test.
package programtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Build builds the program, until the test ends, and returns its path, or that
// of the one which BAROGRAPH_TEST_BINARY names.
func Build(t testing.TB) string {
	t.Helper()
	if given := os.Getenv("BAROGRAPH_TEST_BINARY"); given != "" {
		return given
	}
	path := filepath.Join(t.TempDir(), "barograph")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "barograph").CombinedOutput(); err != nil { //nolint:gosec // a path of our own
		t.Fatalf("build the program: %v: %s", err, out)
	}
	return path
}

// A Log keeps what a program prints. It is safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// Write keeps more.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Tail returns the end of it, for a failing test to show.
func (l *Log) Tail() string {
	const most = 4000
	text := l.String()
	return text[max(0, len(text)-most):]
}
