package main

import (
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
	// clear is how much of a file must be the text of licences, in percent, for
	// what it says to count.
	clear = 75
	// unclear stands in an expression for one that is in other words.
	unclear = "LicenseRef-unclear"
)

var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)([-.].*)?$`)

// modules returns the modules that this one's programs and tests are built from,
// with their licences.
func modules() ([]dependency, error) {
	list := exec.Command("go", "list", "-deps", "-test", "-f",
		`{{with .Module}}{{if not .Main}}{{with .Replace}}{{.Path}} {{.Version}} {{.Dir}}{{else}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}{{end}}`, "./...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the modules: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	var all []dependency
	for _, line := range slices.Compact(lines) {
		part := strings.SplitN(line, " ", 3)
		if len(part) != 3 {
			continue // a package of the standard library
		}
		licence, err := licenceIn(part[2])
		if err != nil {
			return nil, fmt.Errorf("licence of %s: %w", part[0], err)
		}
		all = append(all, dependency{name: part[0], version: part[1], licence: licence, folder: part[2]})
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
		if file.IsDir() || !licenceFile.MatchString(file.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			return "", err
		}
		coverage := licensecheck.Scan(text)
		if coverage.Percent < clear {
			found = append(found, unclear)
		}
		for _, match := range coverage.Match {
			found = append(found, match.ID)
		}
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " AND "), nil
}
