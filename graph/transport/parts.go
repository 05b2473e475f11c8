package transport

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"barograph/graph/incremental"
)

// boundary is Apollo's. It is found in no part: JSON has no line that begins so.
const boundary = "graphql"

var (
	delimiter     = []byte("\r\n--" + boundary)
	partHeader    = []byte("\r\nContent-Type: application/json\r\n\r\n")
	lastDelimiter = []byte("--\r\n")
)

// A partWriter writes a body of parts. Each part is followed by the delimiter at
// once, since clients read up to it.
type partWriter struct {
	*outlet
	begun bool
}

func openParts(w http.ResponseWriter, mediaType string, timeout time.Duration) *partWriter {
	return &partWriter{outlet: openOutlet(w, mediaType, timeout)}
}

// begin makes the client see that the answer has begun.
func (p *partWriter) begin() error {
	p.begun = true
	return p.write(delimiter)
}

func (p *partWriter) send(text []byte, last bool) error {
	texts := [][]byte{partHeader, text, delimiter}
	if !p.begun {
		texts, p.begun = append([][]byte{delimiter}, texts...), true
	}
	if last {
		texts = append(texts, lastDelimiter)
	}
	return p.write(texts...)
}

func (p *partWriter) end() error { return p.write(lastDelimiter) }

// A partFormat is a format of the parts of a query's answer.
type partFormat struct {
	param, version string // of the media type, the name in lower case
	name           string // of the parameter as its specification has it

	first func(*graphql.Response, incremental.Update) ([]byte, error)
	next  func(*graphql.Response, incremental.Update) ([]byte, error)
}

func (f *partFormat) mediaType() string {
	return mediaTypeMultipart + `;boundary="` + boundary + `";` + f.name + "=" + f.version
}

// partFormats are those there are. Whoever names none gets the first.
var partFormats = []*partFormat{
	{"deferspec", "20220824", "deferSpec", firstByPath, nextByPath},
	{"incrementalspec", "v0.2", "incrementalSpec", firstByID, nextByID},
}

// firstByPath writes the first part of the format of 24 August 2022.
func firstByPath(response *graphql.Response, update incremental.Update) ([]byte, error) {
	return entries(append(result(response), entry{"hasNext", update.HasNext}, entry{"extensions", response.Extensions}))
}

// nextByPath writes another: each piece of data says where it belongs.
func nextByPath(response *graphql.Response, update incremental.Update) ([]byte, error) {
	var pieces [][]entry
	for _, p := range update.Parts {
		pieces = append(pieces, []entry{{"data", json.RawMessage(p.Data)}, {"path", p.Path}, {"label", p.Fragment.Label}, {"errors", p.Errors}})
	}
	for _, c := range update.Completed {
		if c.Errors != nil {
			pieces = append(pieces, []entry{{"data", json.RawMessage("null")}, {"path", c.Path}, {"label", c.Label}, {"errors", c.Errors}})
		}
	}
	return withExtensions(response, pieces, []entry{{"hasNext", update.HasNext}})
}

// firstByID writes the first part of the format that graphql-js 17 had in its
// ninth alpha version, which Apollo calls v0.2.
func firstByID(response *graphql.Response, update incremental.Update) ([]byte, error) {
	return entries(append(result(response), entry{"pending", pending(update)}, entry{"hasNext", update.HasNext}, entry{"extensions", response.Extensions}))
}

// nextByID writes another: each piece of data says to which fragment it belongs,
// and each fragment when it is complete.
func nextByID(response *graphql.Response, update incremental.Update) ([]byte, error) {
	var pieces, completed [][]entry
	for _, p := range update.Parts {
		pieces = append(pieces, []entry{{"data", json.RawMessage(p.Data)}, {"id", p.Fragment.ID}, {"subPath", p.SubPath()}, {"errors", p.Errors}})
	}
	for _, c := range update.Completed {
		completed = append(completed, []entry{{"id", c.ID}, {"errors", c.Errors}})
	}
	return withExtensions(response, pieces, []entry{{"pending", pending(update)}, {"completed", completed}, {"hasNext", update.HasNext}})
}

func pending(update incremental.Update) (all [][]entry) {
	for _, f := range update.Pending {
		all = append(all, []entry{{"id", f.ID}, {"path", f.Path}, {"label", f.Label}})
	}
	return all
}

func result(response *graphql.Response) []entry {
	return []entry{{"errors", response.Errors}, {"data", response.Data}}
}

// withExtensions writes a later part. Apollo Client reads its extensions from the
// pieces alone where there are any.
func withExtensions(response *graphql.Response, pieces [][]entry, rest []entry) ([]byte, error) {
	extensions := entry{"extensions", response.Extensions}
	if n := len(pieces); n > 0 {
		pieces[n-1] = append(pieces[n-1], extensions)
		extensions.value = nil
	}
	return entries(append(append([]entry{{"incremental", pieces}}, rest...), extensions))
}

// An entry is one of a JSON object.
type entry struct {
	name  string
	value any
}

// entries writes an object, without what is empty, but for a path.
func entries(all []entry) ([]byte, error) {
	var out bytes.Buffer
	err := writeEntries(&out, all)
	return out.Bytes(), err
}

func writeEntries(out *bytes.Buffer, all []entry) error {
	separator := byte('{')
	for _, e := range all {
		var text []byte
		var err error
		switch value := e.value.(type) {
		case json.RawMessage: // JSON already
			text = value
		case [][]entry:
			text, err = array(value)
		case string:
			if value != "" {
				text, err = json.Marshal(value)
			}
		case ast.Path:
			if len(value) > 0 || e.name == "path" {
				text, err = json.Marshal(value)
			}
		case gqlerror.List:
			if len(value) > 0 {
				text, err = json.Marshal(value)
			}
		case map[string]any:
			if len(value) > 0 {
				text, err = json.Marshal(value)
			}
		case bool:
			text = strconv.AppendBool(nil, value)
		}
		if err != nil {
			return err
		}
		if text != nil {
			out.WriteByte(separator)
			out.WriteString(strconv.Quote(e.name) + ":")
			out.Write(text)
			separator = ','
		}
	}
	if separator == '{' {
		out.WriteByte('{')
	}
	out.WriteByte('}')
	return nil
}

func array(all [][]entry) ([]byte, error) {
	if len(all) == 0 {
		return nil, nil
	}
	var out bytes.Buffer
	for i, one := range all {
		out.WriteByte("[,"[min(i, 1)])
		if err := writeEntries(&out, one); err != nil {
			return nil, err
		}
	}
	out.WriteByte(']')
	return out.Bytes(), nil
}

func list(err *gqlerror.Error) gqlerror.List { return gqlerror.List{err} }
