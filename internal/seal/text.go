package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// keySize is that of every key, in bytes.
const keySize = 32

var (
	errNoKeyset = errors.New("it is no keyset in Tink's JSON")
	errWrapped  = errors.New("the keyset is wrapped, and no key is given to unwrap it")
	errUnwrap   = errors.New("the keyset was wrapped with another key than the one given, or was changed")
)

// A wrapper makes the text of a keyset unreadable to whoever does not have one
// key more. A nil one leaves it in the clear.
type wrapper struct{ tink.AEAD }

// newWrapper returns what wraps with a key in base64, nil for no key.
func newWrapper(key string) (*wrapper, error) {
	if key == "" {
		return nil, nil
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) != keySize {
		return nil, fmt.Errorf("the key that wraps the keyset must be %d bytes in base64", keySize)
	}
	primitive, err := subtle.NewAESGCM(raw)
	if err != nil {
		return nil, fmt.Errorf("use the key that wraps the keyset: %w", err)
	}
	return &wrapper{primitive}, nil
}

// write returns the text of a keyset, wrapped unless w is nil.
func (w *wrapper) write(k *Keyset) ([]byte, error) {
	var text, indented bytes.Buffer
	var err error
	if w == nil {
		err = insecurecleartextkeyset.Write(k.handle, keyset.NewJSONWriter(&text))
	} else {
		err = k.handle.Write(keyset.NewJSONWriter(&text), w)
	}
	if err == nil {
		err = json.Indent(&indented, text.Bytes(), "", "  ")
	}
	if err != nil {
		return nil, fmt.Errorf("write the keyset: %w", err)
	}
	return append(indented.Bytes(), '\n'), nil
}

// read returns the keyset of a text, and whether that was wrapped. Its errors
// have nothing of the text in them, which may be secret.
func (w *wrapper) read(text []byte) (k *Keyset, wrapped bool, err error) {
	var form struct{ EncryptedKeyset string }
	if err := json.Unmarshal(text, &form); err != nil {
		return nil, false, errNoKeyset
	}
	reader := keyset.NewJSONReader(bytes.NewReader(text))
	var handle *keyset.Handle
	wrapped = form.EncryptedKeyset != ""
	switch {
	case !wrapped:
		if handle, err = insecurecleartextkeyset.Read(reader); err != nil {
			return nil, false, errNoKeyset
		}
	case w == nil:
		return nil, true, errWrapped
	default:
		if handle, err = keyset.Read(reader, w); err != nil {
			return nil, true, errUnwrap
		}
	}
	k, err = open(handle)
	return k, wrapped, err
}
