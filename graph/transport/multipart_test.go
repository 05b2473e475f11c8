package transport_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// What Apollo Client sends with a subscription.
const apolloSubscription = `multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9`

const (
	subscription = `{"query":"subscription { tick }"}`
	delimiter    = "\r\n--graphql"
	partHeader   = "\r\nContent-Type: application/json\r\n\r\n"
)

func TestMultipartCarriesASubscription(t *testing.T) {
	t.Parallel()
	c := newClock()
	res := serve(t, all(time.Hour), c.executor()).call(t.Context(), t, http.MethodPost, "/", subscription, header{"Accept": apolloSubscription})
	if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || got != `multipart/mixed;boundary="graphql";subscriptionSpec=1.0` {
		t.Errorf("%d %s", res.StatusCode, got)
	}
	if cache, accel := res.Header.Get("Cache-Control"), res.Header.Get("X-Accel-Buffering"); cache != "no-store" || accel != "no" {
		t.Errorf("Cache-Control %q, X-Accel-Buffering %q", cache, accel)
	}
	reads(t, res, delimiter)
	for i := range 3 { // each arrives before the next is made
		data := fmt.Sprintf(`{"tick":"%d"}`, i)
		c.ticks <- tick{data: data}
		reads(t, res, partHeader+`{"payload":{"data":`+data+`}}`+delimiter)
	}
	close(c.ticks)
	reads(t, res, "--\r\n")
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) > 0 {
		t.Errorf("%q and %v after the end", rest, err)
	}
}

func TestMultipartOutlivesTheDeadlinesOfTheServer(t *testing.T) {
	t.Parallel()
	c := newClock()
	res := serve(t, all(50*time.Millisecond), c.executor()).call(t.Context(), t, http.MethodPost, "/", subscription, header{"Accept": apolloSubscription})
	reads(t, res, delimiter+strings.Repeat(partHeader+"{}"+delimiter, int(deadline/(50*time.Millisecond))+5)) // which takes longer than they are
	go func() { c.ticks <- tick{data: `{"tick":"late"}`} }()
	for text := ""; !strings.HasSuffix(text, `{"payload":{"data":{"tick":"late"}}}`); {
		var b [1]byte
		if _, err := res.Body.Read(b[:]); err != nil {
			t.Fatalf("%v after %q", err, text)
		}
		text += string(b[:])
	}
	close(c.ticks)
}

func TestMultipartSaysWhyASubscriptionEnded(t *testing.T) {
	t.Parallel()
	c := newClock()
	res := serve(t, all(time.Hour), c.executor()).call(t.Context(), t, http.MethodPost, "/", subscription, header{"Accept": apolloSubscription})
	c.ticks <- tick{err: errFast}
	reads(t, res, delimiter+partHeader+`{"payload":null,"errors":[{"message":"changes came faster than they were taken"}]}`+delimiter+"--\r\n")
}

func TestMultipartSaysGoodbyeWhenTheServerStops(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := serve(t, all(time.Hour), c.executor())
	res := s.call(t.Context(), t, http.MethodPost, "/", subscription, header{"Accept": apolloSubscription})
	reads(t, res, delimiter)
	s.drain.Begin()
	reads(t, res, partHeader+`{"payload":null,"errors":[{"message":"the server is stopping; another one will serve"}]}`+delimiter+"--\r\n")
	<-c.ended
}

func TestASubscriptionEndsWithItsClient(t *testing.T) {
	t.Parallel()
	for name, accept := range map[string]string{"multipart": apolloSubscription, "events": "text/event-stream"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			ctx, leave := context.WithCancel(t.Context())
			serve(t, all(time.Hour), c.executor()).call(ctx, t, http.MethodPost, "/", subscription, header{"Accept": accept})
			leave()
			<-c.ended
		})
	}
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	for name, accept := range map[string]string{"multipart": apolloSubscription, "events": "text/event-stream"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			s := serve(t, all(time.Hour), c.executor())
			address, err := url.Parse(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := net.Dial("tcp", address.Host)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close() //nolint:errcheck // nothing is left to do about it
			_, _ = fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAccept: %s\r\nContent-Length: %d\r\n\r\n%s", accept, len(subscription), subscription)
			event := tick{data: `{"tick":"` + strings.Repeat("x", 1<<20) + `"}`}
			for taken := 0; ; taken++ {
				select {
				case c.ticks <- event:
					if taken > 50 { // more than the sockets' buffers hold
						t.Fatal("events are taken though nobody reads them")
					}
					continue
				case <-c.ended:
				}
				break
			}
		})
	}
}

