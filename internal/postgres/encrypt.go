package postgres

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"barograph/internal/loopback"
)

// parse reads a database's address. Beyond this machine, a database is spoken to
// under TLS 1.3 and shows a certificate that is good for its name, unless the
// address or PGSSLMODE says otherwise. By itself, pgx would take any certificate,
// and plain text where somebody in between says that there is no TLS.
func parse(database string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(database)
	if err != nil {
		return nil, err
	}
	if distant(config.ConnConfig) && os.Getenv("PGSSLMODE") == "" {
		if config, err = pgxpool.ParseConfig(verified(database)); err != nil {
			return nil, err
		}
	}
	modern(config.ConnConfig.TLSConfig)
	for _, next := range config.ConnConfig.Fallbacks {
		modern(next.TLSConfig)
	}
	return config, nil
}

// distant reports whether a database, or one that stands in for it, is beyond this
// machine.
func distant(config *pgx.ConnConfig) bool {
	local := func(host string) bool {
		return strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || loopback.Host(host)
	}
	for _, next := range config.Fallbacks {
		if !local(next.Host) {
			return true
		}
	}
	return !local(config.Host)
}

// verified returns an address that asks for a good certificate unless it asks for
// something else: of what is said twice, the last counts.
func verified(database string) string {
	const mode = "sslmode=verify-full"
	if !strings.Contains(database, "://") {
		return mode + " " + database
	}
	address, query, _ := strings.Cut(database, "?")
	return address + "?" + mode + "&" + query
}

func modern(config *tls.Config) {
	if config != nil {
		config.MinVersion = tls.VersionTLS13
	}
}

// advised adds to an error of a connection what to do about it, where TLS is why
// there is none.
func advised(err error) error {
	var unverified *tls.CertificateVerificationError
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "server refused TLS connection"): // which pgx has no value for
		return fmt.Errorf("%w: beyond this machine, the database is asked for TLS: turn it on there, or put sslmode=disable into the address where the network can be trusted", err)
	case errors.As(err, &unverified):
		return fmt.Errorf("%w: the address may name who vouches for it, as in sslrootcert=FILE, or, for any certificate, sslmode=require", err)
	case strings.Contains(err.Error(), "protocol version not supported"): // nor has crypto/tls
		return fmt.Errorf("%w: the database is spoken to by TLS 1.3 alone", err)
	}
	return err
}
