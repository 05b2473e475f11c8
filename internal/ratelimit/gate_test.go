package ratelimit_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/internal/ratelimit"
)

func proxies(t testing.TB, header string, addresses ...string) ratelimit.Proxies {
	t.Helper()
	p, err := ratelimit.NewProxies(addresses, header)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAClientIsWhomTheLastTrustedProxySaysItIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trusted      []string
		header, peer string
		given        []string
		want         string
	}{
		"nobody is trusted":             {nil, ratelimit.XForwardedFor, "192.0.2.1:5", []string{"203.0.113.9"}, "192.0.2.1"},
		"another proxy is":              {[]string{"10.0.0.0/8"}, ratelimit.XForwardedFor, "192.0.2.1:5", []string{"203.0.113.9"}, "192.0.2.1"},
		"one proxy":                     {[]string{"10.0.0.0/8"}, ratelimit.XForwardedFor, "10.1.2.3:5", []string{"203.0.113.9"}, "203.0.113.9"},
		"the client says more":          {[]string{"10.0.0.0/8"}, ratelimit.XForwardedFor, "10.1.2.3:5", []string{"1.1.1.1, 10.9.9.9, 203.0.113.9"}, "203.0.113.9"},
		"two proxies":                   {[]string{"10.0.0.0/8", "198.51.100.7"}, ratelimit.XForwardedFor, "10.1.2.3:5", []string{"1.1.1.1, 203.0.113.9", "198.51.100.7"}, "203.0.113.9"},
		"all are proxies":               {[]string{"10.0.0.0/8"}, ratelimit.XForwardedFor, "10.1.2.3:5", []string{"10.0.0.1, 10.0.0.2"}, "10.0.0.1"},
		"nothing is said":               {[]string{"10.0.0.0/8"}, ratelimit.XForwardedFor, "10.1.2.3:5", nil, "10.1.2.3"},
		"garbage":                       {[]string{"10.0.0.0/8"}, ratelimit.XForwardedFor, "10.1.2.3:5", []string{"1.1.1.1, <hunter2>"}, "10.1.2.3"},
		"garbage left of what counts":   {[]string{"10.0.0.0/8"}, ratelimit.XForwardedFor, "10.1.2.3:5", []string{"<hunter2>, 203.0.113.9"}, "203.0.113.9"},
		"a port":                        {[]string{"10.0.0.0/8"}, ratelimit.XForwardedFor, "10.1.2.3:5", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		"IPv6":                          {[]string{"fd00::/8"}, ratelimit.XForwardedFor, "[fd00::1]:5", []string{"2001:db8::7"}, "2001:db8::7"},
		"IPv6 with a port":              {[]string{"fd00::/8"}, ratelimit.XForwardedFor, "[fd00::1%eth0]:5", []string{"[2001:db8::7]:80"}, "2001:db8::7"},
		"IPv4 in IPv6":                  {[]string{"::ffff:10.0.0.0/104"}, ratelimit.XForwardedFor, "[::ffff:10.0.0.1]:5", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"the other header is not read":  {[]string{"10.0.0.0/8"}, ratelimit.Forwarded, "10.1.2.3:5", nil, "10.1.2.3"},
		"Forwarded":                     {[]string{"10.0.0.0/8"}, ratelimit.Forwarded, "10.1.2.3:5", []string{`for=1.1.1.1, For="203.0.113.9:80";proto=https;by=x`}, "203.0.113.9"},
		"Forwarded, IPv6":               {[]string{"10.0.0.0/8"}, ratelimit.Forwarded, "10.1.2.3:5", []string{`by=a; for="[2001:db8::7]:4711"`}, "2001:db8::7"},
		"Forwarded, hidden":             {[]string{"10.0.0.0/8"}, ratelimit.Forwarded, "10.1.2.3:5", []string{`for=203.0.113.9, for=_hidden`}, "10.1.2.3"},
		"Forwarded, an open quote":      {[]string{"10.0.0.0/8"}, ratelimit.Forwarded, "10.1.2.3:5", []string{`for="1.1.1.1`, `for=203.0.113.9`}, "10.1.2.3"},
		"Forwarded, a quote too many":   {[]string{"10.0.0.0/8"}, ratelimit.Forwarded, "10.1.2.3:5", []string{`for=1.1.1.1;a="`, `for="203.0.113.9"`}, "10.1.2.3"},
		"Forwarded, garbage on the way": {[]string{"10.0.0.0/8"}, ratelimit.Forwarded, "10.1.2.3:5", []string{`for=1.1.1.1, for="a"b, for=203.0.113.9`}, "203.0.113.9"},
		"Forwarded, twice in one":       {[]string{"10.0.0.0/8"}, ratelimit.Forwarded, "10.1.2.3:5", []string{`for=1.1.1.1;for=203.0.113.9`}, "10.1.2.3"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		r.Header[c.header] = c.given
		if c.header == ratelimit.Forwarded && c.given == nil {
			r.Header.Set(ratelimit.XForwardedFor, "203.0.113.9")
		}
		if got := proxies(t, c.header, c.trusted...).Client(r); got.String() != c.want {
			t.Errorf("%s: the client is %s, want %s", name, got, c.want)
		}
	}
	if _, err := ratelimit.NewProxies([]string{"proxy.example"}, ratelimit.Forwarded); err == nil {
		t.Error("a name is an address")
	}
}

// What the last proxy adds is what counts, whatever stands before it.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"", "for=1.1.1.1", `for="[2001:db8::7]:80";by=a`, `for="`, `a="\"";;=,`, "1.1.1.1, 2.2.2.2"} {
		f.Add(seed)
	}
	p, x := proxies(f, ratelimit.Forwarded, "10.0.0.1"), proxies(f, ratelimit.XForwardedFor, "10.0.0.1")
	f.Fuzz(func(t *testing.T, given string) {
		r := &http.Request{RemoteAddr: "10.0.0.1:5", Header: http.Header{ratelimit.Forwarded: {given, `for="203.0.113.9:80"`}, ratelimit.XForwardedFor: {given, "203.0.113.9"}}}
		if got := p.Client(r).String(); got != "203.0.113.9" && got != "10.0.0.1" {
			t.Errorf("after %q, the client is %s", given, got)
		}
		if got := x.Client(r).String(); got != "203.0.113.9" {
			t.Errorf("after %q, the client is %s", given, got)
		}
	})
}

