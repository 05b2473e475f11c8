package apikey

import (
	"context"
	"time"
)

// Checksum is what ends the text of a key.
var Checksum = checksum

// Trusted is for how long known keys are good while nobody can tell.
const Trusted = trusted

// KeepUp does what Run does now and then.
func (s *Store) KeepUp(ctx context.Context, checked time.Time) time.Time {
	return s.keepUp(ctx, checked)
}

// WriteUses does what Run does every minute.
func (s *Store) WriteUses(ctx context.Context) error { return s.writeUses(ctx) }

// Trim forgets all keys but a number of them.
func (s *Store) Trim(most int) { s.known.trim(s.now(), most) }
