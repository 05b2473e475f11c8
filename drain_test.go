package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"barograph/weather/simulator"
)

// A slowService is a weather service that answers its first question at once
// and later ones when it is let go.
type slowService struct {
	*httptest.Server
	asked chan struct{} // one for each question it holds
	let   chan struct{} // closed to let them go
}

func newSlowService(t *testing.T) *slowService {
	t.Helper()
	s := &slowService{asked: make(chan struct{}, 100), let: make(chan struct{})}
	quick := simulator.New(time.Now)
	first := make(chan struct{}, 1)
	first <- struct{}{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-first:
		default:
			s.asked <- struct{}{}
			select {
			case <-s.let:
			case <-r.Context().Done():
				return
			}
		}
		quick.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// withSlowService starts a gateway with a question in flight.
func withSlowService(t *testing.T) (*gateway, *slowService, <-chan error) {
	t.Helper()
	service := newSlowService(t)
	g := start(t, command(t, "--listen", "127.0.0.1:0", "--data-dir", filepath.Join(tempDir(t), "data"), "--open-meteo-url", service.URL))
	answered := make(chan error, 1)
	go func() {
		a, err := g.ask(context.Background(), `{ weather(city: "Oslo") { current { temperature } } }`, nil)
		if err == nil && (len(a.Errors) != 0 || !strings.Contains(string(a.Data), "temperature")) {
			t.Errorf("the question in flight is answered %s, %+v", a.Data, a.Errors)
		}
		answered <- err
	}()
	<-service.asked
	return g, service, answered
}

func TestWorkInFlightFinishesBeforeTheEnd(t *testing.T) {
	t.Parallel()
	g, service, answered := withSlowService(t)
	g.signal(t, syscall.SIGTERM)
	for line := range g.out.lines {
		if strings.Contains(line, "draining") {
			break
		}
	}
	if _, err := g.ask(t.Context(), `{ __typename }`, nil); err == nil {
		t.Error("new work was taken on while draining")
	}
	close(service.let)
	if err := <-answered; err != nil {
		t.Errorf("the question in flight was not answered: %v", err)
	}
	if code := g.wait(t); code != 0 {
		t.Errorf("exit code %d, want 0; it printed:\n%s", code, g.out)
	}
}

func TestASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	g, _, answered := withSlowService(t)
	g.signal(t, syscall.SIGINT)
	for line := range g.out.lines {
		if strings.Contains(line, "draining") {
			break
		}
	}
	g.signal(t, syscall.SIGINT)
	if code := g.wait(t); code == 0 {
		t.Error("exit code 0, want another after two signals")
	}
	if err := <-answered; err == nil {
		t.Error("the question in flight was answered")
	}
}
