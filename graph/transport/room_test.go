package transport_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"barograph/graph/transport"
)

// lodge returns a body of so many bytes that asks for a name.
func lodge(t *testing.T, room *transport.Room, size int) (body io.Reader, leave func()) {
	t.Helper()
	const text = `{"query":"{ name }"`
	return room.Body(io.NopCloser(strings.NewReader(text + strings.Repeat(" ", size-len(text)-1) + "}")))
}

func TestBodiesTakeNoMoreRoomThanThereIsTogether(t *testing.T) {
	t.Parallel()
	const large, small = 200 << 10, 64 << 10
	to, room := transport.HTTP{BodyLimit: bodyLimit}, transport.NewRoom(300<<10)
	ask := func(size int) (res response, leave func()) {
		body, leave := lodge(t, room, size)
		return record(t, to, http.MethodPost, "/", body, nil), leave
	}
	first, leaveFirst := ask(large)
	second, leaveSecond := ask(large)
	third, leaveThird := ask(large)
	if first.status != http.StatusOK || second.status != http.StatusOK {
		t.Errorf("two for which there is room are answered %d and %d", first.status, second.status)
	}
	const want = `"extensions":{"code":"OVERLOADED","retryAfterMs":1000,"retryable":true}`
	if third.status != http.StatusServiceUnavailable || third.header.Get("Retry-After") != "1" || !strings.Contains(third.text, want) {
		t.Errorf("a third: %d, Retry-After %q, %s; want 503, 1 and %s", third.status, third.header.Get("Retry-After"), third.text, want)
	}
	if res, leave := ask(small); res.status != http.StatusOK {
		t.Errorf("a small one beside them: %d %s", res.status, res.text)
	} else {
		leave()
	}
	leaveThird()
	leaveFirst()
	if res, leave := ask(large); res.status != http.StatusOK {
		t.Errorf("once one is over: %d %s", res.status, res.text)
	} else {
		leave()
	}
	leaveSecond()
	whole, leave := ask(small + 300<<10)
	defer leave()
	if whole.status != http.StatusOK {
		t.Errorf("one that takes all the room, once all are over: %d %s", whole.status, whole.text)
	}
}
