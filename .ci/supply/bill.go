package main

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"slices"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
)

// writeBill writes what a binary is made of, in CycloneDX's JSON, and returns how
// many modules that is. Each must be one of the modules that are given, from which
// it takes their licences. The same binary has the same bill, to the byte.
func writeBill(binary, path string, modules []dependency) (linked int, err error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return 0, fmt.Errorf("read what %s was built from: %w", binary, err)
	}
	product := cyclonedx.Component{
		Type: cyclonedx.ComponentTypeApplication, BOMRef: info.Main.Path, Name: info.Main.Path, Version: info.Main.Version,
	}
	// The standard library is no module, and has to be watched like one.
	all := []cyclonedx.Component{library(dependency{
		name: "std", version: strings.TrimPrefix(info.GoVersion, "go"), licence: "BSD-3-Clause",
	})}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		at := slices.IndexFunc(modules, func(d dependency) bool { return d.name == m.Path && d.version == m.Version })
		if at < 0 {
			return 0, fmt.Errorf("%s has %s %s in it, which nothing here needs: is it built from this?", binary, m.Path, m.Version)
		}
		all = append(all, library(modules[at]))
	}
	needs := []string{}
	for _, c := range all {
		needs = append(needs, c.BOMRef)
	}
	bill := cyclonedx.NewBOM()
	bill.Metadata = &cyclonedx.Metadata{Component: &product}
	bill.Components = &all
	bill.Dependencies = &[]cyclonedx.Dependency{{Ref: product.BOMRef, Dependencies: &needs}}
	var text bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&text, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bill); err != nil {
		return 0, fmt.Errorf("write the bill: %w", err)
	}
	return len(info.Deps), os.WriteFile(path, text.Bytes(), 0o600) //nolint:gosec // where the caller wants it
}

// library returns a Go module as a part of a bill.
func library(d dependency) cyclonedx.Component {
	purl := "pkg:golang/" + d.name + "@" + d.version
	return cyclonedx.Component{
		Type: cyclonedx.ComponentTypeLibrary, BOMRef: purl, Name: d.name, Version: d.version, PackageURL: purl,
		Scope:    cyclonedx.ScopeRequired,
		Licenses: &cyclonedx.Licenses{{Expression: d.licence}},
	}
}
