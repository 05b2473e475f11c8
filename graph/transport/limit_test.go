package transport_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"barograph/graph/transport"
)

// counted counts what is read of it, and hides its length.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestOfABodyOverTheLimitNoMoreIsRead(t *testing.T) {
	t.Parallel()
	to := transport.HTTP{BodyLimit: bodyLimit}
	text := `{"query":"` + strings.Repeat(" ", 20*bodyLimit) + `"}`
	told := record(t, to, http.MethodPost, "/", strings.NewReader(text), nil)
	body := &counted{Reader: strings.NewReader(text)}
	untold := record(t, to, http.MethodPost, "/", body, nil)
	for name, res := range map[string]response{"with its length told": told, "in chunks": untold} {
		if res.status != http.StatusRequestEntityTooLarge || !strings.Contains(res.text, "LIMIT_EXCEEDED") || !strings.Contains(res.text, "1048576") {
			t.Errorf("%s: %d %s", name, res.status, res.text)
		}
	}
	if told.header.Get("Connection") != "close" {
		t.Error("the connection is kept with the body still to come")
	}
	if body.n > bodyLimit+1 {
		t.Errorf("%d bytes are read, %d allowed", body.n, bodyLimit)
	}
	exact := `{"query":"{ name }"` + strings.Repeat(" ", bodyLimit-20) + `}`
	if res := record(t, to, http.MethodPost, "/", strings.NewReader(exact), nil); res.status != http.StatusOK {
		t.Errorf("a body of exactly the limit: %d %s", res.status, res.text)
	}
}

func TestABodyThatBreaksOffEndsTheConnection(t *testing.T) {
	t.Parallel()
	broken := io.MultiReader(strings.NewReader(`{"query":`), iotest.ErrReader(io.ErrUnexpectedEOF))
	res := record(t, transport.HTTP{BodyLimit: bodyLimit}, http.MethodPost, "/", broken, nil)
	if res.status != http.StatusBadRequest || res.header.Get("Connection") != "close" {
		t.Errorf("%d, Connection: %s; want 400, close", res.status, res.header.Get("Connection"))
	}
}
