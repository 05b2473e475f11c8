package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/maypok86/otter/v2"

	"barograph/internal/fault"
)

const (
	currency     = time.Second     // for how long the current version is taken for that
	loadLimit    = 5 * time.Second // of a lookup that several wait for
	mostCurrent  = 10_000
	mostPrograms = 1000
)

// A Catalog has the programs of pipelines at hand, and makes and changes
// pipelines whose definitions are programs. It is safe for concurrent use.
type Catalog struct {
	store    *Store
	compiler *Compiler
	current  *otter.Cache[string, int] // versions
	programs *otter.Cache[edition, *Program]
	logger   *slog.Logger
}

// An edition is a version of a pipeline.
type edition struct {
	name    string
	version int
}

// NewCatalog returns a catalog of the pipelines in a store.
func NewCatalog(store *Store, compiler *Compiler) *Catalog {
	return &Catalog{
		store: store, compiler: compiler, logger: store.logger,
		current: otter.Must(&otter.Options[string, int]{
			MaximumSize: mostCurrent, ExpiryCalculator: otter.ExpiryWriting[string, int](currency),
		}),
		programs: otter.Must(&otter.Options[edition, *Program]{MaximumSize: mostPrograms}),
	}
}

// Current returns the program of a pipeline, or a *Refusal when there is no such
// pipeline within reach. It may be older than the database's: whoever finds out
// calls Forget, and asks again.
func (c *Catalog) Current(ctx context.Context, reach Reach, name string) (*Program, error) {
	if !ValidName(name) {
		return nil, notFound(name)
	}
	if !reach.Has(name) {
		// What is not there is never at hand: the database is asked for this, too.
		_, err := c.store.version(ctx, reach, name)
		return nil, err
	}
	// Those who wait for one lookup do not depend on whoever came first.
	version, err := c.current.Get(context.WithoutCancel(ctx), name, otter.LoaderFunc[string, int](func(ctx context.Context, name string) (int, error) {
		ctx, cancel := context.WithTimeout(ctx, loadLimit)
		defer cancel()
		return c.store.version(ctx, reach, name)
	}))
	if err != nil {
		return nil, err
	}
	return c.At(ctx, name, version)
}

// At returns a version of a pipeline's program. Versions never change, so that
// it is never too old. The error is Unavailable for a definition that this
// program cannot compile: another one, newer or set up otherwise, has saved it.
func (c *Catalog) At(ctx context.Context, name string, version int) (*Program, error) {
	return c.programs.Get(context.WithoutCancel(ctx), edition{name, version}, otter.LoaderFunc[edition, *Program](c.load))
}

func (c *Catalog) load(ctx context.Context, e edition) (*Program, error) {
	ctx, cancel := context.WithTimeout(ctx, loadLimit)
	defer cancel()
	definition, err := c.store.Definition(ctx, e.name, e.version)
	if err != nil {
		return nil, err
	}
	p, err := c.compile(ctx, e.name, e.version, definition)
	var wrong *Refusal
	if errors.As(err, &wrong) {
		c.logger.ErrorContext(ctx, "stored definition cannot be compiled", "pipeline", e.name, "version", e.version, "err", err)
		// Not wrapped: this is no refusal of what the caller gave.
		return nil, fault.New(fault.Unavailable, "this server cannot run version %d of pipeline %q: %s", e.version, e.name, wrong.Message)
	}
	return p, err
}

// compile compiles on the pool for what clients wrote.
func (c *Catalog) compile(ctx context.Context, name string, version int, definition json.RawMessage) (p *Program, err error) {
	if waiting := c.compiler.cpu.do(ctx, func(context.Context) { p, err = c.compiler.Compile(name, version, definition) }); waiting != nil {
		return nil, fmt.Errorf("compile definition: %w", waiting)
	}
	return p, err
}

// Forget says that the pipeline has another version than Current returns.
func (c *Catalog) Forget(name string) { c.current.Invalidate(name) }

// Create makes a pipeline, or returns a *Refusal or Refusals. One that is out of
// reach is Forbidden, whether it is there or not.
func (c *Catalog) Create(ctx context.Context, reach Reach, name string, description *string, definition json.RawMessage) (*Pipeline, error) {
	if !reach.Has(name) {
		return nil, fault.New(fault.Forbidden, "pipelines of such a name may not be made with this credential")
	}
	if _, err := c.compile(ctx, name, 1, definition); err != nil {
		return nil, err
	}
	return c.store.create(ctx, name, description, definition)
}

// Update changes a pipeline within reach, or returns a *Refusal or Refusals.
// Another definition than the current one makes the next version.
func (c *Catalog) Update(ctx context.Context, reach Reach, change Change) (*Pipeline, error) {
	if change.Definition != nil {
		if _, err := c.compile(ctx, change.Name, 1, change.Definition); err != nil {
			return nil, err
		}
	}
	p, err := c.store.update(ctx, reach, change)
	if reach.Has(change.Name) {
		c.Forget(change.Name)
	}
	return p, err
}
