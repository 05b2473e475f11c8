// Command supply tells what the product is made of, and whether all of it may be
// used. It writes a CycloneDX bill of materials of a binary, which names every
// module that was linked into it, and checks the licences of these, of what tests
// and examples need besides, and of npm packages. It has a module of its own, so
// that its dependencies are not the product's.
//
//	supply BINARY BILL {go.mod | package-lock.json}...
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: supply BINARY BILL {go.mod | package-lock.json}...")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the bill of the binary and fails if a licence is not allowed of what
// the files name.
func run(ctx context.Context, binary, bill string, files []string) error {
	var modules, packages []dependency
	for _, file := range files {
		list, read := &modules, modulesOf
		if filepath.Base(file) != "go.mod" {
			list, read = &packages, packagesOf
		}
		found, err := read(ctx, file)
		if err != nil {
			return err
		}
		*list = append(*list, found...)
	}
	modules, packages = distinct(modules), distinct(packages)
	linked, err := writeBill(binary, bill, modules)
	if err != nil {
		return err
	}
	var refused []string
	for _, d := range slices.Concat(modules, packages) {
		if !d.allowed() {
			refused = append(refused, d.String())
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("these may not be used, by their licences:\n%s", strings.Join(refused, "\n"))
	}
	fmt.Printf("%d Go modules, %d of them in the binary, and %d npm packages have licences that are allowed\n", len(modules), linked, len(packages))
	return nil
}
