// Package attacks holds no code but tests: what hostile clients try, each as a
// case that is run against the built program, with what must come of it. What is
// tried elsewhere has its number in the comment of the test that does.
package attacks
