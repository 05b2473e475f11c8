package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"barograph/internal/strictjson"
)

const (
	callsAtOnce    = 16 // of one claim
	callTries      = 3  // of one attempt, within its deadline
	callTimeoutMs  = 5000
	callLimitMs    = 30_000
	answerLimit    = 256 << 10 // bytes
	shortestPause  = 100 * time.Millisecond
	longestPause   = time.Second
	keyBytes       = 16
	idempotencyKey = "Idempotency-Key"
)

// HTTP is the kind of step that posts the value to a host that is among those
// allowed, and may put the answer, JSON, into the value:
//
//	{"kind":"http","url":"https://hooks.example.com/orders","timeoutMs":5000,"as":"response"}
//
// A call is made at least once. Its Idempotency-Key is that of the record and the
// URL: it is the same in every attempt and replay.
func HTTP(hosts Hosts) Kind {
	client := &http.Client{
		Transport:     newTransport(hosts),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return Kind{Name: "http", IO: true, New: func(options json.RawMessage, b *Builder) (Step, error) {
		o := struct {
			URL       string  `json:"url"`
			TimeoutMs int64   `json:"timeoutMs"`
			As        *string `json:"as"`
		}{TimeoutMs: callTimeoutMs}
		if !b.Decode(options, &o) {
			return nil, nil
		}
		b.between("timeoutMs", o.TimeoutMs, 1, callLimitMs)
		if o.As != nil {
			b.Member("as", *o.As)
		}
		u, ok := callable(o.URL)
		if !ok {
			b.Refuse("not a URL as in https://hooks.example.com/orders, without credentials", "url")
			return nil, nil
		}
		if _, allowed := hosts.find(u); !allowed {
			b.Refuse("the server does not allow steps to call this host: --step-hosts does", "url")
		}
		return &call{
			client: client, url: u.String(), server: u.Hostname(), timeout: time.Duration(o.TimeoutMs) * time.Millisecond,
			as: o.As, ordinal: b.Ordinal(u.String()), retrying: newRetrying(),
		}, nil
	}}
}

const urlLimit = 2000 // bytes

// callable returns the URL that text is, and whether it can be called.
func callable(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	return u, err == nil && u.Host != "" && u.User == nil && u.Fragment == "" && len(text) <= urlLimit
}

// newTransport returns one that no proxy of the environment is in the way of: a
// proxy would look up names itself, and call any address.
func newTransport(hosts Hosts) http.RoundTripper {
	transport := func(scheme string) *http.Transport {
		return &http.Transport{
			DialContext: hosts.dial(scheme), TLSHandshakeTimeout: connectLimit, MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout: 90 * time.Second, MaxIdleConnsPerHost: callsAtOnce, MaxConnsPerHost: 4 * callsAtOnce, ForceAttemptHTTP2: true,
		}
	}
	return byScheme{"http": transport("http"), "https": transport("https")}
}

// byScheme has a transport for each scheme: a host may be allowed by one alone.
type byScheme map[string]*http.Transport

// RoundTrip sends a request.
func (all byScheme) RoundTrip(req *http.Request) (*http.Response, error) {
	return all[req.URL.Scheme].RoundTrip(req)
}

var stepTracer = otel.Tracer("barograph/pipeline")

// A call is what an HTTP step makes for each payload.
type call struct {
	client   *http.Client
	url      string
	server   string
	timeout  time.Duration
	as       *string
	ordinal  int // among the steps with the URL
	retrying retrypolicy.RetryPolicy[json.RawMessage]
}

func newRetrying() retrypolicy.RetryPolicy[json.RawMessage] {
	return retrypolicy.NewBuilder[json.RawMessage]().
		WithMaxAttempts(callTries).WithBackoff(shortestPause, longestPause).WithJitterFactor(0.5).ReturnLastFailure().
		HandleIf(func(_ json.RawMessage, err error) bool {
			var passing *passingError
			return errors.As(err, &passing)
		}).Build()
}

// A passingError is one after which another try may go better.
type passingError struct{ message string }

func (e *passingError) Error() string { return e.message }

// Run makes the calls of a claim, some at once.
func (c *call) Run(ctx context.Context, jobs []*Job) {
	var all errgroup.Group
	all.SetLimit(callsAtOnce)
	for _, j := range jobs {
		all.Go(func() error {
			defer func() {
				if recover() != nil { // which would end the process: this is no goroutine of the caller's
					j.Fail("the step broke off")
				}
			}()
			c.serve(ctx, j)
			return nil
		})
	}
	_ = all.Wait() // no call fails but its job
}

func (c *call) serve(ctx context.Context, j *Job) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ctx, span := stepTracer.Start(ctx, "POST", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("http.request.method", http.MethodPost), attribute.String("server.address", c.server)))
	defer span.End()
	answer, err := failsafe.With(c.retrying).WithContext(ctx).Get(func() (json.RawMessage, error) { return c.post(ctx, j) })
	switch {
	case ctx.Err() != nil && err != nil:
		j.Fail("the host did not answer in time")
	case err != nil:
		j.Fail(err.Error())
	case c.as != nil:
		j.add(*c.as, answer)
	}
	if j.failure != nil {
		span.SetStatus(codes.Error, j.failure.Message)
	}
}

// post makes one call and returns the answer.
func (c *call) post(ctx context.Context, j *Job) (json.RawMessage, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(j.Value))
	if err != nil {
		return nil, errors.New("the call cannot be made")
	}
	req.Header = c.header(j)
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(req.Header))
	res, err := c.client.Do(req)
	switch {
	case errors.Is(err, errInside):
		return nil, errors.New("the host's name leads to an address that steps may not call")
	case err != nil:
		return nil, &passingError{"the host cannot be reached"}
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	body, err := io.ReadAll(io.LimitReader(res.Body, answerLimit+1))
	status := fmt.Sprintf("%d %s", res.StatusCode, http.StatusText(res.StatusCode))
	switch {
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusBadGateway,
		res.StatusCode == http.StatusServiceUnavailable, res.StatusCode == http.StatusGatewayTimeout:
		return nil, &passingError{"the host answered " + status}
	case res.StatusCode < 200 || res.StatusCode > 299:
		return nil, errors.New("the host answered " + status)
	case err != nil:
		return nil, &passingError{"the host's answer broke off"}
	case c.as == nil:
		return nil, nil
	case len(body) > answerLimit:
		return nil, errors.New("the host's answer is too large: more than " + strconv.Itoa(answerLimit) + " bytes")
	case len(bytes.TrimSpace(body)) == 0:
		return json.RawMessage("null"), nil
	case strictjson.Check(body) != nil:
		return nil, errors.New("the host's answer is no JSON")
	}
	return body, nil
}

// header returns the header of a call, but for the trace.
func (c *call) header(j *Job) http.Header {
	return http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json"}, "User-Agent": {"barograph"},
		idempotencyKey: {`"` + c.key(j) + `"`},
	}
}

// key returns what tells the receiver that a call is the one it has had: a hash,
// since an id may have any characters.
func (c *call) key(j *Job) string {
	name := ""
	if j.program != nil {
		name = j.program.Pipeline
	}
	sum := sha256.New()
	for _, part := range []string{name, j.Payload.ID, c.url, strconv.Itoa(c.ordinal)} {
		_, _ = io.WriteString(sum, strconv.Itoa(len(part))+":"+part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:keyBytes])
}
