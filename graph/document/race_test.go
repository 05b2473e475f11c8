//go:build race

package document_test

// slowdown is how much longer everything takes under the race detector, at most.
const slowdown = 15

// finer is how much of a size the next one is larger by.
const finer = 2
