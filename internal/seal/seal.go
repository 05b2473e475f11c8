// Package seal makes stored bytes unreadable to whoever has no key: AES-256-GCM
// by a keyset, whose keys rotate. What is sealed is bound to a context, such as
// the row it stands in, and opens nowhere else. The package keeps keysets, in a
// file or wherever else a Source says, and follows a file that changes. What is
// sealed, and when it is sealed anew, is left to those who store it.
package seal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A KeyID names a key of a keyset. It is no secret: what the key sealed tells it.
type KeyID uint32

// String returns the id as people are shown it.
func (id KeyID) String() string { return fmt.Sprintf("%08x", uint32(id)) }

// Prefix returns how everything that the key seals begins.
func (id KeyID) Prefix() []byte { return binary.BigEndian.AppendUint32([]byte{mark}, uint32(id)) }

// mark is the first byte of everything sealed. No text in JSON begins with it.
const mark = 1

// KeyOf returns the id of the key that sealed, and false for what is not sealed.
func KeyOf(sealed []byte) (KeyID, bool) {
	if len(sealed) < 5 || sealed[0] != mark {
		return 0, false
	}
	return KeyID(binary.BigEndian.Uint32(sealed[1:])), true
}

var (
	// ErrNotSealed means that what should be opened was never sealed.
	ErrNotSealed = errors.New("it is not sealed")
	// ErrUnknownKey means that a key sealed it that is not in the keyset.
	ErrUnknownKey = errors.New("it is sealed by a key that the keyset does not have")
	// ErrForged means that it was changed, moved to another context, or sealed by
	// another key of the same id.
	ErrForged = errors.New("it was changed or moved, or another key sealed it")
)

// A Keyset seals with its primary key, and opens what any of its keys sealed. It
// never changes, and is safe for concurrent use.
type Keyset struct {
	handle    *keyset.Handle
	primitive tink.AEAD
	ids       []KeyID // in the order in which the keys were added
	primary   KeyID
}

// Generate returns a keyset with one new key.
func Generate() (*Keyset, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a keyset: %w", err)
	}
	return open(handle)
}

// open returns the keyset of a handle, whose keys must be those that Generate
// makes: others leave no trace of themselves in what they seal, or are weaker.
func open(handle *keyset.Handle) (*Keyset, error) {
	k := &Keyset{handle: handle}
	for i := range handle.Len() {
		entry, err := handle.Entry(i)
		if err != nil {
			return nil, fmt.Errorf("use the keyset: %w", err)
		}
		kind, is := entry.Key().Parameters().(*aesgcm.Parameters)
		if !is || kind.KeySizeInBytes() != keySize || kind.Variant() != aesgcm.VariantTink {
			return nil, fmt.Errorf("use the keyset: its key %s is not one for AES-256-GCM with Tink's prefix", KeyID(entry.KeyID()))
		}
		if entry.KeyStatus() != keyset.Enabled {
			continue
		}
		k.ids = append(k.ids, KeyID(entry.KeyID()))
		if entry.IsPrimary() {
			k.primary = KeyID(entry.KeyID())
		}
	}
	var err error
	if k.primitive, err = aead.New(handle); err != nil {
		return nil, fmt.Errorf("use the keyset: %w", err)
	}
	return k, nil
}

// Seal returns plain as only Open with the same context gives it back.
func (k *Keyset) Seal(plain, context []byte) ([]byte, error) {
	sealed, err := k.primitive.Encrypt(plain, context)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return sealed, nil
}

// Open returns what was sealed with the context. It fails with ErrNotSealed,
// ErrUnknownKey or ErrForged.
func (k *Keyset) Open(sealed, context []byte) ([]byte, error) {
	id, is := KeyOf(sealed)
	switch {
	case !is:
		return nil, fmt.Errorf("open: %w", ErrNotSealed)
	case !k.Has(id):
		return nil, fmt.Errorf("open: %w: %s", ErrUnknownKey, id)
	}
	plain, err := k.primitive.Decrypt(sealed, context)
	if err != nil {
		return nil, fmt.Errorf("open: key %s: %w", id, ErrForged) // Tink's own error says less
	}
	return plain, nil
}

// Primary returns the key that seals.
func (k *Keyset) Primary() KeyID { return k.primary }

// Keys returns all keys, in the order in which they were added.
func (k *Keyset) Keys() []KeyID { return slices.Clone(k.ids) }

// Has reports whether a key is in the keyset.
func (k *Keyset) Has(id KeyID) bool { return slices.Contains(k.ids, id) }

// Follows reports whether the keyset has both keys, and b was added before a.
func (k *Keyset) Follows(a, b KeyID) bool {
	earlier := slices.Index(k.ids, b)
	return earlier >= 0 && slices.Index(k.ids, a) > earlier
}
