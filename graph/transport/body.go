package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"barograph/internal/fault"
	"barograph/internal/strictjson"
)

// readBody reads one request or a batch from a body of JSON.
func (h HTTP) readBody(w http.ResponseWriter, r *http.Request) (asked, *problem) {
	if !isJSON(r) {
		return asked{}, &problem{status: http.StatusUnsupportedMediaType, message: "the request's Content-Type must be application/json in UTF-8"}
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		w.Header().Set("Accept-Encoding", "identity")
		return asked{}, &problem{status: http.StatusUnsupportedMediaType, message: "the request's body must not be compressed"}
	}
	body, wrong := h.whole(w, r)
	if wrong != nil {
		return asked{}, wrong
	}
	batch, depth := bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")), strictjson.DepthLimit+envelope
	if batch {
		depth++
	}
	if err := strictjson.CheckDepth(body, depth); err != nil {
		return asked{}, malformed("the request's body is refused: %v", err)
	}
	if batch {
		return h.readBatch(body)
	}
	return single(readObject(body))
}

// isJSON reports whether a request says that its body is JSON in UTF-8.
func isJSON(r *http.Request) bool {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	return err == nil && mediaType == mediaTypeJSON && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// whole returns the whole body. Of one over the limit it reads no more than
// that, or nothing where the length is told, and ends the connection.
func (h HTTP) whole(w http.ResponseWriter, r *http.Request) ([]byte, *problem) {
	tooLarge := overLimit(http.StatusRequestEntityTooLarge, "the request's body is over the limit of %d bytes", h.BodyLimit)
	if r.ContentLength > h.BodyLimit {
		w.Header().Set("Connection", "close")
		return nil, tooLarge
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.BodyLimit))
	var over *http.MaxBytesError
	var full *fault.Error
	switch {
	case errors.As(err, &over):
		w.Header().Set("Connection", "close")
		return nil, tooLarge
	case errors.As(err, &full):
		return nil, &problem{status: statuses[full.Kind], kind: full.Kind, message: full.Message, after: full.RetryAfter}
	case err != nil:
		w.Header().Set("Connection", "close")
		return nil, malformed("the request's body ended too early")
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return nil, malformed("the request's body begins with a byte order mark, which JSON must not")
	}
	return body, nil
}

// readObject reads a request from JSON that has been checked.
func readObject(text []byte) request {
	found, is := strictjson.Members(text)
	if !is {
		return request{wrong: malformed("a request must be a JSON object")}
	}
	for name := range found {
		if wrong := misspelt(name); wrong != nil {
			return request{wrong: wrong}
		}
	}
	return readMembers(found)
}

// readBatch reads the requests of a batch from JSON that has been checked.
func (h HTTP) readBatch(text []byte) (asked, *problem) {
	if h.BatchLimit < 2 {
		return asked{}, malformed("a request must be a JSON object: batches are not served")
	}
	var texts []json.RawMessage
	if err := json.Unmarshal(text, &texts); err != nil || len(texts) == 0 {
		return asked{}, malformed("a batch must have at least one request")
	}
	if len(texts) > h.BatchLimit {
		return asked{}, overLimit(http.StatusBadRequest, "a batch has %d requests, and %d are allowed", len(texts), h.BatchLimit)
	}
	all := asked{batch: true, requests: make([]request, len(texts))}
	for i, text := range texts {
		all.requests[i] = readObject(text)
	}
	return all, nil
}
