package transport

import (
	"net/http"
	"time"
)

// An outlet writes a stream. Each write has a deadline of its own: a client that
// does not read is left, and one that does is served for as long as it likes.
type outlet struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

// openOutlet begins a stream of the media type.
func openOutlet(w http.ResponseWriter, mediaType string, timeout time.Duration) *outlet {
	o := &outlet{w, http.NewResponseController(w), timeout}
	// The server's deadline for reading requests would end the request's context.
	_ = o.control.SetReadDeadline(time.Time{}) // not there in front of a test's recorder
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // else nginx keeps events until it has many
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	return o
}

// write sends the texts, one after another, at once.
func (o *outlet) write(texts ...[]byte) error {
	_ = o.control.SetWriteDeadline(time.Now().Add(o.timeout)) // nor is this
	for _, text := range texts {
		if _, err := o.w.Write(text); err != nil {
			return err
		}
	}
	return o.control.Flush()
}
