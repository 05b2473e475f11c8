package faultproxy_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barograph/internal/faultproxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const answer = "the answer of the server"

// before returns a proxy before a server that reads a byte and answers.
func before(t *testing.T) *faultproxy.Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(c, make([]byte, 1))
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}
	}()
	p, err := faultproxy.Start(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// ask returns what a client hears.
func ask(t *testing.T, p *faultproxy.Proxy, patience time.Duration) (string, error) {
	t.Helper()
	c, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // nothing is left to do about it
	_, _ = c.Write([]byte("?"))
	_ = c.SetReadDeadline(time.Now().Add(patience))
	heard, err := io.ReadAll(c)
	return string(heard), err
}

func TestAFaultHappensToTheAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault faultproxy.Fault
		heard string
		least time.Duration
	}{
		"none":    {faultproxy.Fault{}, answer, 0},
		"cut":     {faultproxy.Fault{Cut: true, After: 3}, "the", 0},
		"at once": {faultproxy.Fault{Cut: true}, "", 0},
		"instead": {faultproxy.Fault{Instead: []byte("garbage")}, "garbage", 0},
		"delayed": {faultproxy.Fault{Delay: 50 * time.Millisecond}, answer, 50 * time.Millisecond},
		"slow":    {faultproxy.Fault{Pace: 2 * time.Millisecond}, answer, 2 * time.Millisecond * time.Duration(len(answer))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := before(t)
			p.Set(test.fault)
			began := time.Now()
			heard, err := ask(t, p, 10*time.Second)
			if took := time.Since(began); err != nil || heard != test.heard || took < test.least {
				t.Errorf("heard %q, %v after %v", heard, err, took)
			}
			if _, ever := p.Connections(); ever != 1 {
				t.Errorf("%d connections", ever)
			}
		})
	}
}

func TestAResetIsOne(t *testing.T) {
	t.Parallel()
	p := before(t)
	p.Set(faultproxy.Fault{Reset: true, After: 3})
	if _, err := ask(t, p, 10*time.Second); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v", err)
	}
}

func TestASilentServerSaysNothing(t *testing.T) {
	t.Parallel()
	p := before(t)
	p.Set(faultproxy.Fault{Silent: true})
	if heard, err := ask(t, p, 50*time.Millisecond); heard != "" || err == nil {
		t.Errorf("heard %q, %v", heard, err)
	}
}
