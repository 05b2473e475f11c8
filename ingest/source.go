package ingest

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// errStopped ends the reading of a source that was told to stop.
var errStopped = errors.New("no more is read")

// A source is the body of a stream. It may last for as long as something whole
// comes within the patience: single bytes do not count, so that a trickle ends.
type source struct {
	body     io.Reader
	control  *http.ResponseController
	patience time.Duration

	mu      sync.Mutex
	waiting bool // guarded by mu: for something whole, with a deadline
	ended   bool // guarded by mu
	stopped bool // guarded by mu
}

// Read reads from the body.
func (s *source) Read(p []byte) (int, error) {
	if !s.wait() {
		return 0, errStopped
	}
	n, err := s.body.Read(p)
	if errors.Is(err, io.EOF) {
		s.end()
	}
	return n, err
}

// wait begins to wait, unless that has begun. It reports whether there is
// something to wait for.
func (s *source) wait() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped && !s.waiting {
		s.waiting = true
		_ = s.control.SetReadDeadline(time.Now().Add(s.patience)) // not there in front of a test's recorder
	}
	return !s.stopped
}

// heard says that something whole has come.
func (s *source) heard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = false
}

// end takes the deadline away once the body has been read: the server goes on
// reading, to know when the client leaves.
func (s *source) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	_ = s.control.SetReadDeadline(time.Time{})
}

// stop ends the reading, also one that waits. Once is enough: whoever comes later
// may find the connection in the hands of another request.
func (s *source) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	s.stopped = true
	if !s.ended {
		_ = s.control.SetReadDeadline(time.Unix(1, 0)) // which is over
	}
}

// unzipped reads what was compressed. It does not even read the beginning before
// it is read itself.
type unzipped struct {
	from io.Reader
	zip  *gzip.Reader
}

// Read reads. What it may grow to is bounded by whoever reads, line by line.
func (u *unzipped) Read(p []byte) (n int, err error) {
	if u.zip == nil {
		if u.zip, err = gzip.NewReader(u.from); err != nil {
			return 0, early(err)
		}
	}
	return u.zip.Read(p)
}

// early returns err, of which the end is not one that was to be expected.
func early(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
