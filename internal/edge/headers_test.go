package edge_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"barograph/internal/edge"
)

func TestAnswersTellBrowsersWhatTheyAreNot(t *testing.T) {
	t.Parallel()
	plain, _ := serve(t, echo, func(context.Context) error { return nil })
	s := serveTLS(t, edge.Config{GraphQL: echo})
	ask := func(conn net.Conn, path, host string) http.Header {
		t.Helper()
		_, _ = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.Header
	}
	for _, path := range []string{"/graphql", "/", "/schema.graphql", "/readyz", "/nowhere"} {
		got := ask(dial(t, plain), path, "localhost")
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
			"X-Frame-Options": "DENY", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Strict-Transport-Security": "",
		} {
			if got.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got.Get(name), want)
			}
		}
	}
	for host, want := range map[string]string{"gateway.example": "max-age=31536000", "localhost": "", "127.0.0.1:8443": ""} {
		if got := ask(s.dial(t, "http/1.1"), "/graphql", host).Get("Strict-Transport-Security"); got != want {
			t.Errorf("under TLS, %s is told %q, want %q", host, got, want)
		}
		if got := ask(dial(t, plain), "/graphql", host).Get("Strict-Transport-Security"); got != "" {
			t.Errorf("without TLS, %s is told %q", host, got)
		}
	}
}
