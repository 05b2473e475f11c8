package transport_test

import (
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/coder/websocket"

	"barograph/graph/transport"
)

// A097: messages faster than anybody needs.
func TestAFloodOfMessagesEndsTheConnection(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{MessageRate: 100})
	for name, text := range map[string][]byte{
		"pings":             frame(true, 1, `{"type":"ping"}`),
		"cancellations":     frame(true, 1, `{"id":"1","type":"complete"}`),
		"WebSocket's pings": frame(true, 9, "x"),
		"WebSocket's pongs": frame(true, 10, "x"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, reader := s.raw(t, smallBuffer)
			go func() {
				for {
					if _, err := conn.Write(text); err != nil {
						return
					}
				}
			}()
			if code, reason := lastWords(t, reader); code != websocket.StatusPolicyViolation || reason != "Too many messages" {
				t.Errorf("closed with %d %q, want 1008", code, reason)
			}
		})
	}
}

// lastWords returns the close frame that a server sends, and passes over
// whatever comes before. It answers no ping.
func lastWords(t *testing.T, reader io.Reader) (code websocket.StatusCode, reason string) {
	t.Helper()
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(reader, head); err != nil {
			t.Fatalf("the connection ends without a word: %v", err)
		}
		size := int(head[1])
		if size >= 126 {
			length := make([]byte, map[int]int{126: 2, 127: 8}[size])
			if _, err := io.ReadFull(reader, length); err != nil {
				t.Fatal(err)
			}
			size = 0
			for _, digit := range length {
				size = size<<8 | int(digit)
			}
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(reader, body); err != nil {
			t.Fatalf("half a frame: %v", err)
		}
		if head[0] == 0x88 {
			return websocket.StatusCode(int(body[0])<<8 | int(body[1])), string(body[2:])
		}
	}
}

// A101: a message whose last frame never comes.
func TestAMessageHasToEnd(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{MessageBytes: 64 << 10, ReadTimeout: 200 * time.Millisecond})
	forever := func(conn net.Conn, text []byte) {
		for {
			if _, err := conn.Write(text); err != nil {
				return
			}
		}
	}
	for name, c := range map[string]struct {
		send   func(net.Conn)
		code   websocket.StatusCode
		reason string
	}{
		"frames without end": {func(conn net.Conn) {
			forever(conn, frame(false, 0, string(make([]byte, 1000))))
		}, websocket.StatusMessageTooBig, "Message too big"},
		"empty frames without end": {func(conn net.Conn) { forever(conn, frame(false, 0, "")) }, websocket.StatusPolicyViolation, "Message took too long"},
		"silence":                  {func(net.Conn) {}, websocket.StatusPolicyViolation, "Message took too long"},
		"a frame of which the rest never comes": {func(conn net.Conn) {
			_, _ = conn.Write(frame(true, 0, "xxxx")[:8])
		}, websocket.StatusPolicyViolation, "Message took too long"},
		"pings in between": {func(conn net.Conn) {
			for {
				<-time.After(20 * time.Millisecond)
				if _, err := conn.Write(frame(true, 9, "")); err != nil {
					return
				}
			}
		}, websocket.StatusPolicyViolation, "Message took too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, reader := s.raw(t, smallBuffer)
			go func() {
				_, _ = conn.Write(frame(false, 1, `{"type":`))
				c.send(conn)
			}()
			if code, reason := lastWords(t, reader); code != c.code || reason != c.reason {
				t.Errorf("closed with %d %q, want %d %q", code, reason, c.code, c.reason)
			}
		})
	}
}

// smallBuffer is for what a client that never reads receives.
const smallBuffer = 4 << 10

func TestADeadClientIsFound(t *testing.T) {
	t.Parallel()
	for name, last := range map[string][]byte{
		"silent":              nil,
		"dead in mid-message": frame(true, 1, `{"type":"ping"}`)[:1],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, transport.WebSocketConfig{PingInterval: 100 * time.Millisecond, PongTimeout: 100 * time.Millisecond})
			conn, _ := s.raw(t, smallBuffer)
			_, _ = conn.Write(append(frame(true, 1, subscribing("1", `subscription { forever }`)), last...))
			eventually(t, "its connection ends", func() bool { return s.serving.Load() == 0 })
		})
	}
}

// A102: a subscriber that never reads is cut off; it costs little until then,
// and others notice nothing.
func TestASubscriberThatNeverReadsIsCutOff(t *testing.T) { //nolint:paralleltest // it measures the heap
	const writeTimeout = time.Second
	s := newStage(t, transport.WebSocketConfig{WriteTimeout: writeTimeout, MessageRate: 1_000_000})
	other := s.open(t)
	begun, heap := time.Now(), heapInUse()
	for range 10 {
		conn, _ := s.raw(t, smallBuffer)
		for _, id := range []string{"1", "2", "3"} {
			if _, err := conn.Write(frame(true, 1, subscribing(id, `subscription { flood }`))); err != nil {
				t.Fatal(err)
			}
		}
	}
	most, heard := uint64(0), 0
	for s.serving.Load() > 1 && time.Since(begun) < patience {
		asked := time.Now()
		other.subscribe("1", `subscription { three }`)
		for range 4 {
			other.hear()
		}
		if took := time.Since(asked); took > 2*time.Second {
			t.Errorf("another subscriber waited for %s", took)
		}
		heard++
		if heard%100 == 0 {
			most = max(most, heapInUse())
		}
	}
	if took := time.Since(begun); s.serving.Load() != 1 || took > writeTimeout+10*time.Second {
		t.Errorf("%d of 10 are left after %s", s.serving.Load()-1, took)
	}
	if most > heap+64<<20 || heard < 10 {
		t.Errorf("the heap grew from %d to %d bytes, while another subscriber heard of %d operations", heap, most, heard)
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func TestASlowSubscriberIsToldSoIfItReadsAtLast(t *testing.T) {
	t.Parallel()
	const writeTimeout = time.Second
	s := newStage(t, transport.WebSocketConfig{WriteTimeout: writeTimeout})
	conn, reader := s.raw(t, 1<<20)
	if _, err := conn.Write(frame(true, 1, subscribing("1", `subscription { flood }`))); err != nil {
		t.Fatal(err)
	}
	sent, since := int64(-1), time.Now()
	eventually(t, "the buffers are full, and the writer waits too long", func() bool {
		if now := s.flooded.Load(); now != sent {
			sent, since = now, time.Now()
		}
		return time.Since(since) > 2*writeTimeout
	})
	if code, reason := lastWords(t, reader); code != websocket.StatusTryAgainLater || reason != "Too slow" {
		t.Errorf("closed with %d %q, want 1013", code, reason)
	}
}
