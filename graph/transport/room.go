package transport

import (
	"io"
	"math"
	"runtime/debug"
	"sync/atomic"
	"time"

	"barograph/internal/fault"
)

const (
	// smallBody is how much of a body takes no room, so that most requests are
	// served however large others are.
	smallBody = 64 << 10
	// mostRoom is the room where the process's memory has no limit.
	mostRoom = 256 << 20
	// bodyCost is how many times as much memory as its body a request takes, about:
	// as text, checked, read, and written again for the database.
	bodyCost = 8
)

// A Room bounds the bytes of the bodies of all requests under way together. It is
// safe for concurrent use.
type Room struct{ left atomic.Int64 }

// NewRoom returns a room for so many bytes.
func NewRoom(bytes int64) *Room {
	r := &Room{}
	r.left.Store(bytes)
	return r
}

// DefaultRoom is what the process's memory limit (GOMEMLIMIT) leaves for bodies,
// of which it has room for a single one in any case.
func DefaultRoom(bodyLimit int64) int64 {
	most := int64(mostRoom)
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		most = min(most, limit/bodyCost)
	}
	return max(most, bodyLimit)
}

// Body returns a request's body, which takes room for what is read of it until
// leave is called. It fails where there is none.
func (r *Room) Body(body io.ReadCloser) (lodged io.ReadCloser, leave func()) {
	b := &lodger{ReadCloser: body, room: r}
	return b, func() { r.left.Add(b.taken) }
}

// A lodger is a body that takes room.
type lodger struct {
	io.ReadCloser
	room        *Room
	read, taken int64
}

// Read reads, and takes room for that.
func (b *lodger) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if more := b.read - smallBody - b.taken; more > 0 {
		if b.room.left.Add(-more) < 0 {
			b.room.left.Add(more)
			return 0, fault.New(fault.Overloaded, "there is no room for large requests at the moment").After(time.Second)
		}
		b.taken += more
	}
	return n, err
}
