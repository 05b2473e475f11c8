package ingest

import (
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"barograph/auth"
	"barograph/internal/fault"
	"barograph/pipeline"
)

// A format is how payloads are written in a request.
type format string

const (
	lines      format = "lines"
	batch      format = "batch"
	structured format = "structured"
	binary     format = "binary"
)

// streamed reports whether a request of the format may go on for ever.
func (f format) streamed() bool { return f == lines || f == batch }

const (
	mediaTypeLines = "application/x-ndjson"
	mediaTypeEvent = "application/cloudevents+json"
	mediaTypeBatch = "application/cloudevents-batch+json"
	mediaTypeJSON  = "application/json"

	methods    = "OPTIONS, POST"
	acceptPost = mediaTypeLines + ", application/jsonl, " + mediaTypeEvent + ", " + mediaTypeBatch
)

// linesTypes are the names that lines of JSON go by.
var linesTypes = []string{mediaTypeLines, "application/jsonl", "application/ndjson"}

// results say of which payloads a stream is told.
type results string

const (
	allResults     results = "all"
	problemResults results = "problems" // of those that were not taken in
	summaryResults results = "summary"  // of none: the summary alone
)

// asked is what a request asks for.
type asked struct {
	pipeline   string
	format     format
	gzip       bool
	answer     string // the media type
	results    results
	preference bool // whether that was said by Prefer
}

// read returns what a request asks for, from its headers alone.
func (h *Handler) read(r *http.Request) (a asked, wrong *refusal) {
	a.pipeline, a.answer = r.PathValue("pipeline"), mediaTypeJSON
	switch {
	case r.Method != http.MethodPost:
		return a, refuse(http.StatusMethodNotAllowed, fault.BadRequest.Code(), "payloads are sent by POST").with("Allow", methods)
	case !h.config.Pages.Allowed(r):
		return a, refuse(http.StatusForbidden, fault.Forbidden.Code(), "a page of another origin may not send this")
	}
	if err := auth.Require(r.Context(), auth.PayloadsWrite); err != nil {
		return a, failed(err)
	}
	if !pipeline.ValidName(a.pipeline) {
		return a, unknown(a.pipeline)
	}
	contentType, ok := a.formatOf(r)
	if !ok {
		return a, refuse(http.StatusUnsupportedMediaType, fault.BadRequest.Code(),
			"a request's Content-Type is one of %s, in UTF-8; or it has a CloudEvent in its headers", acceptPost).with("Accept-Post", acceptPost)
	}
	if a.format.streamed() {
		a.answer = mediaTypeLines
		if slices.Contains(linesTypes, contentType) {
			a.answer = contentType // as the client calls it
		}
	}
	if !accepts(r.Header.Values("Accept"), append(slices.Clone(linesTypes), mediaTypeJSON)...) {
		return a, refuse(http.StatusNotAcceptable, fault.BadRequest.Code(), "the answer is %s, which is not accepted", a.answer)
	}
	switch coding := strings.ToLower(strings.Join(r.Header.Values("Content-Encoding"), ",")); coding {
	case "", "identity":
	case "gzip", "x-gzip":
		a.gzip = true
	default:
		return a, refuse(http.StatusUnsupportedMediaType, fault.BadRequest.Code(), "a body may be compressed by gzip alone").with("Accept-Encoding", "gzip, identity")
	}
	return a, a.readResults(r)
}

// formatOf reads the format from the headers, and reports whether there is one.
// Structured and batch are told by the media type, whatever else is there.
func (a *asked) formatOf(r *http.Request) (contentType string, ok bool) {
	contentType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	inHeaders := r.Header.Get("Ce-Specversion") != "" || r.Header.Get("Ce-Id") != ""
	switch {
	case slices.Contains(linesTypes, contentType) && !inHeaders:
		a.format = lines
	case contentType == mediaTypeEvent:
		a.format = structured
	case contentType == mediaTypeBatch:
		a.format = batch
	case inHeaders && !strings.HasPrefix(contentType, "application/cloudevents"):
		a.format = binary
		return contentType, true
	default:
		return contentType, false
	}
	return contentType, err == nil && (params["charset"] == "" || strings.EqualFold(params["charset"], "utf-8"))
}

// readResults reads of which payloads the client wants to be told.
func (a *asked) readResults(r *http.Request) *refusal {
	given := r.URL.Query()["results"]
	switch a.results = allResults; {
	case len(given) > 1 || len(given) == 1 && !slices.Contains([]results{allResults, problemResults, summaryResults}, results(given[0])):
		return refuse(http.StatusBadRequest, fault.BadRequest.Code(), "results is one of all, problems and summary")
	case len(given) == 1:
		a.results = results(given[0])
	default:
		for part := range strings.FieldsFuncSeq(strings.Join(r.Header.Values("Prefer"), ","), func(c rune) bool { return c == ',' || c == ';' }) {
			if strings.ReplaceAll(strings.ToLower(strings.TrimSpace(part)), `"`, "") == "return=minimal" {
				a.results, a.preference = summaryResults, true
			}
		}
	}
	return nil
}

// accepts reports whether Accept headers let one of the media types through.
// Without any, everything is accepted.
func accepts(headers []string, mediaTypes ...string) bool {
	header := strings.Join(headers, ",")
	if strings.TrimSpace(header) == "" {
		return true
	}
	for part := range strings.SplitSeq(header, ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil && q == 0 {
			continue
		}
		if name == "*/*" || name == "application/*" || slices.Contains(mediaTypes, name) {
			return true
		}
	}
	return false
}
