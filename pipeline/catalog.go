package pipeline

import (
	"context"
	"encoding/json"
	"sync"

	"barograph/internal/postgres"
)

// A Catalog has the programs of pipelines at hand. It is safe for concurrent use.
type Catalog struct {
	store    *Store
	compiler *Compiler
	programs sync.Map
}

// NewCatalog returns a catalog of the pipelines in a store.
func NewCatalog(store *Store, compiler *Compiler) *Catalog { return &Catalog{store: store, compiler: compiler} }

// Current returns the program of a pipeline, or a *Refusal when there is no such
// pipeline. It may be older than the database's: whoever finds out calls Forget,
// and asks again.
func (c *Catalog) Current(ctx context.Context, name string) (*Program, error) {
	if p, ok := c.programs.Load(name); ok {
		return p.(*Program), nil
	}
	found, err := c.store.Find(ctx, []string{name})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, notFound(name)
	}
	p, err := c.At(ctx, name, found[0].Version)
	if err == nil {
		c.programs.Store(name, p)
	}
	return p, err
}

// At returns a version of a pipeline's program. Versions never change, so that
// it is never too old.
func (c *Catalog) At(ctx context.Context, name string, version int) (*Program, error) {
	var text string
	err := c.store.pools.API.QueryRow(ctx, `select coalesce((select definition from pipeline_versions where pipeline = $1 and version = $2), '{}')`, name, version).Scan(&text)
	if err != nil {
		return nil, postgres.Fault(err)
	}
	return c.compiler.Compile(name, version, json.RawMessage(text))
}

// Forget says that the pipeline has another version than Current returns.
func (c *Catalog) Forget(name string) { c.programs.Delete(name) }
