package seal

import (
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// Prepare returns the keyset with a key more, which does not seal until Rotate,
// so that gateways with files of their own can all have it before one uses it. A
// keyset has at most one such key.
func (k *Keyset) Prepare() (*Keyset, error) {
	if next, prepared := k.prepared(); prepared {
		return nil, fmt.Errorf("key %s is prepared already: rotate to it first", next)
	}
	manager := keyset.NewManagerFromHandle(k.handle)
	if _, err := manager.Add(aead.AES256GCMKeyTemplate()); err != nil {
		return nil, fmt.Errorf("add a key to the keyset: %w", err)
	}
	return changed(manager)
}

// Rotate returns the keyset with another primary key: the one that was prepared,
// or else a new one. The keys there are go on opening what they sealed.
func (k *Keyset) Rotate() (*Keyset, error) {
	next, prepared := k.prepared()
	if !prepared {
		with, err := k.Prepare()
		if err != nil {
			return nil, err
		}
		return with.Rotate()
	}
	manager := keyset.NewManagerFromHandle(k.handle)
	if err := manager.SetPrimary(uint32(next)); err != nil {
		return nil, fmt.Errorf("make key %s the primary: %w", next, err)
	}
	return changed(manager)
}

// Without returns the keyset without a key, which must not be the primary.
func (k *Keyset) Without(id KeyID) (*Keyset, error) {
	manager := keyset.NewManagerFromHandle(k.handle)
	if err := manager.Delete(uint32(id)); err != nil {
		return nil, fmt.Errorf("delete key %s: %w", id, err)
	}
	return changed(manager)
}

// Retired returns the keys that were primary once: those before the primary.
func (k *Keyset) Retired() []KeyID {
	for i, id := range k.ids {
		if id == k.primary {
			return k.Keys()[:i]
		}
	}
	return nil
}

// prepared returns the key behind the primary, if there is one.
func (k *Keyset) prepared() (KeyID, bool) {
	last := k.ids[len(k.ids)-1]
	return last, last != k.primary
}

func changed(manager *keyset.Manager) (*Keyset, error) {
	handle, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("change the keyset: %w", err)
	}
	return open(handle)
}
