package main

import _ "embed"

// schema is the whole public contract.
//
//go:embed schema.graphqls
var schema string