func TestMultipartAnswersInOnePieceWhatHasOne(t *testing.T) {
	t.Parallel()
	s := serve(t, all(time.Hour), newClock().executor())
	for name, c := range map[string]struct {
		accept, body, contentType string
		status                    int
		want                      string
	}{
		"a query":            {"multipart/mixed;deferSpec=20220824, application/json", `{"query":"{ time }"}`, "application/json; charset=utf-8", 200, `{"data":{"query":` + "\n" + `"done"}}`},
		"the newer type":     {"multipart/mixed;incrementalSpec=v0.2,application/graphql-response+json,application/json;q=0.9", `{"query":"{ time }"}`, "application/graphql-response+json; charset=utf-8", 200, `"done"`},
		"a mutation":         {"multipart/mixed;deferSpec=20220824, application/json", `{"query":"mutation { wind }"}`, "application/json; charset=utf-8", 200, `"mutation"`},
		"an invalid one":     {"multipart/mixed;deferSpec=20220824, application/json", `{"query":"{ nothing }"}`, "application/json; charset=utf-8", 200, `GRAPHQL_VALIDATION_FAILED`},
		"invalid, newer":     {"multipart/mixed;deferSpec=20220824, application/graphql-response+json", `{"query":"{ nothing }"}`, "application/graphql-response+json; charset=utf-8", 400, `GRAPHQL_VALIDATION_FAILED`},
		"nonsense":           {"multipart/mixed;deferSpec=20220824, application/json", `{"query":`, "application/json; charset=utf-8", 400, `BAD_REQUEST`},
		"parts alone":        {"multipart/mixed;deferSpec=20220824", `{"query":"{ time }"}`, `multipart/mixed;boundary="graphql";deferSpec=20220824`, 200, delimiter + partHeader + `{"data":{"query":` + "\n" + `"done"},"hasNext":false}` + delimiter + "--\r\n"},
		"no subscriptions":   {"multipart/mixed;deferSpec=20220824, application/json", subscription, "application/json; charset=utf-8", 406, `subscriptionSpec=1.0`},
		"a wrong subscriber": {apolloSubscription, `{"query":"subscription { nothing }"}`, "application/graphql-response+json; charset=utf-8", 400, `GRAPHQL_VALIDATION_FAILED`},
	} {
		res := s.call(t.Context(), t, http.MethodPost, "/", c.body, header{"Accept": c.accept})
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != c.status || res.Header.Get("Content-Type") != c.contentType || !strings.Contains(string(text), c.want) {
			t.Errorf("%s: %d %s %q %v\nwant %d %s %q", name, res.StatusCode, res.Header.Get("Content-Type"), text, err, c.status, c.contentType, c.want)
		}
	}
}

func TestABatchIsServedAsIfItDidNotAcceptParts(t *testing.T) {
	t.Parallel()
	s := serve(t, all(time.Hour), newClock().executor())
	var answers []string
	for _, accept := range []string{"application/json", "multipart/mixed;deferSpec=20220824, application/json"} {
		res := s.call(t.Context(), t, http.MethodPost, "/", " \n[{\"query\":\"{ time }\"}]", header{"Accept": accept})
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, fmt.Sprint(res.StatusCode, res.Header.Get("Content-Type"), string(text)))
	}
	if answers[0] != answers[1] {
		t.Errorf("%s\nwithout parts: %s", answers[1], answers[0])
	}
}

func TestStreamsAreServedToThoseWhoWantThemNoLessThanOnePiece(t *testing.T) {
	t.Parallel()
	transports := all(time.Hour)
	const events, parts, piece = 0, 1, 2
	for accept, want := range map[string]int{
		"":                                     piece,
		"*/*":                                  piece,
		"application/json":                     piece,
		"multipart/*":                          piece,
		"multipart/mixed":                      parts,
		apolloSubscription:                     parts,
		"multipart/mixed;deferSpec=20220824":   parts,
		"multipart/mixed;incrementalSpec=v0.2": parts,
		"multipart/mixed;incrementalSpec=v0.9": piece,
		`multipart/mixed;boundary="a,b";deferSpec=20220824;q=0.9, application/json;q=0.8`: parts,
		"multipart/mixed;deferSpec=20220824;q=0.8, application/json":                      piece,
		"multipart/mixed;deferSpec=20220824;q=0, application/json;q=0":                    piece,
		"application/json, multipart/mixed;deferSpec=20220824":                            parts,
		"*/*, multipart/mixed;deferSpec=20220824":                                         parts,
		"text/event-stream":                         events,
		"text/event-stream, */*":                    events,
		"*/*, text/event-stream":                    events,
		"text/event-stream, multipart/mixed":        events,
		"text/event-stream;q=0.5, application/json": piece,
		"text/event-stream;q=0":                     piece,
		"application/json, text/event-stream":       piece,
		"application/json;q=0.5, text/event-stream": events,
		"application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed": parts,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		for i, transport := range transports {
			if transport.Supports(r) {
				if i != want {
					t.Errorf("Accept %q: transport %d, want %d", accept, i, want)
				}
				break
			}
		}
	}
}
