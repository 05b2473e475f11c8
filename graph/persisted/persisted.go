// Package persisted finds the text of documents that clients name by a hash:
// those that clients have taught the gateway, by Apollo's protocol of automatic
// persisted queries, and those of a manifest that the operator trusts. It also
// refuses the others, where only trusted ones may run. A text is only that:
// whether it is valid, and what its sender may do, is decided every time.
package persisted

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"

	"github.com/maypok86/otter/v2"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/internal/fault"
)

// The codes of errors, which are those of Apollo's server and router.
const (
	CodeNotFound     = "PERSISTED_QUERY_NOT_FOUND"
	CodeNotSupported = "PERSISTED_QUERY_NOT_SUPPORTED"
	CodeNotInList    = "PERSISTED_QUERY_NOT_IN_LIST"
	CodeUntrusted    = "QUERY_NOT_IN_SAFELIST"
)

// A Mode says what trusted documents are for.
type Mode string

// The modes. The zero Mode is Prefer.
const (
	Off     Mode = "off"     // they are ignored
	Prefer  Mode = "prefer"  // they are known by their id; others run too, and are logged
	Require Mode = "require" // nothing else runs
)

// Config says which documents can be named.
type Config struct {
	Trusted          *Manifest // nil for none
	Mode             Mode      // what it is for
	DisableAutomatic bool      // clients teach nothing
	Bytes            int       // of texts that clients have taught; 0 for DefaultBytes
}

// DefaultBytes is how much is kept of what clients teach.
const DefaultBytes = 16 << 20

// Documents find texts by hash. They are safe for concurrent use.
type Documents struct {
	trusted *Manifest
	require bool
	taught  *otter.Cache[string, string] // by hash; nil when clients teach nothing
	logger  *slog.Logger

	mu    sync.Mutex
	noted map[string]bool // guarded by mu: the documents that were logged, by hash
}

// New returns the documents of a configuration.
func New(config Config, logger *slog.Logger) *Documents {
	d := &Documents{logger: logger, require: config.Mode == Require, noted: map[string]bool{}}
	if config.Mode != Off {
		d.trusted = config.Trusted
	}
	if !config.DisableAutomatic && !d.require {
		if config.Bytes <= 0 {
			config.Bytes = DefaultBytes
		}
		d.taught = otter.Must(&otter.Options[string, string]{
			MaximumWeight: uint64(config.Bytes),                                                               //nolint:gosec // above zero
			Weigher:       func(hash, text string) uint32 { return uint32(len(hash) + len(text) + overhead) }, //nolint:gosec // bounded by the limits
		})
	}
	return d
}

const overhead = 200 // bytes of an entry beside its texts

// A Request is what a client sends in place of a document, or beside it.
type Request struct {
	Text string
	Hash string // empty for none
}

// Read returns what a request asks for, by its query and its extensions.
func Read(query string, extensions map[string]any) (Request, *gqlerror.Error) {
	given, ok := extensions["persistedQuery"]
	if !ok || given == nil {
		if query == "" {
			return Request{}, coded("the query is missing", fault.BadRequest.Code())
		}
		return Request{Text: query}, nil
	}
	members, _ := given.(map[string]any)
	hash, _ := members["sha256Hash"].(string)
	if hash == "" || len(hash) > idLength {
		return Request{}, coded("extensions.persistedQuery must have a version and a sha256Hash", fault.BadRequest.Code())
	}
	if fmt.Sprint(members["version"]) != "1" { // a number, of whatever type it was read as
		return Request{}, coded("Unsupported persisted query version", fault.BadRequest.Code())
	}
	return Request{query, hash}, nil
}

// Text returns the document that is asked for, and whether it is one that
// Learn should keep once it has proved to be good.
func (d *Documents) Text(r Request) (text string, learn bool, err *gqlerror.Error) {
	if trusted, ok := d.trusted.byID(r.Hash); ok && (r.Text == "" || r.Text == trusted) {
		return trusted, false, nil
	}
	switch {
	case r.Text == "" && d.require:
		return "", false, coded("the persisted query is none of those that may run here", CodeNotInList)
	case r.Text == "" && d.taught == nil:
		return "", false, coded("PersistedQueryNotSupported", CodeNotSupported)
	case r.Text == "":
		text, known := d.taught.GetIfPresent(r.Hash)
		if !known {
			return "", false, coded("PersistedQueryNotFound", CodeNotFound)
		}
		return text, false, nil
	case r.Hash != "" && d.taught == nil && !d.require:
		return "", false, coded("PersistedQueryNotSupported", CodeNotSupported)
	case r.Hash != "" && r.Hash != hashOf(r.Text) && !d.trusted.hasText(r.Text):
		return "", false, coded("provided sha does not match query", fault.BadRequest.Code())
	case d.require && !d.trusted.hasText(r.Text):
		return "", false, coded("the document is none of those that may run here", CodeUntrusted)
	}
	return r.Text, r.Hash != "" && d.taught != nil && r.Hash == hashOf(r.Text), nil
}

// Learn keeps a text by its hash.
func (d *Documents) Learn(r Request) { d.taught.Set(r.Hash, r.Text) }

// notesLimit is how many documents are logged, each once.
const notesLimit = 1000

// Note logs a document that is not in the manifest, so that an operator learns
// which are missing before requiring trusted ones.
func (d *Documents) Note(ctx context.Context, text, name string) {
	if d.trusted == nil || d.trusted.hasText(text) {
		return
	}
	hash := hashOf(text)
	d.mu.Lock()
	known := d.noted[hash] || len(d.noted) == notesLimit
	if !known {
		d.noted[hash] = true
	}
	d.mu.Unlock()
	if !known {
		d.logger.InfoContext(ctx, "ran a document that is not trusted", "hash", hash, "operation", name)
	}
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func coded(message, code string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": code}}
}
