//go:build !race

package document_test

const (
	slowdown = 1
	finer    = 8
)
