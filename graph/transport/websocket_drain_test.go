package transport_test

import (
	"strings"
	"testing"

	"barograph/graph/transport"
)

func TestASocketGoesAwayWhenTheServerStops(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{})
	idle, busy := s.open(t), s.open(t)
	busy.subscribe("1", `subscription { forever }`)
	eventually(t, "it runs", func() bool { return s.active.Load() == 1 })
	s.drain.Begin()
	idle.isClosed(1001, "Going away")
	busy.isClosed(1001, "Going away")
	eventually(t, "nothing is left", func() bool { return s.active.Load() == 0 && s.serving.Load() == 0 })
}

func TestWhatIsUnderWayIsAnsweredBeforeTheServerStops(t *testing.T) {
	t.Parallel()
	s := newStage(t, transport.WebSocketConfig{})
	c := s.open(t)
	c.subscribe("events", `subscription { forever }`)
	c.subscribe("1", `{ held }`)
	<-s.held
	s.drain.Begin()
	eventually(t, "nothing new begins", func() bool {
		c.subscribe("2", `{ name }`)
		answer := c.hear()
		if strings.Contains(answer, `"next"`) {
			c.hears(`{"id":"2","type":"complete"}`)
			return false
		}
		if answer != `{"id":"2","type":"error","payload":[{"message":"the server is stopping","extensions":{"code":"UNAVAILABLE"}}]}` {
			t.Errorf("a late operation is answered %s", answer)
		}
		return true
	})
	s.release <- struct{}{}
	c.hears(`{"id":"1","type":"next","payload":{"data":{"held":"test"}}}`, `{"id":"1","type":"complete"}`)
	c.isClosed(1001, "Going away")
}
