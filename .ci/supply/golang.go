package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

const (
	// enough is how much of a file must be the text of licences, in percent, for
	// what it says to count.
	enough = 75
	// unclear stands in an expression for one that is in other words.
	unclear = "LicenseRef-unclear"
)

var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)([-.].*)?$`)

// modulesOf returns the modules that the programs and tests of another are built
// from, with their licences.
func modulesOf(ctx context.Context, file string) ([]dependency, error) {
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-test", "-f",
		`{{with .Module}}{{if not .Main}}{{with .Replace}}{{.Path}} {{.Version}} {{.Dir}}{{else}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}{{end}}`, "./...")
	list.Dir, list.Stderr = filepath.Dir(file), os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the modules of %s: %w", file, err)
	}
	lines := strings.Split(string(out), "\n")
	slices.Sort(lines)
	var all []dependency
	for _, line := range slices.Compact(lines) {
		part := strings.SplitN(line, " ", 3)
		if len(part) != 3 {
			continue // a package of the standard library, or of the module itself
		}
		licence, err := licenceIn(part[2])
		if err != nil {
			return nil, fmt.Errorf("licence of %s: %w", part[0], err)
		}
		all = append(all, dependency{name: part[0], version: part[1], licence: licence})
	}
	return all, nil
}

// licenceIn returns the licence that the files in a module's folder give, as an
// SPDX expression. Of several, all have to be met.
func licenceIn(folder string) (string, error) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	var found []string
	for _, file := range files {
		if file.IsDir() || !licenceFile.MatchString(file.Name()) || filepath.Ext(file.Name()) == ".go" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, file.Name())) //nolint:gosec // of a module that Go has checked
		if err != nil {
			return "", err
		}
		coverage := licensecheck.Scan(text)
		if coverage.Percent < enough {
			found = append(found, unclear)
		}
		for _, match := range coverage.Match {
			found = append(found, match.ID)
		}
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " AND "), nil
}
