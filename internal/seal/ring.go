package seal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"barograph/internal/rounds"
)

// A Ring is the keyset that a running program seals with. It follows the file
// that the keyset is in: where that has a new keyset, the ring has it from then
// on. Where the file is gone or makes no sense, the ring goes on with what it
// has. It is safe for concurrent use.
type Ring struct {
	source Source
	logger *slog.Logger
	keyset atomic.Pointer[Keyset]

	mu      sync.Mutex
	seen    os.FileInfo // guarded by mu: the file as it was looked at last; nil for none
	failure string      // guarded by mu: what was wrong with it then
}

// NewRing returns a ring with the keyset of the source.
func NewRing(source Source, logger *slog.Logger) (*Ring, error) {
	r := &Ring{source: source, logger: logger}
	if source.Text == "" {
		r.seen, _ = os.Stat(source.File) // before it is read: a change in between is seen later
	}
	k, err := source.Load()
	if err != nil {
		return nil, err
	}
	r.keyset.Store(k)
	return r, nil
}

// Keyset returns the keyset as it is now.
func (r *Ring) Keyset() *Keyset { return r.keyset.Load() }

// Seal seals with the primary key of now.
func (r *Ring) Seal(plain, context []byte) ([]byte, error) { return r.Keyset().Seal(plain, context) }

// Open returns what was sealed with the context. Where a key is not known, it
// looks whether the file has got it: whoever sealed may have seen the file first.
func (r *Ring) Open(sealed, context []byte) ([]byte, error) {
	k := r.Keyset()
	plain, err := k.Open(sealed, context)
	if !errors.Is(err, ErrUnknownKey) {
		return plain, err
	}
	r.Look()
	if now := r.Keyset(); now != k {
		return now.Open(sealed, context)
	}
	return nil, err
}

// Failing reports whether the file could not be read when it was looked at last.
func (r *Ring) Failing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failure != ""
}

// Run looks at the file again and again until ctx is done.
func (r *Ring) Run(ctx context.Context, every time.Duration) error {
	rounds.Run(ctx, func(context.Context) time.Duration {
		r.Look()
		return every
	})
	return nil
}

// Look takes the keyset over that is in the file, if that has changed since the
// last look.
func (r *Ring) Look() {
	if r.source.Text != "" {
		return
	}
	r.mu.Lock() // while it looks, the others wait: there is nothing they could do
	defer r.mu.Unlock()
	info, err := os.Stat(r.source.File)
	if err == nil && r.failure == "" && same(info, r.seen) {
		return // what failed is tried again: a change of its mode does not show
	}
	var next *Keyset
	if err == nil {
		next, err = r.source.Load()
	}
	if err == nil && !next.knows(r.Keyset()) {
		err = fmt.Errorf("the keyset in %s does not have the key %s that this gateway seals with", r.source, r.Keyset().Primary())
	}
	if err != nil {
		r.seen = info
		if text := err.Error(); text != r.failure {
			r.failure = text
			r.logger.Error("the keyset cannot be read anew: this gateway goes on with the one it has, and could not start again", "err", err)
		}
		return
	}
	r.seen, r.failure = info, ""
	r.keyset.Store(next)
	r.logger.Info("has read the keyset anew", "keys", len(next.ids), "primary", next.primary.String())
}

// same reports whether a file is as it was.
func same(now, then os.FileInfo) bool {
	return then != nil && os.SameFile(now, then) && now.ModTime().Equal(then.ModTime()) && now.Size() == then.Size()
}

// knows reports whether the keyset opens what the other one seals.
func (k *Keyset) knows(other *Keyset) bool {
	sealed, err := other.Seal(nil, nil)
	if err != nil {
		return false
	}
	_, err = k.Open(sealed, nil)
	return err == nil
}
