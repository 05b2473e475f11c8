//go:build linux || darwin

package private_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/postgres/private"
)

func TestMain(m *testing.M) {
	private.Child()
	play()
	code := m.Run()
	if template.dir != "" {
		_ = os.RemoveAll(template.dir)
	}
	os.Exit(code)
}

// folder returns a directory that the server's user can reach, unlike t.TempDir
// when root runs the tests.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "private-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// template is a data directory to copy, because creating one takes far longer.
var template struct {
	once         sync.Once
	dir          string
	bin, version string // of the server that made it
	err          error
}

// seeded returns a directory with a database in it, where the table kept holds 42.
func seeded(t testing.TB) string {
	t.Helper()
	template.once.Do(func() { template.err = makeTemplate() })
	if template.err != nil {
		t.Fatalf("make a database to copy: %v", template.err)
	}
	dir := folder(t)
	cp := exec.CommandContext(t.Context(), "cp", "-Rp", filepath.Join(template.dir, "postgres"), dir)
	if out, err := cp.CombinedOutput(); err != nil {
		t.Fatalf("copy a database: %v: %s", err, out)
	}
	return dir
}

func makeTemplate() (err error) {
	ctx := context.Background()
	if template.dir, err = os.MkdirTemp("", "private-"); err != nil {
		return err
	}
	if err := os.Chmod(template.dir, 0o711); err != nil {
		return err
	}
	s, err := private.Start(ctx, private.Config{Dir: template.dir, Volatile: true})
	if err != nil {
		return err
	}
	_, template.bin, _ = strings.Cut(s.Source(), " in ")
	template.version = s.Version()
	conn, err := persist(ctx, s.URL("postgres"))
	if err == nil {
		_, err = conn.Exec(ctx, "create table kept as select 42 as n")
		err = errors.Join(err, conn.Close(ctx))
	}
	return errors.Join(err, s.Stop(ctx))
}

// holds checks that the server has what was put into the template.
func holds(t testing.TB, s *private.Server) {
	t.Helper()
	if got := query[int](t, s, "select n from kept"); got != 42 {
		t.Errorf("kept: got %d, want 42", got)
	}
}

// start starts a server that stops with the test, if the test did not stop it.
func start(t testing.TB, cfg private.Config) *private.Server {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	s, err := private.Start(t.Context(), cfg)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t testing.TB, s *private.Server) {
	t.Helper()
	if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// refused starts a server that must not start, and returns why it did not.
func refused(t testing.TB, cfg private.Config) error {
	t.Helper()
	s, err := private.Start(t.Context(), cfg)
	if err == nil {
		stop(t, s)
		t.Fatal("start: got a server, want an error")
	}
	return err
}

// names checks that an error tells what an operator needs to read.
func names(t testing.TB, err error, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got error %q, want it to name %q", err, want)
		}
	}
}

// connect returns a connection, waiting for a server that is on its way back.
func connect(t testing.TB, s *private.Server) *pgx.Conn {
	t.Helper()
	conn, err := persist(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// persist connects as soon as the server answers, within a minute.
func persist(ctx context.Context, url string) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := pgx.Connect(ctx, url)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-again.C:
		}
	}
}

