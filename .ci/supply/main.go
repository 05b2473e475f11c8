// Command supply tells what the product is made of, and whether all of it may be
// used. It writes a CycloneDX bill of materials of a binary, which names every
// module that was linked into it, and checks the licences of these, of what the
// tests need besides, and of the npm packages in lock files. It has a module of its
// own, so that its dependencies are not the product's.
//
//	supply BINARY BILL LOCKFILE...
//
// It runs in the folder of the binary's module.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: supply BINARY BILL LOCKFILE...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the bill of the binary and fails if a licence is not allowed.
func run(binary, bill string, locks []string) error {
	modules, err := modules()
	if err != nil {
		return err
	}
	linked, err := writeBill(binary, bill, modules)
	if err != nil {
		return err
	}
	all := slices.Clone(modules)
	for _, lock := range locks {
		packages, err := lockedPackages(lock)
		if err != nil {
			return err
		}
		all = append(all, packages...)
	}
	var refused []string
	for _, p := range all {
		if !p.allowed() {
			refused = append(refused, p.String())
		}
	}
	if len(refused) > 0 {
		return fmt.Errorf("these may not be used, by their licences:\n%s", strings.Join(refused, "\n"))
	}
	fmt.Printf("%d Go modules, %d of them in the binary, and %d npm packages have licences that are allowed\n",
		len(modules), linked, len(all)-len(modules))
	return nil
}
