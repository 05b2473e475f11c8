package attacks_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"barograph/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// quick is how much time of a processor a hostile document may take to be refused
// or begun. The time by the clock says more of what else the machine does.
const quick = 200 * time.Millisecond

// memoryLimit bounds what a process has ever held, in MiB, after every attack on
// it. An idle one holds some 100.
const memoryLimit = 600

// An attack is one case: what is tried and what must come of it.
type attack struct {
	id, name string
	run      func(*testing.T, *gateway)
	slow     bool // it waits for deadlines of half a minute and more
}

// try runs attacks one after the other against one process, which must be alive
// and small in the end, and must have logged no error of its own.
func try(t *testing.T, g *gateway, attacks []attack) {
	t.Helper()
	for _, a := range attacks {
		t.Run(a.id+" "+a.name, func(t *testing.T) {
			if a.slow && os.Getenv("BAROGRAPH_SOAK") == "" {
				t.Skip("it takes a minute: BAROGRAPH_SOAK=1 runs it")
			}
			a.run(t, g)
		})
	}
	if got := g.ask(t, `{ __typename }`); !strings.HasPrefix(got.body, `{"data":{"__typename":"Query"}`) || strings.Contains(got.body, `"errors"`) {
		t.Errorf("after all of it, the gateway answers %s", got)
	}
	if peak := g.peakMemory(t); peak > memoryLimit {
		t.Errorf("the process has held %d MiB, want at most %d", peak, memoryLimit)
	} else {
		t.Logf("the process has held %d MiB at most", peak)
	}
	for line := range strings.Lines(g.log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("logged: %s", line)
		}
	}
}
