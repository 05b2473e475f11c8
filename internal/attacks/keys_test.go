package attacks_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"barograph/internal/postgres/postgrestest"
	"barograph/internal/programtest"
)

// keyed starts a gateway that wants a key, and returns it with what runs the command
// that makes keys on its database.
func keyed(t *testing.T) (g *gateway, keys func(args ...string) string) {
	t.Helper()
	program, database := programtest.Build(t), "--database-url="+postgrestest.Database(t)
	return run(t, program, nil, database, "--weather=simulator", "--require-authentication"), func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), program, append([]string{"keys", database}, args...)...).Output()
		if err != nil {
			t.Fatalf("keys %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
}

// TestWhatIsAlmostAKeyIsRefused is A148, as far as a client sees: whatever is not the
// key itself is refused in the same words, and the log has no part of its secret.
func TestWhatIsAlmostAKeyIsRefused(t *testing.T) {
	t.Parallel()
	g, keys := keyed(t)
	key, another := keys("create", "--name=ci", "--role=viewer"), keys("create", "--name=other", "--role=viewer")
	g.letsIn(t, "the key", key)
	prefix := key[:strings.LastIndex(key, "_")+1]
	changed := "a"
	if strings.HasSuffix(key, changed) {
		changed = "b"
	}
	for name, miss := range map[string]string{
		"nothing of its secret": prefix, "its beginning": key[:len(key)-1], "more than it": key + "a", "its last letter another": key[:len(key)-1] + changed,
		"another's secret": prefix + another[len(prefix):],
	} {
		g.keepsOut(t, name, miss)
		if got := g.post(t, whoAsks, "Authorization", "Bearer "+miss); !strings.Contains(got.body, `"there is no such API key"`) {
			t.Errorf("%s is answered %s, want that there is no such key", name, got)
		}
	}
	g.keepsOut(t, "what is kept of it", fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
	g.keepsOut(t, "upper case", strings.ToUpper(key))
	if strings.Contains(g.log.String(), key[len(prefix):len(prefix)+8]) {
		t.Errorf("the log has a part of the secret: %s", g.log)
	}
}

// TestWhatIsServedEndsWithItsKey is A104: a key is revoked, by a command that knows
// nothing of the gateway, while a socket is open with it and a stream of events.
func TestWhatIsServedEndsWithItsKey(t *testing.T) {
	t.Parallel()
	g, keys := keyed(t)
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
