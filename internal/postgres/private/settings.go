//go:build linux || darwin

package private

import (
	"maps"
	"slices"
)

// settings returns the server's command line beyond its data directory. Settings
// given here win over the files in the data directory, so that what matters to
// safety does not depend on an edit there.
func settings(cfg Config, socket string) []string {
	params := map[string]string{ //nolint:gosec // no password is among them
		"listen_addresses":        "",
		"unix_socket_directories": socket,
		"unix_socket_permissions": "0700",
		"port":                    socketPort,
		"password_encryption":     "scram-sha-256",

		"fsync":              "on",
		"full_page_writes":   "on",
		"synchronous_commit": "on",
		// Enough for pg_basebackup, so that a private server can be backed up live.
		"wal_level":       "replica",
		"max_wal_senders": "2",
		"max_wal_size":    "512MB",

		"max_connections":                     "60",
		"shared_buffers":                      "64MB",
		"huge_pages":                          "off",
		"jit":                                 "off", // compiling costs more than our short queries
		"autovacuum_naptime":                  "30s",
		"idle_in_transaction_session_timeout": "60s",
		"timezone":                            "UTC",

		// Whoever sent a statement is told what is wrong with it. The log would
		// only repeat it, values included.
		"logging_collector":       "off",
		"log_destination":         "stderr",
		"log_line_prefix":         "",
		"log_min_messages":        "log",
		"log_min_error_statement": "panic",
		"log_error_verbosity":     "terse",
		"log_checkpoints":         "off",
	}
	if cfg.Volatile {
		maps.Copy(params, map[string]string{
			"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
			"wal_level": "minimal", "max_wal_senders": "0", "max_connections": "300",
		})
	}
	maps.Copy(params, cfg.Parameters)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		args = append(args, "-c", name+"="+params[name])
	}
	return args
}
