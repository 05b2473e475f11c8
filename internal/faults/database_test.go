package faults_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/faultproxy"
	"barograph/internal/postgres/postgrestest"
	"barograph/internal/postgres/private"
)

// connect connects to a database as an operator would, until the test ends.
func connect(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// privateURL returns the address of the private PostgreSQL in a directory.
func privateURL(t *testing.T, dir string) string {
	t.Helper()
	password, err := os.ReadFile(filepath.Join(dir, "postgres", "password"))
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := filepath.Glob(filepath.Join(dir, "postgres", "run", ".s.PGSQL.*"))
	if err != nil || len(sockets) == 0 {
		t.Fatalf("no socket in %s: %v", dir, err)
	}
	socket := sockets[0]
	at := strings.LastIndex(socket, ".")
	if strings.HasSuffix(socket, ".lock") {
		socket = strings.TrimSuffix(socket, ".lock")
		at = strings.LastIndex(socket, ".")
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", strings.TrimSpace(string(password))), Path: "/postgres",
		RawQuery: url.Values{"host": {filepath.Dir(socket)}, "port": {socket[at+1:]}, "sslmode": {"disable"}}.Encode()}
	return u.String()
}

// behind returns a proxy before the server of a database, and the database's
// address through it.
func behind(t *testing.T, database string) (*faultproxy.Proxy, string) {
	t.Helper()
	config, err := pgx.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	target := fmt.Sprintf("%s/.s.PGSQL.%d", config.Host, config.Port)
	if !strings.HasPrefix(config.Host, "/") {
		target = fmt.Sprintf("%s:%d", config.Host, config.Port)
	}
	proxy, err := faultproxy.Start(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	u := url.URL{Scheme: "postgres", User: url.UserPassword(config.User, config.Password), Host: proxy.Address(), Path: "/" + config.Database,
		RawQuery: "sslmode=disable"}
	return proxy, u.String()
}

// onDatabase starts a gateway on a given database.
func onDatabase(t *testing.T, database string, flags ...string) *gateway {
	t.Helper()
	return start(t, append([]string{"--database-url=" + database, "--data-dir=" + dataDir(t)}, flags...)...)
}

// busy waits until more payloads are acknowledged.
func busy(t *testing.T, l *ledger, more int) {
	t.Helper()
	goal := l.acknowledgements() + more
	eventually(t, "payloads are acknowledged", func() bool { return l.acknowledgements() >= goal })
}

// backendKilled is F12.
func backendKilled(t *testing.T) {
	dir := dataDir(t)
	g := start(t, "--data-dir="+dir)
	l, stop := produce(t, g, 16)
	for range 2 {
		busy(t, l, 200)
		conn := connect(t, privateURL(t, dir))
		var pid int
		err := conn.QueryRow(t.Context(), `select pid from pg_stat_activity where application_name = 'barograph' order by state = 'active' desc limit 1`).Scan(&pid)
		if err != nil {
			t.Fatal(err)
		}
		before := postmaster(t, dir)
		kill(t, pid, syscall.SIGKILL)
		busy(t, l, 200)
		if postmaster(t, dir) != before {
			t.Error("PostgreSQL as a whole was started anew")
		}
	}
	stop()
	l.settle(t, g)
}

// bothKilled is F13.
func bothKilled(t *testing.T) {
	dir := dataDir(t)
	l := &ledger{}
	for range 2 {
		g := start(t, "--data-dir="+dir)
		more, stop := produce(t, g, 16)
		busy(t, more, 200)
		pid := postmaster(t, dir)
		g.signal(t, syscall.SIGKILL)
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended with the gateway
		stop()
		l.sent, l.acknowledged, l.failures = append(l.sent, more.sent...), append(l.acknowledged, more.acknowledged...), more.failures
	}
	l.settle(t, start(t, "--data-dir="+dir))
}

// cleanRestart is F15.
func cleanRestart(t *testing.T) {
	dir := dataDir(t)
	g := start(t, "--data-dir="+dir)
	l, stop := produce(t, g, 16)
	busy(t, l, 200)
	before := postmaster(t, dir)
	kill(t, before, syscall.SIGINT)
	busy(t, l, 200)
	if postmaster(t, dir) == before {
		t.Error("PostgreSQL was not restarted")
	}
	stop()
	l.settle(t, g)
}

// commitAnswerLost is F17.
func commitAnswerLost(t *testing.T) {
	database := postgrestest.Database(t)
	proxy, through := behind(t, database)
	g := onDatabase(t, through)
	l := &ledger{}
	conn := connect(t, database)
	for i := range 5 {
		id := fmt.Sprint(i)
		l.send(t.Context(), g, "before-"+id, "x")
		proxy.Set(faultproxy.Fault{Cut: true})
		if _, acknowledged := l.send(t.Context(), g, id, "x"); acknowledged {
			t.Error("acknowledged, although nobody heard of the commit")
		}
		proxy.Set(faultproxy.Fault{})
		var there int
		if err := conn.QueryRow(t.Context(), `select count(*) from records where payload_id = $1`, id).Scan(&there); err != nil || there > 1 {
			t.Errorf("%d records, %v", there, err)
		}
		eventually(t, "the payload is answered when it is sent again", func() bool {
			_, acknowledged := l.send(t.Context(), g, id, "x")
			return acknowledged
		})
	}
	l.settle(t, g)
}

// tableLocked is F19.
func tableLocked(t *testing.T) {
	database := postgrestest.Database(t)
	g := onDatabase(t, database, "--operation-timeout=1s")
	l := &ledger{}
	l.send(t.Context(), g, "before", "x")
	tx, err := connect(t, database).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `lock table records in access exclusive mode`); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if _, acknowledged := l.send(t.Context(), g, fmt.Sprint(i), "x"); acknowledged {
				t.Error("acknowledged, although the table is locked")
			}
		})
	}
	all.Go(func() {
		if a, err := g.ask(t.Context(), `{ records { nodes { payloadId } } }`, nil); err != nil || len(a.Errors) == 0 || !a.Errors[0].Extensions.Retryable {
			t.Errorf("a read of the locked table is answered %s, %+v, %v", a.Data, a.Errors, err)
		}
	})
	all.Wait()
	if l.slowest > 3*time.Second {
		t.Errorf("the slowest was answered after %v, want the deadline of 1 s", l.slowest)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	l.send(t.Context(), g, "after", "x")
	if took := time.Since(began); took > time.Second || l.acknowledgements() != 2 {
		t.Errorf("once the table was free, it took %v, %d acknowledged", took, l.acknowledgements())
	}
	l.settle(t, g)
}

