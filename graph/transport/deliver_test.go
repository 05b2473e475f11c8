package transport_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"barograph/graph/transport"
)

// long is a query whose answer is worth compressing.
var long = "/?" + url.Values{"query": {"query " + name + "{ name }"}, "operationName": {name}}.Encode()

var name = strings.Repeat("x", 2000)

const short = "/?query=%7Bname%7D"

func TestWhatAClientHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	first := send(t, http.MethodGet, short, "", nil)
	tag := first.header.Get("ETag")
	if first.status != http.StatusOK || !strings.HasPrefix(tag, `"`) || len(tag) < 20 {
		t.Fatalf("%d with the ETag %s", first.status, tag)
	}
	bare := strings.TrimSuffix(tag, `"`)
	for given, want := range map[string]int{
		tag: 304, "W/" + tag: 304, `"other", ` + tag: 304, "*": 304, bare + `-gzip"`: 304,
		`"other"`: 200, bare[1:3]: 200, "": 200, `W/"other"`: 200,
	} {
		res := send(t, http.MethodGet, short, "", header{"If-None-Match": given})
		if res.status != want || (want == 304) != (res.text == "") || res.header.Get("ETag") != tag {
			t.Errorf("with %s: %d %q and the ETag %s, want %d", given, res.status, res.text, res.header.Get("ETag"), want)
		}
		if got := strings.Join(res.header.Values("Vary"), ", "); got != "Accept, Accept-Encoding" {
			t.Errorf("with %s: Vary is %q", given, got)
		}
	}
	for name, res := range map[string]response{
		"another answer":   send(t, http.MethodGet, "/?query=query+A%7Bname%7D&operationName=A", "", nil),
		"another type":     send(t, http.MethodGet, short, "", header{"Accept": "application/graphql-response+json"}),
		"a request error":  send(t, http.MethodGet, "/?query=%7Bnothing%7D", "", header{"If-None-Match": "*"}),
		"a POST":           send(t, http.MethodPost, "/", `{"query":"{ name }"}`, header{"If-None-Match": "*"}),
		"a mutation's GET": send(t, http.MethodGet, "/?query=mutation%7Bname%7D", "", header{"If-None-Match": "*"}),
	} {
		if got := res.header.Get("ETag"); got == tag || res.status == http.StatusNotModified || name != "another answer" && name != "another type" && got != "" {
			t.Errorf("%s: %d with the ETag %q", name, res.status, got)
		}
	}
}

func TestLongAnswersAreCompressedForThoseWhoAcceptIt(t *testing.T) {
	t.Parallel()
	plain := send(t, http.MethodGet, long, "", nil)
	for accept, want := range map[string]string{
		"gzip": "gzip", "gzip, deflate, br": "gzip", "GZIP;q=0.5": "gzip", "*": "gzip", "br, *;q=0.1": "gzip",
		"": "", "identity": "", "gzip;q=0": "", "*, gzip;q=0": "", "br": "", "gzip;q=0, *": "",
	} {
		res := record(t, transport.HTTP{BodyLimit: bodyLimit}, http.MethodGet, long, strings.NewReader(""), header{"Accept-Encoding": accept})
		if got := res.header.Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: Content-Encoding is %q, want %q", accept, got, want)
			continue
		}
		text, tag := res.text, plain.header.Get("ETag")
		if want != "" {
			tag = strings.TrimSuffix(tag, `"`) + `-gzip"`
			unzip, err := gzip.NewReader(strings.NewReader(res.text))
			if err != nil {
				t.Fatal(err)
			}
			all, err := io.ReadAll(unzip)
			if err != nil {
				t.Fatal(err)
			}
			text = string(all)
		}
		if text != plain.text || res.header.Get("ETag") != tag {
			t.Errorf("Accept-Encoding %q: %d bytes with the ETag %s, want %d with %s", accept, len(text), res.header.Get("ETag"), len(plain.text), tag)
		}
	}
	if res := send(t, http.MethodGet, short, "", header{"Accept-Encoding": "gzip"}); res.header.Get("Content-Encoding") != "" {
		t.Error("a short answer is compressed")
	}
}

func TestOtherMethodsSayWhatIsServed(t *testing.T) {
	t.Parallel()
	const methods = "DELETE, GET, HEAD, OPTIONS, POST, PUT"
	options := send(t, http.MethodOptions, "/", "", header{"Accept": "text/html"})
	if options.status != http.StatusNoContent || options.header.Get("Allow") != methods || options.text != "" {
		t.Errorf("OPTIONS: %d, Allow: %s", options.status, options.header.Get("Allow"))
	}
	if res := send(t, http.MethodPatch, "/", `{"query":"{ name }"}`, nil); res.status != http.StatusMethodNotAllowed || res.header.Get("Allow") != methods {
		t.Errorf("PATCH: %d, Allow: %s", res.status, res.header.Get("Allow"))
	}
	head := send(t, http.MethodHead, short, "", nil)
	if get := send(t, http.MethodGet, short, "", nil); head.status != http.StatusOK || head.header.Get("ETag") != get.header.Get("ETag") {
		t.Errorf("HEAD: %d with the ETag %s, want that of GET", head.status, head.header.Get("ETag"))
	}
	if res := send(t, http.MethodHead, "/?query=mutation%7Bname%7D", "", nil); res.status != http.StatusMethodNotAllowed {
		t.Errorf("a mutation by HEAD: %d", res.status)
	}
}
