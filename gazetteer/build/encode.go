package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"barograph/gazetteer/internal/fold"
)

// encode writes what gazetteer.Read reads: a line about the data, the divisions
// with a city in them, an empty line, and the places.
func encode(places []place, names map[string]string, snapshot string) ([]byte, error) {
	used := map[string]bool{}
	for _, p := range places {
		if p.admin1 != "" {
			used[p.country+"."+p.admin1] = true
		}
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "gazetteer/1\tGeoNames %s\tCC BY 4.0\n", snapshot)
	for _, code := range slices.Sorted(maps.Keys(used)) {
		fmt.Fprintf(&text, "%s\t%s\t%s\n", code, names[code], postal[code])
	}
	text.WriteByte('\n')
	for _, p := range places {
		row := []string{
			strconv.Itoa(p.id), p.name, p.country, p.admin1, degrees(p.latitude), degrees(p.longitude),
			p.elevation, strconv.Itoa(p.population), p.timeZone, strings.Join(alternates(p), ","),
		}
		text.WriteString(strings.Join(row, "\t") + "\n")
	}
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := zip.Write(text.Bytes()); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// degrees writes an angle as short as it can be read back.
func degrees(angle float64) string {
	return strconv.FormatFloat(angle, 'f', -1, 64)
}

// alternates returns the place's other names, folded, in order and each once: those
// in Latin letters that say something its primary name does not.
func alternates(p place) []string {
	primary := fold.Name(p.name)
	var all []string
	for _, name := range p.names {
		folded := fold.Name(name)
		if len(folded) > 1 && folded != primary && latin(folded) {
			all = append(all, folded)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// latin reports whether a folded name is of plain Latin letters and digits.
func latin(folded string) bool {
	return !strings.ContainsFunc(folded, func(r rune) bool { return r > '~' })
}
