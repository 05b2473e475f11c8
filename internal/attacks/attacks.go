// Package attacks holds no code but tests: what hostile clients try, each as a
// case that is run against the built program, with what must come of it. A case
// that cannot be run says why.
package attacks
