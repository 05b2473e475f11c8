package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A file is served compressed to clients that accept that, and as it is to the
// others. It is safe for concurrent use.
type file struct {
	contentType string
	packed      []byte
	etag        string // of the packed content, without quotes
	unpack      func() []byte
}

func newFile(contentType string, packed []byte) *file {
	sum := sha256.Sum256(packed)
	return &file{
		contentType: contentType,
		packed:      packed,
		etag:        hex.EncodeToString(sum[:8]),
		// Hardly any client asks for it; it is kept once one has, so that asking
		// again and again costs nothing.
		unpack: sync.OnceValue(func() []byte { return mustUnpack(packed) }),
	}
}

// ServeHTTP answers GET and HEAD. The names are the same in every version, so
// what a browser keeps is asked about each time.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Cache-Control", "no-cache")
	header.Add("Vary", "Accept-Encoding")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	content := f.packed
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		header.Set("Content-Encoding", "gzip")
		// net/http leaves it out beside an encoding.
		header.Set("Content-Length", strconv.Itoa(len(content)))
		header.Set("ETag", `"`+f.etag+`-gzip"`)
	} else {
		content = f.unpack()
		header.Set("ETag", `"`+f.etag+`"`)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// acceptsGzip reports whether Accept-Encoding headers allow gzip. No header
// allows everything, but who sends none rarely unpacks.
func acceptsGzip(accept []string) bool {
	named, other := false, false
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		coding, parameter, _ := strings.Cut(part, ";")
		weight := 1.0
		if q, given := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q="); given {
			weight, _ = strconv.ParseFloat(q, 64) // what is no number is no wish
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			if weight <= 0 {
				return false
			}
			named = true
		case "*":
			other = weight > 0
		}
	}
	return named || other
}

// contentType says what a file of the playground is, by its name: the system's
// table of types differs from machine to machine.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".html":
		return "text/html; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".md":
		return "text/plain; charset=utf-8"
	case ".ttf":
		return "font/ttf"
	case ".woff2":
		return "font/woff2"
	case ".svg":
		return "image/svg+xml"
	case ".wasm":
		return "application/wasm"
	default:
		panic(fmt.Sprintf("no content type is known for %s", name))
	}
}

func pack(text string) []byte {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, text) // a buffer takes everything
	_ = w.Close()
	return packed.Bytes()
}

func mustUnpack(packed []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err) // what is embedded has been tested
	}
	content, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	return content
}
