package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// packagesOf returns the npm packages that a lock file names, with the
// licences they declare.
func packagesOf(_ context.Context, path string) ([]dependency, error) {
	text, err := os.ReadFile(path) //nolint:gosec // what the caller names
	if err != nil {
		return nil, err
	}
	var lock struct {
		Version  int `json:"lockfileVersion"`
		Packages map[string]struct {
			Version, License string
			Link             bool
		}
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if lock.Version != 3 {
		return nil, fmt.Errorf("%s: lock files of version %d are not known, only of version 3", path, lock.Version)
	}
	var all []dependency
	for place, p := range lock.Packages {
		if place == "" || p.Link { // the project itself
			continue
		}
		name := place[strings.LastIndex(place, "node_modules/")+len("node_modules/"):]
		all = append(all, dependency{name: name, version: p.Version, licence: p.License})
	}
	return all, nil
}
