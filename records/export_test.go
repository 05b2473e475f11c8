package records

import (
	"context"
	"time"
)

// SetTimeout bounds one attempt to write a batch, before Run.
func (w *Writer) SetTimeout(d time.Duration) { w.timeout = d }

// Queued returns how many drafts wait for a batch.
func (w *Writer) Queued() int { return len(w.queue) }

// Together returns what becomes of drafts that are in one batch for certain.
func (w *Writer) Together(ctx context.Context, drafts ...Draft) ([]Acceptance, []error) {
	batch := make([]*submission, len(drafts))
	for i, d := range drafts {
		batch[i] = &submission{items: []*item{{draft: d.kept()}}, bytes: d.size(), ctx: ctx, at: time.Now(), done: make(chan struct{})}
		w.bytes.Add(batch[i].bytes)
	}
	w.write(context.Background(), batch)
	accepted, errs := make([]Acceptance, len(batch)), make([]error, len(batch))
	for i, s := range batch {
		accepted[i], errs[i] = s.items[0].accepted, s.items[0].err
	}
	return accepted, errs
}

// RecentLimit is how many changes are kept for all subscribers.
const RecentLimit = recentLimit

// SetLag sets for how long a subscriber may be behind those, before Run.
func (f *Feed) SetLag(d time.Duration) { f.lag = d }

// Told returns the position of the last change that followers can have been told.
func (f *Feed) Told() int64 {
	at, _ := f.position()
	return at.Position
}

// SetBatch sets how many records a sweeper looks at in one statement.
func (s *Sweeper) SetBatch(n int) { s.batch = n }

// SetMost sets how many range indexes there may be.
func (x *Indexer) SetMost(n int) { x.most = n }

// Hurry makes the vault look and work without a rest, and soon again for what a batch
// under way has added with the key of before, before Run.
func (v *Vault) Hurry() { v.pace = pace{look: time.Millisecond, rest: 0, walk: 100 * time.Millisecond} }

// Step lets the vault do one part of a rotation, and reports whether there was one.
func (v *Vault) Step(ctx context.Context) bool {
	r := rotation{vault: v}
	return r.step(ctx)
}

// WalkRows is how many records a part of a rotation is about, at most.
const WalkRows = walkRows
