package gatewaytest

import (
	"bytes"
	"sync"
)

// Logs keep what a gateway under test logs.
type Logs struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// Write takes a line.
func (l *Logs) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// String returns all lines so far.
func (l *Logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
