//go:build unix

package seal_test

import (
	"os"
	"syscall"
	"testing"

	"barograph/internal/seal"
)

func TestChangeLeavesTheFileToThoseWhoCouldReadIt(t *testing.T) {
	t.Parallel()
	source := inFile(t)
	if err := source.Create(generate(t)); err != nil {
		t.Fatal(err)
	}
	for _, owner := range owners(t) {
		if err := os.Chown(source.File, owner[0], owner[1]); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(source.File, 0o640); err != nil {
			t.Fatal(err)
		}
		if _, err := source.Change((*seal.Keyset).Rotate); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(source.File)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Sys().(*syscall.Stat_t); info.Mode() != 0o640 || int(got.Uid) != owner[0] || int(got.Gid) != owner[1] {
			t.Errorf("after a change, the file is %v of %d:%d, want -rw-r----- of %d:%d", info.Mode(), got.Uid, got.Gid, owner[0], owner[1])
		}
	}
}

// owners returns owners and groups that a file of this process may be given.
func owners(t *testing.T) (all [][2]int) {
	t.Helper()
	if os.Geteuid() == 0 {
		return [][2]int{{0, 4321}, {1234, 4321}, {1234, 0}}
	}
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range append(groups, os.Getegid()) {
		all = append(all, [2]int{os.Geteuid(), group})
	}
	return all
}
