//go:build linux || darwin

package private

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
)

// A journal passes the server's output on to a log, line by line, and remembers
// the last lines for an error.
type journal struct {
	log *slog.Logger

	mu      sync.Mutex
	partial []byte   // guarded by mu: a line whose end has not come yet
	last    []string // guarded by mu
}

// longestLine bounds what a line without an end may hold.
const longestLine = 8 << 10

// Write takes a piece of output. It never fails.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	var lines []string
	j.partial = append(j.partial, p...)
	for {
		line, rest, ended := bytes.Cut(j.partial, []byte("\n"))
		if !ended && len(j.partial) < longestLine {
			break
		}
		lines = append(lines, string(line))
		j.partial = bytes.Clone(rest)
	}
	j.last = append(j.last, lines...)
	j.last = j.last[max(0, len(j.last)-8):]
	j.mu.Unlock()

	for _, line := range lines {
		j.log.Log(context.Background(), level(line), "postgres", "line", line)
	}
	return len(p), nil
}

// tail returns the last lines as one.
func (j *journal) tail() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Join(j.last, " | ")
}

// level returns how much a line of the server's matters.
func level(line string) slog.Level {
	switch severity, _, _ := strings.Cut(line, ":"); severity {
	case "PANIC":
		return slog.LevelError
	case "FATAL", "ERROR", "WARNING":
		return slog.LevelWarn
	}
	return slog.LevelDebug
}
