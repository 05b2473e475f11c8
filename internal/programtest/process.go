package programtest

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ProcessorTime returns how much time of a processor a process has used, and
// whether that can be told here: on Linux.
func ProcessorTime(pid int) (used time.Duration, known bool) {
	const tick = 10 * time.Millisecond
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	_, after, _ := strings.Cut(string(text), ") ") // the name, which may have spaces
	fields := strings.Fields(after)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, true
}

var mostHeld = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// PeakMemory returns the most memory that a process has held, in MiB. It skips
// the test where that cannot be told: elsewhere than on Linux.
func PeakMemory(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("memory is measured on Linux: %v", err)
	}
	found := mostHeld.FindSubmatch(status)
	if found == nil {
		t.Fatal("the kernel does not tell the memory")
	}
	kb, _ := strconv.Atoi(string(found[1]))
	return kb >> 10
}
