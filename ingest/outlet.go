package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"barograph/internal/fault"
)

// An outlet tells a client, line by line, what became of what it sends. Each
// write has a deadline of its own.
type outlet struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	results results
	text    bytes.Buffer
}

// openOutlet begins the answer, so that a client sees that it is listened to.
func openOutlet(w http.ResponseWriter, control *http.ResponseController, timeout time.Duration, a asked) *outlet {
	o := &outlet{w: w, control: control, timeout: timeout, results: a.results}
	header := w.Header()
	header.Set("Content-Type", a.answer)
	header.Set("X-Accel-Buffering", "no") // else nginx keeps lines until it has many
	if a.preference {
		header.Set("Preference-Applied", "return=minimal")
	}
	w.WriteHeader(http.StatusOK)
	_ = o.flush() // the first line will tell
	return o
}

// tell tells of results those that the client wants.
func (o *outlet) tell(all []result) error {
	for i := range all {
		if o.results == allResults || o.results == problemResults && all[i].Problem != nil {
			if err := o.add(&all[i]); err != nil {
				return err
			}
		}
	}
	return o.flush()
}

// end tells the summary.
func (o *outlet) end(s summary) error {
	if err := o.add(&s); err != nil {
		return err
	}
	return o.flush()
}

func (o *outlet) add(line any) error {
	encoder := json.NewEncoder(&o.text)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(line)
}

// flush sends what was added, at once. Where that fails, it is the client that
// has left or takes too long.
func (o *outlet) flush() error {
	_ = o.control.SetWriteDeadline(time.Now().Add(o.timeout)) // not there in front of a test's recorder
	_, err := o.text.WriteTo(o.w)
	if err == nil {
		err = o.control.Flush()
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fault.Wrap(err, fault.Timeout, "nothing of the answer was taken for %v", o.timeout)
	}
	return fmt.Errorf("answer a client that has left: %w: %w", context.Canceled, err)
}
