// Package matrix holds no code but tests: each field of the schema, asked for by
// everybody who may be told apart, of what is theirs, of what is another's, and of
// what is not there. What must come of it is read from the schema's directives, by
// a reader of its own.
package matrix
