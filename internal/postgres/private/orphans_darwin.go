package private

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
)

// orphans returns the server that wrote down its process for the data directory,
// if it still lives. Without /proc, children of a dead one cannot be told; they
// end by themselves.
func orphans(data string) []int {
	pid, _ := readPIDFile(data)
	if pid <= 0 {
		return nil
	}
	out, err := exec.CommandContext(context.Background(), "/bin/ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output() //nolint:gosec // the argument is a number
	if err != nil || !strings.Contains(string(out), "postgres -D "+data+" ") {
		return nil
	}
	return []int{pid}
}

// forget leaves the pid file to PostgreSQL's own judgement: here we cannot see
// whether children of a dead server live on.
func forget(string) error { return nil }
