package transport

import (
	"bytes"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// compressionThreshold is the size from which an answer is compressed: a
// smaller one fits a packet or two anyway.
const compressionThreshold = 1 << 10

// acceptsGzip reports whether Accept-Encoding headers allow gzip.
func acceptsGzip(headers []string) bool {
	others := false
	for _, p := range ranges(headers) {
		switch p.name {
		case "gzip", "x-gzip":
			return p.weight > 0
		case "*":
			others = p.weight > 0
		}
	}
	return others
}

var compressors = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is wrong
	}
	return w
}}

// compressed returns text in gzip. That its length tells something of its
// content (BREACH) gives nothing away: an answer holds no secret beside what
// the request itself chose, and no credentials, which travel in headers.
func compressed(text []byte) []byte {
	w := compressors.Get().(*gzip.Writer) //nolint:forcetypeassert // the pool's own
	defer compressors.Put(w)
	var out bytes.Buffer
	out.Grow(len(text) / 4)
	w.Reset(&out)
	_, _ = w.Write(text) // to memory
	_ = w.Close()
	return out.Bytes()
}