func execute(t testing.TB, s *private.Server, statement string) {
	t.Helper()
	if _, err := connect(t, s).Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// query returns the one value that a statement answers.
func query[T any](t testing.TB, s *private.Server, statement string) T {
	t.Helper()
	var v T
	if err := connect(t, s).QueryRow(t.Context(), statement).Scan(&v); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return v
}

func TestDataSurvivesStopAndStart(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	began := time.Now()
	first := start(t, private.Config{Dir: dir})
	t.Logf("fresh start of PostgreSQL %s, %s: %v", first.Version(), first.Source(), time.Since(began))
	execute(t, first, "create table kept as select 42 as n")
	stop(t, first)
	if got := first.PID(); got != 0 {
		t.Errorf("process after stop: got %d, want 0", got)
	}

	began = time.Now()
	second := start(t, private.Config{Dir: dir})
	t.Logf("warm start: %v", time.Since(began))
	holds(t, second)
}

func TestServerIsSafeAndDoesWhatIsOrdinary(t *testing.T) {
	t.Parallel()
	s := start(t, private.Config{Dir: seeded(t), Parameters: map[string]string{"work_mem": "5MB"}})
	for name, want := range map[string]string{
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_checksums": "on",
		"listen_addresses": "", "max_connections": "60", "wal_level": "replica", "server_encoding": "UTF8",
		"TimeZone": "UTC", "work_mem": "5MB",
	} {
		if got := query[string](t, s, "show "+name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got := query[string](t, s, "show server_version"); !strings.HasPrefix(got, s.Version()) {
		t.Errorf("version: got %q, want that of the server, %q", s.Version(), got)
	}

	listener, speaker := connect(t, s), connect(t, s)
	if _, err := listener.Exec(t.Context(), "listen bell"); err != nil {
		t.Fatal(err)
	}
	if _, err := speaker.Exec(t.Context(), "notify bell, 'ding'"); err != nil {
		t.Fatal(err)
	}
	if got, err := listener.WaitForNotification(t.Context()); err != nil || got.Payload != "ding" {
		t.Errorf("notification: got %v, %v, want ding", got, err)
	}
}

func TestNobodyLogsInWithoutThePassword(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := start(t, private.Config{Dir: dir})
	u, err := url.Parse(s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "guess")
	if conn, err := pgx.Connect(t.Context(), u.String()); err == nil {
		_ = conn.Close(t.Context())
		t.Error("connect with a wrong password: got a connection, want a refusal")
	}
	for name, want := range map[string]os.FileMode{"password": 0o600, "lock": 0o600, "data": 0o700, "run": 0o700} {
		info, err := os.Stat(filepath.Join(dir, "postgres", name))
		if err != nil {
			t.Error(err)
		} else if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %s: got %o, want %o", name, got, want)
		}
	}
}

func TestSecondStartOnADirectoryIsRefusedAndTheFirstGoesOn(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	s := start(t, private.Config{Dir: dir})
	pid := s.PID()
	if !private.Held(dir) {
		t.Error("held while running: got false, want true")
	}
	err := refused(t, private.Config{Dir: dir})
	if !errors.Is(err, private.ErrInUse) {
		t.Errorf("got error %v, want ErrInUse", err)
	}
	names(t, err, dir, fmt.Sprint(os.Getpid()), "stop that gateway")
	if got := query[int](t, s, "select 1"); got != 1 || s.PID() != pid || s.Restarts() != 0 {
		t.Errorf("first server: got answer %d, process %d, %d restarts; want 1, %d, 0", got, s.PID(), s.Restarts(), pid)
	}
	stop(t, s)
	if private.Held(dir) {
		t.Error("held after stop: got true, want false")
	}
	start(t, private.Config{Dir: dir})
}

func TestStopMayBeCalledAgainAndByMany(t *testing.T) {
	t.Parallel()
	s := start(t, private.Config{Dir: seeded(t), Volatile: true})
	errs := make(chan error)
	for range 4 {
		go func() { errs <- s.Stop(context.WithoutCancel(t.Context())) }()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Errorf("stop: got %v, want nil", err)
		}
	}
}

func TestStopWithoutPatienceEndsTheServerAnyway(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	s, err := private.Start(t.Context(), private.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	pid := s.PID()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	// The server may have been quick enough: an error is allowed, a process is not.
	t.Logf("stop: %v", s.Stop(over))
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d after stop: got %v, want it gone", pid, err)
	}
	holds(t, start(t, private.Config{Dir: dir}))
}

func TestStartEndsWithItsContextAndLeavesNothingRunning(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for _, d := range []time.Duration{time.Millisecond, 30 * time.Millisecond, 300 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		s, err := private.Start(ctx, private.Config{Dir: dir})
		cancel()
		if err == nil {
			stop(t, s) // the machine was quicker
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("start within %v: got %v, want the context's error", d, err)
		}
		if private.Held(dir) {
			t.Errorf("held after a start within %v: got true, want false", d)
		}
	}
	start(t, private.Config{Dir: dir})
}
