package token

import (
	"crypto/sha256"
	"time"

	"github.com/maypok86/otter/v2"

	"barograph/auth"
)

const (
	memorySize = 10_000
	memoryTime = time.Minute // after which keys are looked at again, which may be too old by then
)

// A memory keeps whom tokens are about that have been verified: a client sends
// the same one with every request, and a signature takes long.
type memory struct {
	now func() time.Time
	all *otter.Cache[[sha256.Size]byte, memorised]
}

type memorised struct {
	principal *auth.Principal
	until     time.Time
}

func newMemory(now func() time.Time) *memory {
	return &memory{now, otter.Must(&otter.Options[[sha256.Size]byte, memorised]{MaximumSize: memorySize})}
}

// fingerprint names a token, which itself is not kept.
func fingerprint(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }

func (m *memory) find(id [sha256.Size]byte) *auth.Principal {
	found, ok := m.all.GetIfPresent(id)
	if !ok || !m.now().Before(found.until) {
		return nil
	}
	select {
	case <-found.principal.Revoked:
		return nil
	default:
		return found.principal
	}
}

func (m *memory) keep(id [sha256.Size]byte, p *auth.Principal) {
	until := m.now().Add(memoryTime)
	if p.Expires.Before(until) {
		until = p.Expires
	}
	m.all.Set(id, memorised{p, until})
}
