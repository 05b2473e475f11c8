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

// Build builds the program, once for all tests of a package that need it at a
// time, and returns its path, or that of the one which BAROGRAPH_TEST_BINARY
// names.
func Build(t testing.TB) string {
	t.Helper()
	if given := os.Getenv("BAROGRAPH_TEST_BINARY"); given != "" {
		return given
	}
	built.mu.Lock()
	defer built.mu.Unlock()
	if built.users == 0 {
		dir, err := os.MkdirTemp("", "barograph-test-")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // a PostgreSQL of root's runs it as somebody else
			t.Fatal(err)
		}
		if out, err := exec.Command("go", "build", "-o", dir, "barograph").CombinedOutput(); err != nil { //nolint:gosec,noctx // a path of our own; for tests that outlive this one
			t.Fatalf("build the program: %v: %s", err, out)
		}
		built.dir = dir
	}
	built.users++
	t.Cleanup(built.release)
	return filepath.Join(built.dir, "barograph")
}

// built is the program, while tests use it.
var built program

type program struct {
	mu    sync.Mutex
	users int    // guarded by mu
	dir   string // guarded by mu: has it, while there are users
}

func (p *program) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users--; p.users == 0 {
		_ = os.RemoveAll(p.dir) // of temporary files
	}
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
