// Package seal makes stored bytes unreadable to whoever has no key: AES-256-GCM
// by a keyset, whose keys rotate. What is sealed is bound to a context, such as
// the row it stands in, and opens nowhere else. What is sealed, and when it is
// sealed anew, is left to those who store it.
package seal

import (
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A Keyset seals with its primary key, and opens what any of its keys sealed. It
// is safe for concurrent use.
type Keyset struct {
	primitive tink.AEAD
}

// Generate returns a keyset with one new key.
func Generate() (*Keyset, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a keyset: %w", err)
	}
	return open(handle)
}

func open(handle *keyset.Handle) (*Keyset, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("use the keyset: %w", err)
	}
	return &Keyset{primitive}, nil
}

// Seal returns plain as only Open with the same context gives it back.
func (k *Keyset) Seal(plain, context []byte) ([]byte, error) {
	sealed, err := k.primitive.Encrypt(plain, context)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return sealed, nil
}

// Open returns what was sealed with the context.
func (k *Keyset) Open(sealed, context []byte) ([]byte, error) {
	plain, err := k.primitive.Decrypt(sealed, context)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	return plain, nil
}
