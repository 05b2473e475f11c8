//go:build linux || darwin

package private_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"barograph/internal/postgres/private"
)

func TestAServerThatRunsIsFoundByAnotherProgram(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{
		"as it is":                       seeded(t),
		"too deep for its socket's path": filepath.Join(folder(t), strings.Repeat("deep", 30)),
	} {
		if _, err := private.Running(dir, "postgres"); !errors.Is(err, private.ErrNoServer) {
			t.Errorf("%s, before it runs: %v, want ErrNoServer", name, err)
		}
		s := start(t, private.Config{Dir: dir, Volatile: true})
		url, err := private.Running(dir, "postgres")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var one int
		if err := conn.QueryRow(t.Context(), "select 1").Scan(&one); err != nil || one != 1 {
			t.Errorf("%s: it answers %d, %v", name, one, err)
		}
		_ = conn.Close(t.Context())
		stop(t, s)
		if _, err := private.Running(dir, "postgres"); !errors.Is(err, private.ErrNoServer) {
			t.Errorf("%s, after it has run: %v, want ErrNoServer", name, err)
		}
	}
}
