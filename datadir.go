package main

import (
	"os"
	"path/filepath"
	"runtime"
)

// dataDir returns where data is kept when nobody says otherwise. For root it is
// no home, since those can be closed to the user that PostgreSQL runs as.
func dataDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/barograph"
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "barograph")
	}
	home, err := os.UserHomeDir()
	switch {
	case err != nil:
		return filepath.Join(os.TempDir(), "barograph")
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support", "barograph")
	}
	return filepath.Join(home, ".local", "share", "barograph")
}
