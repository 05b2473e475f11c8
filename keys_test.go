package main

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"barograph/internal/postgres/postgrestest"
)

// runs runs a command that must succeed, and returns what it prints for programs
// and for people.
func runs(t *testing.T, args ...string) (out, notes string) {
	t.Helper()
	cmd := command(t, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v; it printed:\n%s", args, err, &stderr)
	}
	return stdout.String(), stderr.String()
}

var keyText = regexp.MustCompile(`^barograph_([a-z2-7]{10})_[a-z2-7]{47}\n$`)

func TestKeysAreManagedByCommandsBesideAGatewayOrWithoutOne(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "data")
	on := []string{"--data-dir", dir}
	g := serve(t, dir)
	mint := func() (text, id string) {
		out, notes := runs(t, append([]string{"keys", "create", "--name", "nightly import", "--role", "producer", "--scope", "records:read", "--pipelines", "orders,eu-*", "--expires-in", "720h"}, on...)...)
		found := keyText.FindStringSubmatch(out)
		if found == nil || !strings.Contains(notes, "made API key "+found[1]) || strings.Contains(notes, strings.TrimSpace(out)) {
			t.Fatalf("it printed %q, and %q", out, notes)
		}
		return strings.TrimSpace(out), found[1]
	}
	line := regexp.MustCompile(`(?m)^([a-z2-7]{10})  nightly import  weather:read,records:read,payloads:write  eu-\*,orders  2\S+Z  command line  2\S+Z  -  +-$`)
	_, first := mint()
	listed, _ := runs(t, append([]string{"keys", "list"}, on...)...)
	if found := line.FindStringSubmatch(listed); found == nil || found[1] != first {
		t.Errorf("listed are\n%s", listed)
	}
	if got := g.data(t, `{ apiKeys { nodes { id createdBy } } auditEvents(first: 1) { nodes { actor actorKind action target } } }`, nil); got !=
		`{"apiKeys":{"nodes":[{"id":"ApiKey:`+first+`","createdBy":"command line"}]},"auditEvents":{"nodes":[{"actor":"command line","actorKind":"COMMAND_LINE","action":"CREATE_API_KEY","target":"`+first+`"}]}}` {
		t.Errorf("the gateway says %s", got)
	}
	if out, _ := runs(t, append([]string{"keys", "revoke", first}, on...)...); !strings.HasPrefix(out, "revoked "+first+" (nightly import) at 2") {
		t.Errorf("it printed %q", out)
	}
	g.data(t, `{ city(name: "Oslo") { name } records { totalCount } }`, nil) // it lives on
	g.signal(t, syscall.SIGTERM)
	if code := g.wait(t); code != 0 {
		t.Errorf("the gateway ended with %d:\n%s", code, g.out)
	}

	text, second := mint()
	if out, _ := runs(t, append([]string{"keys", "revoke", text}, on...)...); !strings.HasPrefix(out, "revoked "+second) || strings.Contains(out, text) {
		t.Errorf("given a key's text, it printed %q", out)
	}
	if listed, _ := runs(t, append([]string{"keys", "list"}, on...)...); strings.Contains(listed, first) || strings.Contains(listed, second) {
		t.Errorf("listed are, of those that are revoked:\n%s", listed)
	}
	listed, _ = runs(t, append([]string{"keys", "list", "--all"}, on...)...)
	if i, j := strings.Index(listed, second), strings.Index(listed, first); i < 0 || j < i || strings.Contains(listed, text[len(text)-20:]) {
		t.Errorf("listed are\n%s", listed)
	}
}

func TestAKeyMayBeMadeBeforeAGatewayHasStarted(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	out, _ := runs(t, "keys", "create", "--name", "first", "--role", "admin", "--database-url", database)
	if !keyText.MatchString(out) {
		t.Errorf("it printed %q", out)
	}
	listed, _ := runs(t, "keys", "list", "--database-url", database)
	if !regexp.MustCompile(`  first  .*audit:read  all  .*  -  +-  +-`).MatchString(listed) {
		t.Errorf("listed are\n%s", listed)
	}
}
