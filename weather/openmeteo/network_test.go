package openmeteo_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"barograph/internal/fault"
	"barograph/weather"
)

func TestASlowServerTimesOut(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(http.ResponseWriter){
		"before its answer": func(http.ResponseWriter) {},
		"after the header":  func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		"in its answer": func(w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"latitude":52.5,`) // the client is waiting
			w.(http.Flusher).Flush()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gone := make(chan struct{})
			c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				begin(w)
				<-r.Context().Done()
				close(gone)
			}), noon)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err := c.Fetch(ctx, []weather.Place{berlin}, weather.Need{Current: true})
			failed(t, err, fault.UpstreamTimeout)
			<-gone // the server is told
		})
	}
}

func TestACallerWhoGoesAwayIsNoFaultOfTheServers(t *testing.T) {
	t.Parallel()
	asked, gone := make(chan struct{}), make(chan struct{})
	c := connect(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
		close(gone)
	}), noon)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	_, err := c.Fetch(ctx, []weather.Place{berlin}, weather.Need{Current: true})
	if failed(t, err, fault.Timeout); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-gone
}

func TestAServerThatIsNotThereIsUnavailable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	none(t, clientOf(t, server.URL, noon), fault.UpstreamUnavailable, weather.Need{Current: true}, berlin)
}

func TestAConnectionThatBreaksIsUnavailable(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"at once":        "",
		"in the status":  "HTTP/1.1 20",
		"in a header":    "HTTP/1.1 200 OK\r\nContent-Le",
		"in the body":    "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"latitude\":52.5",
		"in a chunk":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"latitude\":52.5",
		"between chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
		"of no HTTP":     "SSH-2.0-" + secret + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			none(t, connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				connection, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(connection, text)    // the client sees what is missing
				_ = connection.(*net.TCPConn).SetLinger(0) // resets it
				_ = connection.Close()                     // which is all there is to do
			}), noon), fault.UpstreamUnavailable, weather.Need{Current: true}, berlin)
		})
	}
}

func TestAServerWithoutTLSIsNoTLSServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(record(noon))
	t.Cleanup(server.Close)
	none(t, clientOf(t, strings.Replace(server.URL, "http:", "https:", 1), noon), fault.UpstreamUnavailable, weather.Need{Current: true}, berlin)
}

func TestAnAnswerThatIsTooLargeIsInvalid(t *testing.T) {
	t.Parallel()
	blown := string(recorded(t, weather.Need{Current: true}, berlin)) + strings.Repeat(" ", 1<<20)
	for name, serve := range map[string]http.HandlerFunc{
		"plain": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, blown) // the client goes away
		},
		"zipped": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			zipped := gzip.NewWriter(w)
			_, _ = io.WriteString(zipped, blown) // the client goes away
			_ = zipped.Close()
		},
		"without end": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, blown) // the client goes away
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			none(t, connect(t, serve, noon), fault.UpstreamInvalid, weather.Need{Current: true}, berlin)
		})
	}
}

func TestTheLargestAnswerIsNotTooLarge(t *testing.T) {
	t.Parallel()
	places := make([]weather.Place, 20)
	for i := range places {
		places[i] = weather.Place{Latitude: -80 - float64(i)/100, Longitude: -170 - float64(i)/100, TimeZone: "America/Argentina/Buenos_Aires"}
	}
	upstream := record(noon)
	fetch(t, connect(t, upstream, noon), weather.Need{Current: true, Hours: weather.MaxHours, Days: weather.MaxDays}, places...)
	if _, answer := upstream.last(); len(answer)/len(places) > 48<<10 {
		t.Errorf("%d bytes a place: the limit of 64 KiB is too near", len(answer)/len(places))
	}
}
