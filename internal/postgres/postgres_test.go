package postgres_test

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"barograph/internal/fault"
	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	// Times must read the same on a machine that is not in UTC.
	time.Local = time.FixedZone("elsewhere", -3*3600)
	postgrestest.Main(m)
}

var discard = slog.New(slog.DiscardHandler)

// open returns pools on the database that close with the test.
func open(t *testing.T, database string) *postgres.Pools {
	t.Helper()
	pools, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(pools.Close)
	return pools
}

func TestOpenReadsTimesInUTCWhereverTheGatewayRuns(t *testing.T) {
	t.Parallel()
	pools := open(t, postgrestest.Database(t))
	var (
		got  time.Time
		text string
	)
	err := pools.API.QueryRow(t.Context(), `select t, t::text from (select timestamptz '2026-03-01 12:00:00.123456+02' as t) s`).Scan(&got, &text)
	if err != nil {
		t.Fatalf("query: %v", err)
	}
	if want := "2026-03-01T10:00:00.123456Z"; got.Format(time.RFC3339Nano) != want {
		t.Errorf("read %s, want %s", got.Format(time.RFC3339Nano), want)
	}
	if want := "2026-03-01 10:00:00.123456+00"; text != want {
		t.Errorf("the server writes %s, want %s", text, want)
	}
}

func TestOpenBoundsEachPoolAndNamesItsConnections(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	pools := open(t, withQuery(t, database, "pool_max_conns", "99"))
	for want, c := range map[string]struct {
		pool *pgxpool.Pool
		size int32
	}{"barograph": {pools.API, 20}, "barograph workers": {pools.Workers, 5}, "barograph analytics": {pools.Analytics, 5}} {
		if got := c.pool.Config().MaxConns; got != c.size {
			t.Errorf("the pool of %s has room for %d connections, want %d", want, got, c.size)
		}
		var name string
		if err := c.pool.QueryRow(t.Context(), `show application_name`).Scan(&name); err != nil || name != want {
			t.Errorf("application_name = %q, %v, want %s", name, err, want)
		}
	}
	if err := pools.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

func TestOpenSucceedsWhileTheDatabaseIsAwayAndPingSaysSo(t *testing.T) {
	t.Parallel()
	pools := open(t, "postgres://someone:s3cret@"+vacant(t)+"/db?sslmode=disable")
	err := postgres.Fault(pools.Ping(t.Context()))
	if got := fault.KindOf(err); got != fault.Unavailable {
		t.Errorf("Ping = %v, of kind %s, want %s", err, got.Code(), fault.Unavailable.Code())
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("Ping shows the password: %v", err)
	}
}

func TestOpenRefusesABadAddressWithoutShowingIt(t *testing.T) {
	t.Parallel()
	// Every part of "hush" and "quiet" is secret.
	for name, address := range map[string]string{
		"a port that is none":            "postgres://u:hush@h:port/db",
		"two ports":                      "postgres://u:hush@h:1:2/db",
		"a bracket left open":            "postgres://u:hush@[::1/db",
		"a bad escape in the password":   "postgres://u:hush%zzquiet@h/db",
		"a space in the password":        "postgres://u:hush quiet@h/db",
		"a slash in the password":        "postgres://u:hush/quiet@h/db",
		"a slash behind digits":          "postgres://u:12/quiet@h/db",
		"an at sign in the password":     "postgres://u:hush@quiet@h/db",
		"a question mark and a slash":    "postgres://u:12?hush/quiet@h/db",
		"a bad sslmode":                  "postgres://u:hush@h/db?sslmode=bogus",
		"a bad pool size":                "postgres://u:hush@h/db?pool_max_conns=x",
		"a password in the query":        "postgres://h/db?password=hush&port=x",
		"another database's scheme":      "mysql://u:hush@h/db",
		"a scheme that lost its colon":   "postgres//u:hush@h/db",
		"no scheme":                      "u:hush@h/db",
		"keys and values, a bad port":    "host=h password=hush port=x",
		"a quoted password, a bad port":  "host=h password='hush quiet' port=x",
		"spaced equals signs":            "host=h password = hush port = x",
		"a quote left open":              "host=h password='hush",
		"an escaped quote, a bad mode":   `host=h password=hush\'quiet sslmode=bogus`,
		"a password that lost its quote": "host=h password=12 hush quiet",
		"a password and nothing else":    "hush",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pools, err := postgres.Open(t.Context(), address)
			if err == nil {
				pools.Close()
				t.Fatalf("Open(%s) succeeds, want an error", address)
			}
			shown := postgres.Describe(address)
			for _, secret := range []string{"hush", "quiet"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("Open(%s) shows %q: %v", address, secret, err)
				}
				if strings.Contains(shown, secret) {
					t.Errorf("Describe(%s) shows %q: %s", address, secret, shown)
				}
			}
			if strings.Contains(err.Error(), "``") {
				t.Errorf("Open(%s) = %v, with a hole in it", address, err)
			}
		})
	}
}

func TestDescribeTellsWhereWithoutSecrets(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://u:hush@db.example:6543/orders":                          "postgres://db.example:6543/orders",
		"postgresql://u:hush@db.example/orders?sslmode=require":             "postgres://db.example:5432/orders",
		"postgres://u@db.example/orders?password=hush":                      "postgres://db.example:5432/orders",
		"postgres://u%40cloud:hush%2F%40@db.example/orders":                 "postgres://db.example:5432/orders",
		"postgres://u:hush@db.example/orders?application_name=a@b":          "postgres://db.example:5432/orders",
		"postgres://u:hush@[2001:db8::1]:6543/orders":                       "postgres://[2001:db8::1]:6543/orders",
		"host=db.example port=6543 user=u password=hush dbname=orders":      "postgres://db.example:6543/orders",
		"host=db.example password='hush hush' user='u' dbname=orders":       "postgres://db.example:5432/orders",
		"host=db.example user=u password=hush dbname=a@b":                   "postgres://db.example:5432/a@b",
		"postgres://u:hush@/orders?host=/run/postgresql":                    "orders at /run/postgresql",
		"host=/run/postgresql user=u password=hush dbname=orders":           "orders at /run/postgresql",
		"host=/run/postgresql user=u password=hush sslpassword=hush port=x": "an unreadable address",
		"postgres://u:hush@db.example:port/orders":                          "an unreadable address",
		"hush": "an unreadable address",
	} {
		if got := postgres.Describe(address); got != want {
			t.Errorf("Describe(%s) = %s, want %s", address, got, want)
		}
	}
}

// withQuery returns the URL with one more parameter.
func withQuery(t *testing.T, database, name, value string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatalf("parse the test's URL: %v", err)
	}
	query := u.Query()
	query.Set(name, value)
	u.RawQuery = query.Encode()
	return u.String()
}

// ended returns a context whose deadline has passed.
func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	t.Cleanup(cancel)
	return ctx
}
