// Package upstream calls the HTTP servers of weather providers, none of which
// it trusts: it follows no redirect, reads no more of a body than it is told,
// and gives every failure its kind, with the server's words and the URL kept
// out of what a client may read. What an answer means is left to the providers,
// and when to call again to package guard.
package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

// ErrRefused is the cause of an error whose server understood what was asked
// and will not answer it: asking again is of no use.
var ErrRefused = errors.New("the provider refused the request")

// A Server is what a provider calls. It is safe for concurrent use.
type Server struct {
	http    *http.Client
	now     func() time.Time
	secrets []string
}

// New returns a server that is called over at most so many connections that
// stay open. The secrets, which a server might repeat, are kept out of errors.
// The environment's HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured.
func New(connections int, now func() time.Time, secrets ...string) *Server {
	return &Server{
		now:     now,
		secrets: slices.DeleteFunc(secrets, func(s string) bool { return s == "" }),
		http: &http.Client{
			// The APIs have no redirects, and where one leads, to another host or
			// to an address of this network, is not ours to trust.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				DialContext:            (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
				TLSHandshakeTimeout:    3 * time.Second,
				ResponseHeaderTimeout:  8 * time.Second,
				MaxResponseHeaderBytes: 64 << 10,
				IdleConnTimeout:        90 * time.Second,
				MaxIdleConnsPerHost:    connections,
				ForceAttemptHTTP2:      true,
				// Or a connection whose other end is gone would take every call down.
				HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second},
			},
		},
	}
}

// Close ends the idle connections.
func (s *Server) Close() { s.http.CloseIdleConnections() }

// An Answer is what a server said, whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request and reads the answer, of at most limit bytes. Any status
// but 200 and those accepted is an error.
func (s *Server) Do(req *http.Request, limit int, accepted ...int) (*Answer, error) {
	req.Header.Set("Accept", "application/json")
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "barograph")
	}
	res, err := s.http.Do(req) //nolint:gosec // providers choose the host, which the operator named
	if err != nil {
		return nil, unreachable(err)
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	body, err := io.ReadAll(io.LimitReader(res.Body, int64(limit)+1))
	switch {
	case err != nil:
		return nil, unreachable(err)
	case len(body) > limit:
		return nil, fault.New(fault.UpstreamInvalid, "the weather provider's answer is too large")
	case res.StatusCode != http.StatusOK && !slices.Contains(accepted, res.StatusCode):
		return nil, s.Refused(&Answer{res.StatusCode, res.Header, body})
	}
	return &Answer{res.StatusCode, res.Header, body}, nil
}

func unreachable(err error) error {
	// A URL may hold what must not be shown: a key, or where somebody lives.
	if named := (*url.Error)(nil); errors.As(err, &named) {
		err = named.Err
	}
	var timeout net.Error
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("ask the weather provider: %w", err) // which is no fault of its
	}
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &timeout) && timeout.Timeout()) {
		return fault.Wrap(err, fault.UpstreamTimeout, "the weather provider did not answer in time")
	}
	return fault.Wrap(err, fault.UpstreamUnavailable, "the weather provider cannot be reached")
}

// Refused turns an answer that is no report into an error. The reason the
// server gives is for the log: it may repeat the request.
func (s *Server) Refused(a *Answer) error {
	text := string(a.Body[:min(len(a.Body), 1000)])
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, "(secret)")
	}
	cause := fmt.Errorf("%d %s: %.200q", a.Status, http.StatusText(a.Status), text)
	switch a.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return fault.Wrap(errors.Join(weather.ErrRejected, cause), fault.UpstreamInvalid, "the weather provider refused the place")
	case http.StatusTooManyRequests:
		return fault.Wrap(cause, fault.UpstreamRateLimited, "the weather provider's quota is used up").After(RetryAfter(a.Header, s.now()))
	case http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return fault.Wrap(cause, fault.UpstreamTimeout, "the weather provider did not answer in time")
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.Wrap(errors.Join(ErrRefused, cause), fault.UpstreamUnavailable, "the weather provider does not let this server in")
	case http.StatusServiceUnavailable:
		away := fault.Wrap(cause, fault.UpstreamUnavailable, "the weather provider is not available")
		if a.Header.Get("Retry-After") != "" {
			return away.After(RetryAfter(a.Header, s.now()))
		}
		return away
	default:
		if a.Status >= 300 && a.Status < 500 {
			cause = errors.Join(ErrRefused, cause)
		}
		return fault.Wrap(cause, fault.UpstreamUnavailable, "the weather provider is not available")
	}
}
