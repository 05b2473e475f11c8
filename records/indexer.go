package records

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/pipeline"
)

// An Indexer gives each attribute that is declared a range an index of its own,
// and takes the indexes away that nobody declares any more. Of several nodes, one
// at a time does it.
type Indexer struct {
	base      *Base
	pipelines *pipeline.Store
	now       func() time.Time
	wake      chan struct{}
	most      int                  // indexes there may be
	spare     map[string]time.Time // when an index was first met that nobody declares
	refused   map[string]bool      // the indexes that there was no room for, the last time
}

const (
	indexInterval = time.Minute
	// spareTime is for how long an index is kept that nobody declares: a definition
	// that comes back should find it.
	spareTime = time.Hour
	// mostIndexes bounds what every insert and every query pay: Postgres looks at
	// each index of a table, also at those of other pipelines.
	mostIndexes  = 200
	indexingWork = "barograph: index ranges"
)

var (
	keepIndexes = operation.New("keep indexes")
	makeIndex   = operation.New("make range index")
	dropIndex   = operation.New("drop range index")
)

// NewIndexer returns an indexer for what the pipelines declare.
func NewIndexer(base *Base, pipelines *pipeline.Store, now func() time.Time) *Indexer {
	return &Indexer{base, pipelines, now, make(chan struct{}, 1), mostIndexes, map[string]time.Time{}, nil}
}

// Wake says that a definition has changed. It never waits. What another node is
// not told of it finds out within a minute.
func (x *Indexer) Wake() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// Run looks after the indexes until ctx is done. What fails is logged, and tried
// again.
func (x *Indexer) Run(ctx context.Context) error {
	tick := time.NewTicker(indexInterval)
	defer tick.Stop()
	for {
		_ = x.Reconcile(ctx) // logged
		select {
		case <-ctx.Done():
			return nil
		case <-x.wake:
		case <-tick.C:
		}
	}
}

// Reconcile makes the indexes what the pipelines declare, unless another node is
// about to. One that cannot be made does not keep the others from being made. It
// is not for concurrent use.
func (x *Indexer) Reconcile(ctx context.Context) error {
	return keepIndexes.Run(ctx, x.base.Logger, func(ctx context.Context) error {
		asked, err := x.pipelines.Upkeep(ctx) // before there is a connection to hold meanwhile
		if err != nil {
			return err
		}
		return postgres.Fault(x.base.Pools.Alone(ctx, indexingWork, func(ctx context.Context, conn *pgx.Conn) error {
			there, err := aids(ctx, conn)
			if err != nil {
				return err
			}
			declared := x.declared(ctx, asked, there)
			return errors.Join(x.drop(ctx, conn, declared, there), x.make(ctx, conn, declared, there))
		}))
	})
}

// declared returns what there should be, by name. A range whose index there is no
// room for goes without, which is logged once.
func (x *Indexer) declared(ctx context.Context, asked []pipeline.Upkeep, there map[string]bool) map[string]aid {
	wanted, refused, room := map[string]aid{}, map[string]bool{}, x.most
	for name := range there {
		if strings.HasPrefix(name, indexPrefix) {
			room--
		}
	}
	for _, u := range asked {
		for _, attribute := range u.Ranges {
			if !ValidAttribute(attribute) {
				continue // it could not be asked for
			}
			index, statistics := rangeAids(u.Pipeline, attribute)
			if _, is := there[index.name]; !is {
				room--
				if room < 0 {
					if refused[index.name] = true; !x.refused[index.name] {
						x.base.Logger.WarnContext(ctx, "a range gets no index: there are as many as there may be",
							"pipeline", u.Pipeline, "attribute", attribute, "most", x.most)
					}
					continue
				}
			}
			wanted[index.name], wanted[statistics.name] = index, statistics
		}
	}
	x.refused = refused
	return wanted
}

// drop drops what nobody has declared for a while, and what was left behind.
func (x *Indexer) drop(ctx context.Context, conn *pgx.Conn, declared map[string]aid, there map[string]bool) (err error) {
	maps.DeleteFunc(x.spare, func(name string, _ time.Time) bool { return !there[name] || declared[name].name != "" })
	for name, whole := range there {
		if whole && (declared[name].name != "" || !x.spared(name)) {
			continue
		}
		failure := dropIndex.Run(ctx, x.base.Logger, func(ctx context.Context) error {
			_, err := conn.Exec(ctx, removal(name))
			return err
		}, trace.WithAttributes(attribute.String("index", name)))
		if failure == nil {
			delete(there, name)
		}
		err = errors.Join(err, failure)
	}
	return err
}

// spared reports whether nobody has declared the index of the name for long
// enough.
func (x *Indexer) spared(name string) bool {
	since, known := x.spare[name]
	if !known {
		since = x.now()
		x.spare[name] = since
	}
	return x.now().Sub(since) >= spareTime
}

// make makes what is missing, one after the other.
func (x *Indexer) make(ctx context.Context, conn *pgx.Conn, declared map[string]aid, there map[string]bool) (err error) {
	made := false
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if _, is := there[name]; is { // whole, or not to be dropped
			continue
		}
		failure := makeIndex.Run(ctx, x.base.Logger, func(ctx context.Context) error {
			_, err := conn.Exec(ctx, declared[name].make)
			return err
		}, trace.WithAttributes(attribute.String("index", name)))
		made = made || failure == nil
		err = errors.Join(err, failure)
	}
	if !made {
		return err
	}
	// How values are spread is known once the table has been looked at again.
	if _, failure := conn.Exec(ctx, `analyze records`); failure != nil {
		err = errors.Join(err, fmt.Errorf("analyze records: %w", failure))
	}
	return err
}
