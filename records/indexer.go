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
// about to. One that cannot be made does not keep the others from being made.
func (x *Indexer) Reconcile(ctx context.Context) error {
	return keepIndexes.Run(ctx, x.base.Logger, func(ctx context.Context) error {
		return postgres.Fault(x.base.Pools.Alone(ctx, indexingWork, func(ctx context.Context, conn *pgx.Conn) error {
			declared, err := x.declared(ctx)
			if err != nil {
				return err
			}
			there, err := rangeIndexes(ctx, conn)
			if err != nil {
				return err
			}
			return errors.Join(x.drop(ctx, conn, declared, there), x.make(ctx, conn, declared, there))
		}))
	})
}

// declared returns the indexes there should be, by name.
func (x *Indexer) declared(ctx context.Context) (map[string]rangeIndex, error) {
	found, err := x.pipelines.Upkeep(ctx)
	if err != nil {
		return nil, err
	}
	wanted := map[string]rangeIndex{}
	for _, u := range found {
		for _, attribute := range u.Ranges {
			if ValidAttribute(attribute) { // anything else could not be asked for
				index := rangeIndex{u.Pipeline, attribute}
				wanted[index.name()] = index
			}
		}
	}
	return wanted, nil
}

// drop drops what nobody has declared for a while, and what was left behind.
func (x *Indexer) drop(ctx context.Context, conn *pgx.Conn, declared map[string]rangeIndex, there map[string]bool) (err error) {
	for name := range x.spare {
		if _, still := there[name]; !still || declared[name] != (rangeIndex{}) {
			delete(x.spare, name)
		}
	}
	for name, whole := range there {
		if whole && declared[name] != (rangeIndex{}) {
			continue
		}
		since, known := x.spare[name]
		if whole && !known {
			since = x.now()
			x.spare[name] = since
		}
		if whole && x.now().Sub(since) < spareTime {
			continue
		}
		failure := dropIndex.Run(ctx, x.base.Logger, func(ctx context.Context) error {
			_, err := conn.Exec(ctx, `drop index concurrently if exists `+pgx.Identifier{name}.Sanitize())
			return err
		})
		if failure == nil {
			delete(there, name)
		}
		err = errors.Join(err, failure)
	}
	return err
}

// make makes what is missing, one after the other.
func (x *Indexer) make(ctx context.Context, conn *pgx.Conn, declared map[string]rangeIndex, there map[string]bool) (err error) {
	made := false
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if there[name] {
			continue
		}
		failure := makeIndex.Run(ctx, x.base.Logger, func(ctx context.Context) error {
			_, err := conn.Exec(ctx, declared[name].statement(name))
			return err
		}, trace.WithAttributes(attribute.String("pipeline", declared[name].pipeline)))
		made = made || failure == nil
		err = errors.Join(err, failure)
	}
	if !made {
		return err
	}
	// How the values of an expression are spread is known once the table has been
	// looked at again, and without it a range is guessed at.
	if _, failure := conn.Exec(ctx, `analyze records`); failure != nil {
		err = errors.Join(err, fmt.Errorf("analyze records: %w", failure))
	}
	return err
}
