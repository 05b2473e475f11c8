// Package unbound is where a schema type lands that gqlgen.yml binds to no Go
// type. It stays empty: what is generated here is not committed, and so does
// not compile anywhere else.
package unbound
