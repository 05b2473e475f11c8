package ingest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A connection counts how often it was told until when to read.
type connection struct {
	http.ResponseWriter
	deadlines int
}

func (c *connection) SetReadDeadline(time.Time) error { c.deadlines++; return nil }

func TestSourceThatWasStoppedLeavesTheConnectionAlone(t *testing.T) {
	t.Parallel()
	c := &connection{ResponseWriter: httptest.NewRecorder()}
	s := &source{body: strings.NewReader("more"), control: http.NewResponseController(c)}
	s.stop()
	if c.deadlines != 1 {
		t.Errorf("stop sets %d deadlines, want the one that ends a read", c.deadlines)
	}
	s.stop()
	if n, err := s.Read(make([]byte, 4)); n != 0 || !errors.Is(err, errStopped) {
		t.Errorf("Read = %d, %v, want %v", n, err, errStopped)
	}
	if c.deadlines != 1 {
		t.Errorf("it sets %d deadlines more", c.deadlines-1)
	}
}
