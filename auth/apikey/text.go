package apikey

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// Prefix begins the text of every key, so that whoever finds one knows what it is.
const Prefix = "barograph_"

const (
	idLength     = 10 // 50 bits, which are public
	secretBytes  = 25 // 200 bits
	secretLength = 8 * secretBytes / 5
	sumLength    = 7 // the checksum of what stands before it
	textLength   = len(Prefix) + idLength + len("_") + secretLength + sumLength
)

const alphabet = "abcdefghijklmnopqrstuvwxyz234567" // what is hard to confuse, in one case

var letters = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// spelled reports whether a text is some letters, and nothing else.
func spelled(text string, length int) bool {
	return len(text) == length && strings.Trim(text, alphabet) == ""
}

func validID(id string) bool { return spelled(id, idLength) }

// newText makes the text of a key, and its id.
func newText(random io.Reader) (text, id string, err error) {
	bits := make([]byte, 7+secretBytes)
	if _, err := io.ReadFull(random, bits); err != nil {
		return "", "", fmt.Errorf("make an API key: %w", err)
	}
	id = letters.EncodeToString(bits[:7])[:idLength]
	text = Prefix + id + "_" + letters.EncodeToString(bits[7:])
	return text + checksum(text), id, nil
}

// ParseID returns the id in the text of a key, and whether it is one: with nothing
// mistyped in it, be there such a key or not.
func ParseID(text string) (id string, ok bool) {
	rest, prefixed := strings.CutPrefix(text, Prefix)
	id, secret, _ := strings.Cut(rest, "_")
	if !prefixed || !validID(id) || !spelled(secret, secretLength+sumLength) {
		return "", false
	}
	body := text[:len(text)-sumLength]
	return id, checksum(body) == text[len(body):]
}

// idIn returns what stands where the id of a key does, be the text one or not.
func idIn(text string) string {
	if len(text) != textLength {
		return ""
	}
	return text[len(Prefix):][:idLength]
}

// checksum tells mistyped texts, and is no secret.
func checksum(body string) string {
	return letters.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

// hash returns what is kept of a key's text. It is not slow, as those of passwords
// are: nobody guesses one of 2 to the 200.
func hash(text string) [sha256.Size]byte {
	return sha256.Sum256(append(make([]byte, 0, textLength), text...))
}
