package apikey

import (
	"cmp"
	"crypto/subtle"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"barograph/auth"
)

const (
	mostKnown = 50_000           // keys, after each look at those there are
	deadFor   = 10 * time.Minute // how long what is no longer good is known after it was good last
	precision = time.Second      // of the time that a key was good last
)

// An entry is a key that was sent to this gateway. It is good where it was let in:
// what is sent once it has ended does not count.
type entry struct {
	hash      []byte
	principal *auth.Principal
	revoked   chan struct{} // the principal's
	once      sync.Once     // closes it
	ended     atomic.Bool   // it was revoked
	used      atomic.Int64  // when it was good last, in microseconds
	written   int64         // which of these times the database has; of Run alone
}

func newEntry(k *Key, hash []byte) *entry {
	e := &entry{hash: hash, revoked: make(chan struct{})}
	e.principal = &auth.Principal{Name: principalName(k.ID), Kind: auth.Key, Scopes: k.Scopes, Reach: k.Reach, Revoked: e.revoked}
	if k.ExpiresAt != nil {
		e.principal.Expires = *k.ExpiresAt
	}
	if k.RevokedAt != nil {
		e.end()
	}
	return e
}

// is reports whether a text is the key's.
func (e *entry) is(text string) bool {
	given := hash(text)
	return subtle.ConstantTimeCompare(e.hash, given[:]) == 1
}

// use says that the key was good.
func (e *entry) use(now time.Time) {
	if at := now.UnixMicro(); at-e.used.Load() >= precision.Microseconds() {
		e.used.Store(at)
	}
}

// end says that the key is good for nothing any more.
func (e *entry) end() {
	e.ended.Store(true)
	e.leave()
}

// leave tells whoever has come by the key to come again.
func (e *entry) leave() { e.once.Do(func() { close(e.revoked) }) }

// dead reports whether the key is no longer good, and was good last so long ago
// that it need not be known.
func (e *entry) dead(now time.Time) bool {
	expires := e.principal.Expires
	gone := e.ended.Load() || !expires.IsZero() && !now.Before(expires)
	return gone && now.Sub(time.UnixMicro(e.used.Load())) > deadFor
}

// known keys are those that were sent.
type known struct {
	mu   sync.RWMutex
	byID map[string]*entry // guarded by mu
}

func newKnown() known { return known{byID: map[string]*entry{}} }

func (k *known) find(id string) *entry {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.byID[id]
}

// add makes a key known, unless it is, and returns what is known of it.
func (k *known) add(id string, e *entry) *entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	if there := k.byID[id]; there != nil {
		return there
	}
	k.byID[id] = e
	return e
}

// end says that a key is good for nothing any more.
func (k *known) end(id string) {
	if e := k.find(id); e != nil {
		e.end()
	}
}

// each calls do with every key.
func (k *known) each(do func(id string, e *entry)) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for id, e := range k.byID {
		do(id, e)
	}
}

// trim forgets those that are dead, and of the others those that were good
// the longest ago, until there are no more than a number of them. Whoever has come by
// one of these has to come again.
func (k *known) trim(now time.Time, most int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	type one struct {
		id   string
		used int64
	}
	alive := make([]one, 0, len(k.byID))
	for id, e := range k.byID {
		if e.dead(now) {
			e.leave()
			delete(k.byID, id)
			continue
		}
		alive = append(alive, one{id, e.used.Load()})
	}
	if len(alive) <= most {
		return
	}
	slices.SortFunc(alive, func(a, b one) int { return cmp.Compare(a.used, b.used) })
	for _, o := range alive[:len(alive)-most] {
		k.byID[o.id].leave()
		delete(k.byID, o.id)
	}
}
