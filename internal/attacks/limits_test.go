package attacks_test

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"barograph/auth/apikey"
	"barograph/internal/redislink/redistest"
)

// remaining finds what a header says is left of a bucket.
var remaining = regexp.MustCompile(`r=(\d+);t=\d+`)

// left returns what an answer says is left of the bucket that paid.
func left(t *testing.T, a answer) int {
	t.Helper()
	found := remaining.FindStringSubmatch(a.header.Get("RateLimit"))
	if found == nil {
		t.Fatalf("the answer has no RateLimit header: %v", a.header)
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// TestLimitsAreNotEvaded tries to have more of a principal's bucket than is in it.
func TestLimitsAreNotEvaded(t *testing.T) {
	t.Parallel()
	g := start(t, "--rate-limit=1", "--rate-burst=600", "--cost-report=asked")
	for _, a := range []attack{
		{id: "A163", name: "cost larger than the bucket", run: func(t *testing.T, g *gateway) {
			for range 3 {
				got := g.ask(t, `{ records(first: 600) { nodes { id } } }`)
				if got.status != http.StatusBadRequest || !got.has("MAX_COST_EXCEEDED") || got.header.Get("Retry-After") != "" || strings.Contains(got.body, "retry") {
					t.Errorf("answered %s %v, want 400, MAX_COST_EXCEEDED, and nothing to wait for", got, got.header)
				}
			}
		}},
		{id: "A003", name: "alias brute force of ids", run: func(t *testing.T, g *gateway) {
			for how, document := range map[string]string{
				"alias": "{" + numbered(100, `a%d: pipeline(name: "guess-%[1]d") { id }`) + "}",
				"list":  "{ nodes(ids: [" + numbered(100, `"guess-%d",`) + "]) { id } }",
			} {
				before := left(t, g.ask(t, `{ __typename }`))
				got := g.ask(t, document)
				if paid := before - left(t, got); paid < 95 || paid > 100 {
					t.Errorf("100 guesses by %s cost %d, want as much as 100 requests", how, paid)
				}
			}
		}},
		{id: "A168", name: "failed requests are free", run: func(t *testing.T, g *gateway) {
			for name, document := range map[string]string{"parse": "{", "validate": "{ nothing }", "weigh": "{" + numbered(30, `a%d: records(first: 1000) { nodes { id } }`) + "}"} {
				before := left(t, g.ask(t, `{ __typename }`))
				var got answer
				for range 20 {
					got = g.ask(t, document)
				}
				if paid := before - left(t, got); paid < 15 {
					t.Errorf("20 documents that do not %s cost %d", name, paid)
				}
			}
		}},
		{id: "A098", name: "operations over a socket have a bucket of their own", run: func(t *testing.T, g *gateway) {
			s := g.socket(t)
			refused, wrong := 0, 0
			for i := range 1000 {
				document := `{ __typename }`
				if i%2 == 1 {
					document = `mutation { refreshWeather(input: { cities: [] }) { problems { code } } }`
				}
				s.send(t, subscribe(fmt.Sprint(i), document))
				for m := (message{}); m.Type != "complete" && m.Type != "error"; {
					var err error
					if m, err = s.next(t); err != nil {
						t.Fatalf("the socket ends with %v", err)
					}
					if m.Type == "error" {
						refused++
						if text := string(m.Payload); !strings.Contains(text, `"RATE_LIMITED"`) || !strings.Contains(text, `"retryAfterMs"`) {
							wrong++
						}
					}
				}
			}
			if refused < 400 || wrong > 0 {
				t.Errorf("of 1000 operations %d were refused, %d of them for another reason; want most, as RATE_LIMITED", refused, wrong)
			}
			got := g.post(t, `{"query":"mutation { refreshWeather(input: { cities: [] }) { problems { code } } }"}`)
			if got.status != http.StatusTooManyRequests || !got.has("RATE_LIMITED") || got.header.Get("Retry-After") == "" {
				t.Errorf("over HTTP, it is answered %s %v, want 429: it is the same bucket", got, got.header)
			}
			got = g.post(t, `[{"query":"{ stats { total } }"},{"query":"{ stats { total } }"}]`, "Accept", "application/json")
			if got.status != http.StatusTooManyRequests {
				t.Errorf("a batch is answered %s, want 429", got)
			}
			if got = g.post(t, `{"query":"{ stats { total } }"}`, "Accept", "text/event-stream"); !strings.Contains(got.body, "RATE_LIMITED") {
				t.Errorf("over server-sent events, it is answered %s", got)
			}
			if got = g.post(t, `{"query":"{ stats { total } }"}`, "Accept", "multipart/mixed;incrementalSpec=v0.2"); got.status != http.StatusTooManyRequests {
				t.Errorf("in parts, it is answered %s, want 429", got)
			}
			ingest := strings.Replace(g.url, "/graphql", "/ingest/default", 1)
			for range 20 { // the first of which may meet what has come back
				got = g.send(t, http.MethodPost, ingest, map[string]string{"Content-Type": "application/cloudevents+json"}, strings.NewReader(`{}`))
				if got.status == http.StatusTooManyRequests {
					break
				}
			}
			if got.status != http.StatusTooManyRequests || !strings.Contains(got.body, "RATE_LIMITED") {
				t.Errorf("as a message, it is answered %s", got)
			}
		}},
	} {
		t.Run(a.id+" "+a.name, func(t *testing.T) { a.run(t, g) })
	}
	if peak := g.peakMemory(t); peak > memoryLimit {
		t.Errorf("the process has held %d MiB, want at most %d", peak, memoryLimit)
	}
}

// TestAddressesAreNotEvaded tries to be more addresses than one is, and more clients.
func TestAddressesAreNotEvaded(t *testing.T) {
	t.Parallel()
	from := newIssuer(t)
	g := start(t, "--address-rate=1", "--address-burst=20", "--trusted-proxies=127.0.0.1,::1", "--log-level=info",
		"--jwt-issuers="+from.url, "--jwt-audiences=barograph")
	t.Run("A164 anonymous id rotation", func(t *testing.T) {
		limited := 0
		for i := range 100 {
			got := g.post(t, `{"query":"{ __typename }"}`,
				"X-Api-Key", fmt.Sprint("barograph_guess", i), "Authorization", fmt.Sprint("Bearer guess", i), // another name each time
				"X-Forwarded-For", fmt.Sprintf("203.0.113.%d, 2001:db8:1:2::%x", i, i+1), "Forwarded", fmt.Sprintf("for=203.0.113.%d", i))
			if got.status == http.StatusTooManyRequests {
				limited++
				if got.header.Get("Retry-After") == "" || !got.has("RATE_LIMITED") {
					t.Fatalf("refused as %s %v", got, got.header)
				}
			}
		}
		if limited < 70 {
			t.Errorf("of 100 requests from one /64, %d were limited, want about 80", limited)
		}
		if got := g.post(t, `{"query":"{ __typename }"}`, "X-Forwarded-For", "2001:db8:1:3::1"); got.status == http.StatusTooManyRequests {
			t.Errorf("another /64 is answered %s", got)
		}
	})
	t.Run("A164 guesses cost as little as requests", func(t *testing.T) {
		for i, guess := range []string{"a.b.c", from.token(map[string]any{"aud": "another"}), anotherKey()} {
			for n, want := range []int{http.StatusUnauthorized, http.StatusUnauthorized, http.StatusTooManyRequests} {
				got := g.post(t, whoAsks, "Authorization", "Bearer "+guess, "X-Forwarded-For", fmt.Sprintf("203.0.113.%d", 200+i))
				if got.status != want {
					t.Errorf("guess %d of %.20s is answered %s, want %d", n+1, guess, got, want)
				}
			}
		}
	})
}

// anotherKey returns the text of an API key that nobody made, with nothing mistyped
// in it.
func anotherKey() string {
	letters := base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	body := apikey.Prefix + strings.Repeat("a", 10) + "_" + strings.Repeat("b", 40)
	return body + letters.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
}

// TestLimitsHoldWithoutRedis freezes the Redis that has the buckets, and turns its
// clock.
func TestLimitsHoldWithoutRedis(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	g := start(t, "--rate-limit=5", "--rate-burst=100", "--cost-report=asked", "--redis-url="+redis.URL())
	ask := func() answer { return g.post(t, `{"query":"{ __typename }"}`) }
	t.Run("A165 clock jump", func(t *testing.T) {
		ask()
		client := redis.Client(t)
		for _, jump := range []time.Duration{time.Hour, -time.Hour} {
			keys := client.Keys(t.Context(), "barograph:rate:1:principal:*").Val()
			if len(keys) != 1 {
				t.Fatalf("the principal has the buckets %v, want one", keys)
			}
			// As if the time had been another when Redis looked last.
			client.HSet(t.Context(), keys[0], "u", strconv.FormatInt(time.Now().Add(jump).UnixMicro(), 10))
			allowed, start := 0, time.Now()
			for range 300 {
				if ask().status == http.StatusOK {
					allowed++
				}
			}
			if most := 100 + 5*time.Since(start).Seconds() + 10; float64(allowed) > most {
				t.Errorf("after a jump of %v, %d of 300 were allowed, want %.0f at most", jump, allowed, most)
			}
			redistest.Until(t, "nobody is locked out", func() bool { return ask().status == http.StatusOK })
		}
	})
	t.Run("A166 Redis frozen", func(t *testing.T) {
		redis.Freeze(t)
		defer redis.Thaw(t)
		<-time.After(200 * time.Millisecond) // for which the gateway remembers what Redis said
		allowed, start := 0, time.Now()
		var took []time.Duration
		for range 300 {
			got := ask()
			took = append(took, got.took)
			if got.status == http.StatusOK {
				allowed++
			}
		}
		slices.Sort(took)
		if median, worst := took[150], took[299]; median > 30*time.Millisecond || worst > 300*time.Millisecond { // 50 ms, on a machine that has time
			t.Errorf("with Redis frozen, requests took %v and at worst %v", median, worst)
		} else {
			t.Logf("with Redis frozen, requests took %v and at worst %v", median, worst)
		}
		if most := 100 + 5*time.Since(start).Seconds(); float64(allowed) > most {
			t.Errorf("%d of 300 were allowed, want no more than %.0f", allowed, most)
		}
		redistest.Until(t, "the log says that Redis is gone", func() bool { return strings.Contains(g.log.String(), "the Redis of rate limits is gone") })
	})
}
