package records

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	spare     map[string]time.Time // when an index was first met that nobody declares
}

const (
	indexInterval = time.Minute
	// spareTime is for how long an index is kept that nobody declares: a definition
	// that comes back should find it.
	spareTime    = time.Hour
	indexingWork = "barograph: index ranges"
)

var (
	keepIndexes = operation.New("keep indexes")
	makeIndex   = operation.New("make range index")
	dropIndex   = operation.New("drop range index")
)

// NewIndexer returns an indexer for what the pipelines declare.
func NewIndexer(base *Base, pipelines *pipeline.Store, now func() time.Time) *Indexer {
	return &Indexer{base, pipelines, now, make(chan struct{}, 1), map[string]time.Time{}}
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
		declared, err := x.declared(ctx) // before there is a connection to hold meanwhile
		if err != nil {
			return err
		}
		return postgres.Fault(x.base.Pools.Alone(ctx, indexingWork, func(ctx context.Context, conn *pgx.Conn) error {
			there, err := aids(ctx, conn)
			if err != nil {
				return err
			}
			return errors.Join(x.drop(ctx, conn, declared, there), x.make(ctx, conn, declared, there))
		}))
	})
}

// declared returns what there should be, by name.
func (x *Indexer) declared(ctx context.Context) (map[string]aid, error) {
	found, err := x.pipelines.Upkeep(ctx)
	if err != nil {
		return nil, err
	}
	wanted := map[string]aid{}
	for _, u := range found {
		for _, attribute := range u.Ranges {
			if !ValidAttribute(attribute) {
				continue // it could not be asked for
			}
			for _, a := range rangeAids(u.Pipeline, attribute) {
				wanted[a.name] = a
			}
		}
	}
	return wanted, nil
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
