package pipeline

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"barograph/internal/strictjson"
)

// A Fingerprint tells contents apart: two payloads have the same one exactly
// when they are the same JSON value, however each is written.
type Fingerprint [sha256.Size]byte

func fingerprintOf(text json.RawMessage) (Fingerprint, error) {
	canonical, err := strictjson.Canonical(text)
	if err != nil {
		return Fingerprint{}, fmt.Errorf("fingerprint payload: %w", err)
	}
	return sha256.Sum256(canonical), nil
}
