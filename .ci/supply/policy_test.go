package main

import "testing"

func TestLicencesAreAllowedByName(t *testing.T) {
	for expression, want := range map[string]bool{
		"MIT":                           true,
		"(MIT OR Apache-2.0)":           true,
		"MIT OR GPL-3.0-only":           true,
		"MIT AND BSD-3-Clause":          true,
		"MIT AND GPL-3.0-only":          false,
		"(MIT AND GPL-2.0) OR AGPL-3.0": false,
		"GPL-3.0-only":                  false,
		"LGPL-2.1-or-later":             false,
		"SEE LICENSE IN LICENSE":        false,
		"UNLICENSED":                    false,
		"mit":                           false,
		"":                              false,
	} {
		if got := allowed(expression); got != want {
			t.Errorf("%q is allowed: %v, want %v", expression, got, want)
		}
	}
}

func TestAnExceptionHoldsForTheLicenceItNames(t *testing.T) {
	for licence, want := range map[string]bool{"CC-BY-4.0": true, "CC-BY-NC-4.0": false, "": false, "MIT": true} {
		if got := (dependency{name: "caniuse-lite", licence: licence}).allowed(); got != want {
			t.Errorf("under %q it is allowed: %v, want %v", licence, got, want)
		}
	}
}
