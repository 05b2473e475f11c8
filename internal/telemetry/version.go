package telemetry

import "runtime/debug"

// Version returns the version of the running binary, as Go's own tools know it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
