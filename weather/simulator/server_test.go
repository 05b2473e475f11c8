package simulator_test

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

	"barograph/weather/simulator"
)

func TestServerServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	s, err := simulator.Start(t.Context(), func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	body := fetch(t, s.URL()+"/v1/forecast?latitude=52.52&longitude=13.41&current=temperature_2m")
	if !strings.HasPrefix(body, `{"latitude":52.5,`) {
		t.Errorf("got %s", body)
	}
	for range 2 {
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	gone(t, s)
}

func TestServerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := simulator.Start(ctx, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	fetch(t, s.URL()+"/v1/forecast?latitude=1&longitude=1")
	cancel()
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone(t, s)
}

func TestServerOfAnEndedContextServesNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := simulator.Start(ctx, time.Now)
	if err != nil {
		return // that is as good
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone(t, s)
}

func gone(t *testing.T, s *simulator.Server) {
	t.Helper()
	base, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", base.Host)
	if err == nil {
		_ = connection.Close()
		t.Error("the port still answers")
	}
}

func fetch(t *testing.T, address string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func ExampleStart() {
	clock := func() time.Time { return time.Date(2026, time.June, 15, 12, 20, 0, 0, time.UTC) }
	server, err := simulator.Start(context.Background(), clock)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = server.Stop(context.Background()) }()

	response, err := http.Get(server.URL() + "/v1/forecast?latitude=91&longitude=0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	fmt.Println(response.Status, string(body))
	// Output:
	// 400 Bad Request {"error":true,"reason":"Latitude must be in range of -90 to 90°. Given: 91.0."}
}