// fewConnections is F20.
func fewConnections(t *testing.T) {
	dir := dataDir(t)
	server, err := private.Start(t.Context(), private.Config{Dir: dir, Parameters: map[string]string{
		"max_connections": "5", "superuser_reserved_connections": "0", "max_wal_senders": "0", "wal_level": "minimal",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.WithoutCancel(t.Context())) })
	g := onDatabase(t, server.URL("postgres"))
	l := &ledger{}
	var all sync.WaitGroup
	for client := range 200 {
		all.Go(func() {
			for i := range 5 {
				l.send(t.Context(), g, fmt.Sprintf("%d-%d", client, i), "x")
				if a, err := g.ask(t.Context(), `{ records(first: 3) { totalCount nodes { payload } } }`, nil); err != nil || (len(a.Errors) > 0 && !a.Errors[0].Extensions.Retryable) {
					t.Errorf("a read is answered %+v, %v", a.Errors, err)
				}
			}
		})
	}
	all.Wait()
	if l.slowest > 10*time.Second {
		t.Errorf("the slowest was answered after %v", l.slowest)
	}
	if !g.ready(t) {
		t.Error("it is not ready once the rush is over")
	}
	l.settle(t, g)
}

// statementsFail is F24.
func statementsFail(t *testing.T) {
	database := postgrestest.Database(t)
	g := onDatabase(t, database)
	conn := connect(t, database)
	for _, code := range []string{"40001", "40P01", "57014"} {
		execute(t, conn, `create sequence tries`)
		execute(t, conn, `create or replace function fail() returns trigger language plpgsql as $$
			begin
				if nextval('tries') <= 2 then raise exception 'a fault' using errcode = '`+code+`'; end if;
				return null;
			end $$`)
		execute(t, conn, `create trigger fail before insert on records for each statement execute function fail()`)
		l := &ledger{}
		if _, acknowledged := l.send(t.Context(), g, code, "x"); !acknowledged {
			t.Errorf("after two times %s, the caller is told %v", code, l.failures)
		}
		execute(t, conn, `alter sequence tries restart minvalue -1000 start -1000`)
		if answered, acknowledged := l.send(t.Context(), g, code+" for good", "x"); !answered || acknowledged || len(l.wrong) > 0 {
			t.Errorf("with %s for good, the caller is told %v, %v", code, l.failures, l.wrong)
		}
		execute(t, conn, `drop trigger fail on records`)
		execute(t, conn, `drop sequence tries`)
	}
}

// newerSchema is F25.
func newerSchema(t *testing.T) {
	database := postgrestest.Database(t)
	first := onDatabaseWith(t, database, dataDir(t))
	conn := connect(t, database)
	execute(t, conn, `insert into goose_db_version (version_id, is_applied) values (99999, true)`)
	execute(t, conn, `alter table records add column later text`)
	l := &ledger{}
	l.send(t.Context(), first.gateway, "old", "x")
	second := onDatabaseWith(t, database, first.dir) // as a rolling deployment would start one
	l.send(t.Context(), second.gateway, "new", "x")
	l.settle(t, first.gateway)
}

// A placed gateway is one whose directory is known.
type placed struct {
	*gateway
	dir string
}

func onDatabaseWith(t *testing.T, database, dir string) placed {
	t.Helper()
	return placed{start(t, "--database-url="+database, "--data-dir="+dir), dir}
}

// partition is F45.
func partition(t *testing.T) {
	database := postgrestest.Database(t)
	proxy, through := behind(t, database)
	g := onDatabase(t, through, "--operation-timeout=1s")
	l := &ledger{}
	l.send(t.Context(), g, "before", "x")
	proxy.Set(faultproxy.Fault{Silent: true})
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() { l.send(t.Context(), g, fmt.Sprint(i), "x") })
	}
	all.Wait()
	if l.slowest > 3*time.Second || l.acknowledgements() != 1 {
		t.Errorf("cut off, the slowest was answered after %v, and %d acknowledged", l.slowest, l.acknowledgements()-1)
	}
	if g.ready(t) {
		t.Error("it says that it is ready")
	}
	proxy.Set(faultproxy.Fault{})
	began := time.Now()
	eventually(t, "payloads are acknowledged again", func() bool {
		_, acknowledged := l.send(t.Context(), g, "after", "x")
		return acknowledged && g.ready(t)
	})
	took := time.Since(began)
	t.Logf("healed after %v", took.Round(time.Millisecond))
	if took > 11*time.Second {
		t.Errorf("it healed after %v, want 10 s", took)
	}
	l.settle(t, g)
}
