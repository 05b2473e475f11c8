//go:build linux || darwin

package postgrestest_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"barograph/internal/postgres/postgrestest"
)

// hangKey names the environment variable that makes TestHangs hang.
const hangKey = "BAROGRAPH_TEST_HANG"

// TestHangs is the test that TestInterruptRemovesTheServer interrupts.
func TestHangs(t *testing.T) {
	if os.Getenv(hangKey) == "" {
		t.Skip("part of another test")
	}
	fmt.Println("server:", postgrestest.Database(t))
	select {
	case <-t.Context().Done():
	case <-time.After(time.Minute):
	}
}

func TestInterruptRemovesTheServer(t *testing.T) {
	t.Parallel()
	if os.Getenv("BAROGRAPH_TEST_DATABASE_URL") != "" {
		t.Skip("a given server stays")
	}
	tmp, err := os.MkdirTemp("", "interrupt-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(tmp) })
	if err := os.Chmod(tmp, 0o711); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tests := exec.CommandContext(t.Context(), self, "-test.run", "^TestHangs$")
	tests.Env = append(os.Environ(), hangKey+"=1", "TMPDIR="+tmp)
	out, err := tests.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tests.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "server:") {
	}
	if entries, err := os.ReadDir(tmp); err != nil || len(entries) != 1 {
		t.Errorf("temporary folder while the server runs: got %v, %v, want one entry", entries, err)
	}
	if err := tests.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	var exit *exec.ExitError
	if err := tests.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("end of the tests: got %v, want exit status 130", err)
	}
	if entries, err := os.ReadDir(tmp); err != nil || len(entries) != 0 {
		t.Errorf("temporary folder after the interrupt: got %v, %v, want it empty", entries, err)
	}
}