// gated returns a gate, and what stands behind it.
func gated(t *testing.T, limit ratelimit.Limit, c *clock, l *log, p ratelimit.Proxies) http.Handler {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(l, nil))
	gate := ratelimit.NewGate(ratelimit.NewLocal("test", limit, 1000, c.read), p, c.read, logger)
	return gate.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wrong" {
			ratelimit.From(r.Context()).Charge(r.Context(), 10)
		}
		w.WriteHeader(http.StatusOK)
	}), func(w http.ResponseWriter, why *fault.Error) {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = fmt.Fprint(w, why.Kind.Code(), " ", why.RetryAfter)
	})
}

func visit(h http.Handler, address, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("{}"))
	r.RemoteAddr = address
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// A164.
func TestAnAddressIsLimitedAndOneOfIPv6ByItsBlock(t *testing.T) {
	t.Parallel()
	c, l := &clock{}, &log{}
	h := gated(t, ratelimit.Limit{Rate: 1, Burst: 10}, c, l, ratelimit.Proxies{})
	for i := range 10 {
		if w := visit(h, fmt.Sprintf("[2001:db8:0:1::%x]:5", i), "/"); w.Code != http.StatusOK {
			t.Fatalf("request %d is answered %d", i, w.Code)
		}
	}
	w := visit(h, "[2001:db8:0:1:ffff::1]:5", "/")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" || w.Body.String() != "RATE_LIMITED 1s" ||
		w.Header().Get("RateLimit") != `"address";r=0;t=10` || w.Header().Get("RateLimit-Policy") != `"address";q=10;w=10` {
		t.Errorf("the eleventh of a block is answered %d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := visit(h, "[2001:db8:0:2::1]:5", "/"); w.Code != http.StatusOK {
		t.Errorf("another block is answered %d", w.Code)
	}
	for range 100 {
		visit(h, "[2001:db8:0:1::1]:5", "/")
	}
	if n := l.count("an address is limited"); n != 1 {
		t.Errorf("it is logged %d times within a minute, want once", n)
	}
	c.now += time.Second
	if w := visit(h, "[2001:db8:0:1::1]:5", "/"); w.Code != http.StatusOK {
		t.Errorf("after the wait it is answered %d", w.Code)
	}
}

func TestWhatIsNoCredentialCostsMore(t *testing.T) {
	t.Parallel()
	h := gated(t, ratelimit.Limit{Rate: 1, Burst: 22}, &clock{}, &log{}, ratelimit.Proxies{})
	for i, want := range []int{200, 200, 429} {
		if w := visit(h, "192.0.2.1:5", "/wrong"); w.Code != want {
			t.Errorf("attempt %d is answered %d, want %d", i, w.Code, want)
		}
	}
	ratelimit.From(t.Context()).Charge(t.Context(), 10) // where there is no gate
}

func TestProxiesThatAreNotTrustedAreToldOfOnce(t *testing.T) {
	t.Parallel()
	l := &log{}
	h := gated(t, ratelimit.Limit{Rate: 1, Burst: 10}, &clock{}, l, ratelimit.Proxies{})
	for range 3 {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	if n := l.count("come from no trusted proxy"); n != 1 {
		t.Errorf("it is logged %d times, want once", n)
	}
}

func TestALongBodyOfWhoIsRefusedIsNotRead(t *testing.T) {
	t.Parallel()
	h := gated(t, ratelimit.Limit{Rate: 1, Burst: 1}, &clock{}, &log{}, ratelimit.Proxies{})
	visit(h, "192.0.2.1:5", "/")
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", 1<<20)))
	w := httptest.NewRecorder()
	r.RemoteAddr = "192.0.2.1:5"
	h.ServeHTTP(w, r)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Connection") != "close" {
		t.Errorf("answered %d %v, want the connection closed", w.Code, w.Header())
	}
}

func TestAQuietSaysTheSameOnceInAWhile(t *testing.T) {
	t.Parallel()
	c := &clock{}
	q := ratelimit.NewQuiet(time.Minute, c.read)
	said := 0
	for i := range 5000 {
		if q.Due(fmt.Sprint(i)) {
			said++
		}
	}
	if said != 1000 || q.Due("0") {
		t.Errorf("it said something of %d keys, want no more than 1000", said)
	}
	c.now += time.Minute
	if !q.Due("0") || !q.Due("new") || q.Due("new") {
		t.Error("a minute later, it is not due again")
	}
}
