package document

import "github.com/maypok86/otter/v2"

const (
	cacheBytes   = 32 << 20
	cacheEntries = 10_000
	// bytesPerToken is what a token of a document takes once it is parsed: 222
	// where each is a field, about 100 in most documents.
	bytesPerToken = 250
)

// A cache keeps prepared documents within bounds of bytes and of entries, those
// asked for often and lately rather than others.
type cache struct {
	documents *otter.Cache[string, *Document]
}

func newCache() *cache {
	return &cache{otter.Must(&otter.Options[string, *Document]{
		MaximumWeight: cacheBytes,
		// No entry weighs less than its share, which bounds their number.
		Weigher: func(_ string, d *Document) uint32 { return uint32(max(d.size, cacheBytes/cacheEntries)) }, //nolint:gosec // bounded by the limits
	})}
}

// find returns the document of a text, or nil.
func (c *cache) find(text string) *Document {
	known, _ := c.documents.GetIfPresent(text)
	return known
}

func (c *cache) keep(text string, document *Document) { c.documents.Set(text, document) }
