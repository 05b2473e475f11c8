// Package postgres opens connection pools on a database and brings its schema
// up to date. The statements themselves belong to the domains that own the
// tables; a server of our own is package private's.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Pools keep one kind of work from starving another. Connections are checked
// before use once they have been idle for a second, which is pgx's default.
type Pools struct {
	API       *pgxpool.Pool // what callers wait for
	Workers   *pgxpool.Pool // claims and completions, and what else goes on by itself
	Analytics *pgxpool.Pool // counts, which may take long: see Analyse

	replica bool // what Analytics is on
}

const (
	apiConnections       = 20
	workersConnections   = 5
	analyticsConnections = 5
	connectTimeout       = 5 * time.Second
)

// Open opens the pools on the database at a URL or key-value string. It does
// not wait for the database to answer.
func Open(ctx context.Context, database string) (*Pools, error) {
	return OpenWithReplica(ctx, database, "")
}

// OpenWithReplica opens the pools as Open does, that for analytics on a replica
// of the database where there is one. While the replica is away, analytics fail:
// the primary is not burdened with what it was spared before.
func OpenWithReplica(ctx context.Context, database, replica string) (_ *Pools, err error) {
	p := &Pools{replica: replica != ""}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	if p.API, err = openPool(ctx, database, "barograph", apiConnections); err != nil {
		return nil, err
	}
	if p.Workers, err = openPool(ctx, database, "barograph workers", workersConnections); err != nil {
		return nil, err
	}
	if p.replica {
		database = replica
	}
	if p.Analytics, err = openPool(ctx, database, "barograph analytics", analyticsConnections); err != nil && p.replica {
		err = fmt.Errorf("the replica: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func openPool(ctx context.Context, database, name string, size int32) (*pgxpool.Pool, error) {
	if stray(database) {
		return nil, errors.New("read the database's address: special characters of a name or password must be percent-encoded, such as @ as %40")
	}
	config, err := parse(database)
	if err != nil {
		return nil, fmt.Errorf("read the database's address: %w", withoutAddress(err))
	}
	config.MaxConns = size
	config.MinIdleConns = 1
	config.MaxConnIdleTime = 5 * time.Minute
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.RuntimeParams["application_name"] = name
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	config.AfterConnect = readUTC
	config.ConnConfig.Tracer = otelpgx.NewTracer(otelpgx.WithDisableConnectionDetailsInAttributes()) // statements, never their arguments
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open connection pool: %w", err)
	}
	return pool, nil
}

// readUTC makes times read from the connection the same text wherever the
// gateway runs. pgx would give them this machine's offset.
func readUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// withoutAddress leaves the text out of an error about an address, since it may
// hold a password.
func withoutAddress(err error) error {
	var parse *pgconn.ParseConfigError
	if !errors.As(err, &parse) {
		return err
	}
	parse.ConnString = ""
	text := strings.TrimPrefix(parse.Error(), "cannot parse ``: ")
	if strings.HasPrefix(text, "failed to parse") {
		text, _, _ = strings.Cut(text, " (") // the cause quotes what it cannot read
	}
	return errors.New(text)
}

// stray reports whether a URL has an @ where only a password whose special
// characters are not percent-encoded puts one. The rest of that password would
// be taken for a host, a port or a database, and shown.
func stray(database string) bool {
	scheme, rest, isURL := strings.Cut(database, "://")
	if !isURL || !strings.HasPrefix(scheme, "postgres") {
		return false
	}
	if i := strings.IndexAny(rest, "@/"); i >= 0 && rest[i] == '@' { // as pgx looks for the password's end
		rest = rest[i+1:]
	}
	rest, _, _ = strings.Cut(rest, "?")
	return strings.Contains(rest, "@")
}

// closeLimit bounds how long a connection may take whose other end is silent.
const closeLimit = 5 * time.Second

// Close waits for the connections in use and closes them all. Those that are
// neither given back nor closed in time are left to the end of the process.
func (p *Pools) Close() {
	var all sync.WaitGroup
	for _, pool := range []*pgxpool.Pool{p.Analytics, p.Workers, p.API} {
		if pool != nil { // opening them failed half-way
			all.Go(pool.Close)
		}
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		all.Wait()
	}()
	timer := time.NewTimer(closeLimit)
	defer timer.Stop()
	select {
	case <-closed:
	case <-timer.C:
	}
}

// Ping reports why the database does not answer, or nil if it does.
func (p *Pools) Ping(ctx context.Context) error { return p.API.Ping(ctx) }

// Describe returns a database's address without its secrets, to show and log.
func Describe(database string) string {
	config, err := pgx.ParseConfig(database)
	if err != nil || stray(database) {
		return "an unreadable address"
	}
	if strings.HasPrefix(config.Host, "/") {
		return fmt.Sprintf("%s at %s", config.Database, config.Host)
	}
	shown := url.URL{Scheme: "postgres", Host: net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), Path: "/" + config.Database}
	return shown.String()
}
