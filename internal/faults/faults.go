// Package faults holds no code but tests: what breaks beneath the program or
// around it, each as a case that is run against the built program, with what is
// promised of it. A case that another package's test shows names that test.
package faults
