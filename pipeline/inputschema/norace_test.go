//go:build !race

package inputschema_test

const raced = false
