package attacks_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"barograph/internal/postgres/postgrestest"
	"barograph/internal/programtest"
)

// TestWhatIsServedEndsWithItsKey is A104: a key is revoked, by a command that knows
// nothing of the gateway, while a socket is open with it and a stream of events.
func TestWhatIsServedEndsWithItsKey(t *testing.T) {
	t.Parallel()
	program, database := programtest.Build(t), "--database-url="+postgrestest.Database(t)
	g := run(t, program, nil, database, "--weather=simulator", "--require-authentication")
	keys := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), program, append([]string{"keys", database}, args...)...).Output()
		if err != nil {
			t.Fatalf("keys %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	writer, key := keys("create", "--name=writer", "--role=producer"), keys("create", "--name=reader", "--role=viewer")
	id := strings.Split(key, "_")[1]
	g.token = writer

	s := g.handshake(t, nil)
	s.send(t, `{"type":"connection_init","payload":{"X-API-Key":"`+key+`"}}`)
	if m, err := s.next(t); err != nil || m.Type != "connection_ack" {
		t.Fatalf("it is answered %+v, %v", m, err)
	}
	s.send(t, subscribe("1", "subscription { recordChanged { record { id } } }"))
	s.awaitEvent(t, g)
	streamed := make(chan answer, 1)
	go func() {
		streamed <- g.post(t, `{"query":"subscription { recordChanged { record { id } } }"}`, "Accept", "text/event-stream", "Authorization", "Bearer "+key)
	}()
	keys("revoke", id)
	revoked := time.Now()
	s.closes(t, 4403)
	if got := <-streamed; !strings.Contains(got.body, unauthenticated) {
		t.Errorf("the stream ends with %s, want %s", got, unauthenticated)
	}
	if late := time.Since(revoked); late > 30*time.Second {
		t.Errorf("all ends %v after the key was revoked, want 30s at most", late)
	}
	if got := g.post(t, `{"query":"{ me { name } }"}`, "Authorization", "Bearer "+key); got.status != http.StatusUnauthorized {
		t.Errorf("the key is still good for %s", got)
	}
}
