package postgres_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"barograph/internal/postgres"
	"barograph/internal/postgres/private"
	"barograph/internal/tlsconfig/tlstest"
)

func TestOpenAsksDatabasesBeyondThisMachineForAGoodCertificate(t *testing.T) {
	if os.Getenv("PGSSLMODE") != "" {
		t.Skip("PGSSLMODE says otherwise")
	}
	t.Parallel()
	const plain, unseen, good, either = "plain", "any certificate", "a good certificate", "any certificate or plain"
	for database, want := range map[string]string{
		"postgres://db.invalid/x":                               good,
		"postgres://db.invalid":                                 good,
		"postgres://u:p@db.invalid:6543/x?pool_max_conns=9":     good,
		"postgres://localhost,db.invalid/x":                     good,
		"host=db.invalid dbname=x":                              good,
		"host=db.invalid password='x sslmode=disable' dbname=x": good,
		"postgres://db.invalid/x?sslmode=disable":               plain,
		"postgres://db.invalid/x?sslmode=require":               unseen,
		"postgres://db.invalid/x?ssl=true":                      unseen,
		"postgres://db.invalid/x?sslmode=prefer":                either,
		"host=db.invalid sslmode=require":                       unseen,
		"postgres://localhost/x":                                either,
		"postgres://127.0.0.1/x?sslmode=verify-full":            good,
		"postgres:///x?host=/nowhere":                           plain,
	} {
		config := open(t, database).API.Config().ConnConfig
		got := plain
		if config.TLSConfig != nil {
			if got = good; config.TLSConfig.InsecureSkipVerify {
				got = unseen
			}
			if config.TLSConfig.MinVersion != 0x0304 {
				t.Errorf("%s: versions from %x are spoken", database, config.TLSConfig.MinVersion)
			}
		}
		for _, next := range config.Fallbacks {
			if next.TLSConfig == nil && config.TLSConfig != nil {
				got += " or plain"
			}
		}
		if got != want {
			t.Errorf("%s asks for %s, want %s", database, got, want)
		}
	}
}

// encrypted starts a PostgreSQL that speaks TLS as well, and returns its address
// and what changes it.
func encrypted(t *testing.T, pair tlstest.Pair) (address *url.URL, change func(sql string)) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("a loopback address of its own is had on Linux alone")
	}
	dir, err := os.MkdirTemp("", "barograph-tls-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { // run by root, the server is another user
		t.Fatal(err)
	}
	host := fmt.Sprintf("127.%d.%d.%d", 1+rand.N(250), rand.N(250), 1+rand.N(250))
	server, err := private.Start(t.Context(), private.Config{Dir: dir, Volatile: true, Parameters: map[string]string{"listen_addresses": host}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	conn, err := pgx.Connect(t.Context(), server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	change = func(sql string) {
		t.Helper()
		for _, statement := range []string{sql, "select pg_reload_conf()"} {
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, text := range map[string]string{"server.crt": string(pair.Certificate), "server.key": string(pair.Key)} { // which must be the server's own
		change(fmt.Sprintf(`copy (select '%s') to program 'umask 077; base64 -d >%s'`, base64.StdEncoding.EncodeToString([]byte(text)), name))
	}
	change(`copy (select 'host all all 127.0.0.0/8 scram-sha-256') to program 'cat >>pg_hba.conf'`)
	if address, err = url.Parse(server.URL("postgres")); err != nil {
		t.Fatal(err)
	}
	address.Host, address.RawQuery = host+":5432", ""
	return address, change
}

// beyond returns a pool on a database as it would be beyond this machine, by a
// name that leads to where the address does.
func beyond(t *testing.T, address *url.URL, query string) *pgxpool.Pool {
	t.Helper()
	there := *address
	there.Host, there.RawQuery = "db.invalid:5432", query
	config := open(t, there.String()).API.Config()
	config.ConnConfig.LookupFunc = func(context.Context, string) ([]string, error) { return []string{address.Hostname()}, nil }
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestADatabaseBeyondThisMachineIsSpokenToByTLS13AloneAndByItsName(t *testing.T) {
	t.Parallel()
	authority := tlstest.NewAuthority(t, "authority")
	pair := authority.Issue(t, tlstest.For("db.invalid"))
	address, change := encrypted(t, pair)
	dir := t.TempDir()
	trusted := "sslrootcert=" + url.QueryEscape(tlstest.Put(t, dir, "ca.crt", authority.PEM))
	stranger := "sslrootcert=" + url.QueryEscape(tlstest.Put(t, dir, "other.crt", tlstest.NewAuthority(t, "other").PEM))
	refused := func(query, want string) {
		t.Helper()
		if err := postgres.Migrate(t.Context(), beyond(t, address, query), discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
	refused(trusted, "put sslmode=disable into the address")
	if err := beyond(t, address, "sslmode=disable").Ping(t.Context()); err != nil {
		t.Errorf("plain, as asked: %v", err)
	}

	change("alter system set ssl = on")
	var version string
	until(t, func() bool {
		err := beyond(t, address, trusted).QueryRow(t.Context(), "select version from pg_stat_ssl where pid = pg_backend_pid()").Scan(&version)
		return err == nil
	})
	if version != "TLSv1.3" {
		t.Errorf("spoke %q", version)
	}
	refused(stranger, "sslrootcert=FILE")
	refused("", "sslrootcert=FILE")
	if err := beyond(t, address, "sslmode=require").Ping(t.Context()); err != nil {
		t.Errorf("any certificate, as asked: %v", err)
	}
	for _, statement := range []string{"alter system set ssl_min_protocol_version = 'TLSv1.2'", "alter system set ssl_max_protocol_version = 'TLSv1.2'"} {
		change(statement)
	}
	until(t, func() bool { return beyond(t, address, trusted).Ping(t.Context()) != nil })
	refused("sslmode=require", "TLS 1.3 alone")
}

// until waits for what a server does when it gets to it.
func until(t *testing.T, is func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(10 * time.Second); !is(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("waited in vain")
		}
	}
}
