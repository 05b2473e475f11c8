package transport

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"barograph/auth"
)

// deliver sends an answer: with what caches may do with it, compressed where
// that is accepted and worth it, and not at all where the client has it already.
func deliver(w http.ResponseWriter, r *http.Request, mediaType string, a answer) {
	header := w.Header()
	if auth.From(r.Context()).Kind != auth.Developer {
		a.policy.Private = true // another may not see the same
	}
	header.Set("Cache-Control", a.policy.Header())
	if a.allow != "" {
		header.Set("Allow", a.allow)
	}
	compress := len(a.body) >= compressionThreshold && acceptsGzip(r.Header.Values("Accept-Encoding"))
	if isReading(r) && a.faultless {
		tag := entityTag(mediaType, a.body)
		if compress {
			header.Set("ETag", `"`+tag+gzipSuffix+`"`)
		} else {
			header.Set("ETag", `"`+tag+`"`)
		}
		if names(r.Header.Values("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if compress {
		header.Set("Content-Encoding", "gzip")
		a.body = compressed(a.body)
	}
	write(w, mediaType, a.status, a.body)
}

// gzipSuffix tells the compressed form of an answer from the plain one, since
// they are not the same to the byte.
const gzipSuffix = "-gzip"

// entityTag names what is answered, to the byte.
func entityTag(mediaType string, body []byte) string {
	hash := sha256.New()
	hash.Write([]byte(mediaType + "\n"))
	hash.Write(body)
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:15])
}

// names reports whether an If-None-Match names the tag, in either form: the
// client that has one of them has what is answered.
func names(headers []string, tag string) bool {
	for given := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		given = strings.TrimSpace(given)
		bare := strings.TrimSuffix(strings.Trim(strings.TrimPrefix(given, "W/"), `"`), gzipSuffix)
		if given == "*" || bare == tag {
			return true
		}
	}
	return false
}
