package faults_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"barograph/internal/postgres/postgrestest"
)

// disk returns a directory on a disk of its own, with a file system in a file, and
// the name the kernel has for it.
func disk(t *testing.T, megabytes int64) (dir, name string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a disk of the test's own")
	}
	image := filepath.Join(t.TempDir(), "disk")
	if err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, megabytes<<20)); err != nil {
		t.Fatal(err)
	}
	root := filepath.Dir(dataDir(t))
	for _, command := range [][]string{{"mkfs.ext4", "-q", "-m", "0", image}, {"mount", "-o", "loop,errors=remount-ro", image, root}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("a disk cannot be mounted here: %s: %v: %s", command[0], err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", root).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); fields[1] == root {
			name = filepath.Base(fields[0])
		}
	}
	return filepath.Join(root, "data"), name
}

// diskFull is F21.
func diskFull(t *testing.T) {
	dir, _ := disk(t, 256)
	g := start(t, "--data-dir="+dir)
	l := &ledger{}
	for i := range 20 {
		l.send(t.Context(), g, fmt.Sprintf("before-%d", i), "x")
	}
	filler := filepath.Join(filepath.Dir(dir), "filler")
	fill(t, filler)
	content := rand.Text() + strings.Repeat(rand.Text(), 1000)
	refused := 0
	for i := 0; i < 200 && refused < 20; i++ {
		if _, acknowledged := l.send(t.Context(), g, fmt.Sprintf("full-%d", i), content); !acknowledged {
			refused++
		}
	}
	if refused == 0 || l.failures["UNAVAILABLE"] == 0 {
		t.Errorf("on a full disk, %d of %d were refused, with %v; want UNAVAILABLE", refused, len(l.sent), l.failures)
	}
	if got := g.data(t, `{ record(payloadId: "before-0") { payload } }`, nil); !strings.Contains(got, `"before-0"`) {
		t.Errorf("on a full disk, a read is answered %s", got)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, "payloads are taken in again", func() bool {
		_, acknowledged := l.send(t.Context(), g, "after", content)
		return acknowledged
	})
	sent := l.sent
	l.sent = nil // their content was another one
	l.settle(t, g)
	for _, id := range sent[len(sent)-5:] {
		if _, acknowledged := l.send(t.Context(), g, id, content); !acknowledged {
			t.Errorf("sent again, %s is not acknowledged: %v", id, l.wrong)
		}
	}
}

// fill writes a file until there is no space left.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it is full
	block := make([]byte, 64<<10)
	for err == nil {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

// diskReadOnly is F22: the file system meets an error, and lets nobody write.
func diskReadOnly(t *testing.T) {
	dir, name := disk(t, 256)
	g := start(t, "--data-dir="+dir, "--operation-timeout=2s")
	l := &ledger{}
	l.send(t.Context(), g, "before", "x")
	if err := os.WriteFile(filepath.Join("/sys/fs/ext4", name, "trigger_fs_error"), []byte("1"), 0o200); err != nil {
		t.Skipf("the disk cannot be made to fail: %v", err)
	}
	eventually(t, "it is not ready", func() bool {
		_, acknowledged := l.send(t.Context(), g, "after", "x")
		if acknowledged {
			t.Error("acknowledged on a read-only disk")
		}
		return !g.ready(t)
	})
	for i := range 5 {
		if answered, acknowledged := l.send(t.Context(), g, fmt.Sprint(i), "x"); !answered || acknowledged {
			t.Errorf("on a read-only disk: answered %v, acknowledged %v", answered, acknowledged)
		}
	}
	if g.ready(t) || !g.alive() {
		t.Errorf("ready %v, alive %v; it printed:\n%s", g.ready(t), g.alive(), g.log.Tail())
	}
	if len(l.wrong) > 0 {
		t.Errorf("answered %v; it printed:\n%s", l.wrong, g.log.Tail())
	}
	t.Logf("others %v", l.failures)
}

// diskSlow is F23. Every commit waits, as for a disk that takes half a second.
func diskSlow(t *testing.T) {
	const callers, wait = 300, 500 * time.Millisecond
	database := postgrestest.Database(t)
	g := onDatabase(t, database)
	slow(t, database, wait)
	l := &ledger{}
	began := time.Now()
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { l.send(t.Context(), g, fmt.Sprint(i), "x") })
	}
	all.Wait()
	if took := time.Since(began); took > 10*wait || l.acknowledgements() != callers {
		t.Errorf("%d of %d were acknowledged after %v, %v", l.acknowledgements(), callers, took, l.failures)
	}
	var rows int
	if err := connect(t, database).QueryRow(t.Context(), `select count(*) from records`).Scan(&rows); err != nil || rows != callers {
		t.Errorf("there are %d records, %v, want %d", rows, err, callers)
	}
	l.sent = l.sent[:2] // one after another, they would take their time
	l.settle(t, g)
}
