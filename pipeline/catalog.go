package pipeline

import "context"

// A Catalog has the programs of pipelines at hand. It is safe for concurrent use.
type Catalog struct {
	store    *Store
	compiler *Compiler
}

// NewCatalog returns a catalog of the pipelines in a store.
func NewCatalog(store *Store, compiler *Compiler) *Catalog { return &Catalog{store, compiler} }

// Current returns the program of a pipeline, or a *Refusal when there is no such
// pipeline. It may be older than the database's: whoever finds out calls Forget,
// and asks again.
func (c *Catalog) Current(ctx context.Context, name string) (*Program, error) {
	found, err := c.store.Find(ctx, []string{name})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, notFound(name)
	}
	return c.At(ctx, name, found[0].Version)
}

// At returns a version of a pipeline's program. Versions never change, so that
// it is never too old.
func (c *Catalog) At(_ context.Context, name string, version int) (*Program, error) {
	return c.compiler.Compile(name, version, nil)
}

// Forget says that the pipeline has another version than Current returns.
func (c *Catalog) Forget(string) {}
