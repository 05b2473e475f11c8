package postgres_test

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"barograph/internal/fault"
	"barograph/internal/postgres"
	"barograph/internal/postgres/postgrestest"
)

// vacant returns an address at which nobody listens: a port that was just free.
func vacant(t *testing.T) string {
	t.Helper()
	var network net.ListenConfig
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	if err := listener.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	return listener.Addr().String()
}

// beside returns pools on a database and its replica that close with the test.
func beside(t *testing.T, database, replica string) *postgres.Pools {
	t.Helper()
	pools, err := postgres.OpenWithReplica(t.Context(), database, replica)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(pools.Close)
	return pools
}

// read returns the value of an expression as analytics see it.
func read(t *testing.T, pools *postgres.Pools, expression string) (value string, err error) {
	t.Helper()
	err = pools.Analyse(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select `+expression).Scan(&value)
	})
	return value, err
}

func TestAnalyseReadsFromTheReplicaWhereThereIsOne(t *testing.T) {
	t.Parallel()
	database, replica := postgrestest.Database(t), postgrestest.Database(t)
	for name, c := range map[string]struct{ given, want string }{"without": {"", database}, "with": {replica, replica}} {
		got, err := read(t, beside(t, database, c.given), `current_database()::text`)
		if err != nil || !strings.Contains(c.want, "/"+got) {
			t.Errorf("%s a replica, analytics are on %s (%v), want %s", name, got, err, c.want)
		}
	}
}

func TestAReplicaThatIsAwayTakesAnalyticsAloneAway(t *testing.T) {
	t.Parallel()
	pools := beside(t, postgrestest.Database(t), "postgres://someone:s3cret@"+vacant(t)+"/db?sslmode=disable")
	_, err := read(t, pools, `'there'`)
	if got := fault.KindOf(err); got != fault.Unavailable {
		t.Errorf("Analyse = %v, of kind %s, want %s", err, got.Code(), fault.Unavailable.Code())
	}
	if err := pools.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	if err := pools.Workers.Ping(t.Context()); err != nil {
		t.Errorf("ping of the workers' pool: %v", err)
	}
}

func TestAReplicaWithoutTheNewestMigrationIsUnavailableRatherThanABug(t *testing.T) {
	t.Parallel()
	database := postgrestest.Database(t)
	const missing = `(select count(*)::text from records)`
	for replica, want := range map[string]fault.Kind{"": fault.Internal, database: fault.Unavailable} {
		if _, err := read(t, beside(t, database, replica), missing); fault.KindOf(err) != want {
			t.Errorf("Analyse of what is missing = %v, of kind %s, want %s", err, fault.KindOf(err).Code(), want.Code())
		}
	}
}

func TestAnalyseWritesNothingAndIsBounded(t *testing.T) {
	t.Parallel()
	pools := open(t, postgrestest.Database(t))
	err := pools.Analyse(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("an analysis has no deadline")
		}
		_, err := tx.Exec(ctx, `create table written ()`)
		return err
	})
	if fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a write in Analyse = %v, want a refusal", err)
	}
	if got, err := read(t, pools, `current_setting('statement_timeout')`); err != nil || got == "0" {
		t.Errorf("statement_timeout in Analyse = %q, %v, want some", got, err)
	}
	var after string
	if err := pools.Analytics.QueryRow(t.Context(), `select current_setting('statement_timeout') || current_setting('transaction_read_only')`).Scan(&after); err != nil || after != "0off" {
		t.Errorf("after Analyse the connection keeps %q, %v", after, err)
	}
}

func TestABadAddressOfTheReplicaIsTold(t *testing.T) {
	t.Parallel()
	_, err := postgres.OpenWithReplica(t.Context(), postgrestest.Database(t), "postgres://u:hush@h:port/db")
	if err == nil || !strings.Contains(err.Error(), "replica") || strings.Contains(err.Error(), "hush") {
		t.Errorf("OpenWithReplica = %v, want an error about the replica's address without the password", err)
	}
}
