package attacks_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"barograph/internal/tlsconfig/tlstest"
)

// TestFloodsOfHTTP2AreEnded tries what a single connection of HTTP/2 can do.
func TestFloodsOfHTTP2AreEnded(t *testing.T) {
	t.Parallel()
	try(t, startTLS(t, tlstest.NewAuthority(t, "authority"), t.TempDir()), []attack{
		{id: "A079", name: "h2 CONTINUATION flood", run: func(t *testing.T, g *gateway) {
			g.flood(t, "CONTINUATION frames", func(f *framer) error {
				if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.headers("/readyz")}); err != nil {
					return err
				}
				for {
					f.block.Reset()
					if err := f.encoder.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("y", 1000), Sensitive: true}); err != nil {
						return err
					}
					if err := f.WriteContinuation(1, false, f.block.Bytes()); err != nil {
						return err
					}
				}
			})
			g.flood(t, "empty CONTINUATION frames", func(f *framer) error {
				if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.headers("/readyz")}); err != nil {
					return err
				}
				for {
					if err := f.WriteContinuation(1, false, nil); err != nil {
						return err
					}
				}
			})
		}},
		{id: "A079", name: "h2 rapid reset", run: func(t *testing.T, g *gateway) {
			g.flood(t, "requests that are reset", func(f *framer) error {
				for id := uint32(1); id < 1<<30; id += 2 {
					if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: f.headers("/graphql?query=%7B__schema%7Btypes%7Bname%7D%7D%7D"), EndStream: true, EndHeaders: true}); err != nil {
						return err
					}
					if err := f.WriteRSTStream(id, http2.ErrCodeCancel); err != nil {
						return err
					}
				}
				return errors.New("there are no more streams")
			})
		}},
		{id: "A079", name: "h2 control frames whose answers nobody reads", run: func(t *testing.T, g *gateway) {
			g.flood(t, "pings", func(f *framer) error {
				for {
					if err := f.WritePing(false, [8]byte{}); err != nil {
						return err
					}
				}
			})
			g.flood(t, "settings", func(f *framer) error {
				for {
					if err := f.WriteSettings(); err != nil {
						return err
					}
				}
			})
		}},
		{id: "A079", name: "h2 headers that unfold", run: func(t *testing.T, g *gateway) {
			f := g.http2(t)
			block := bytes.Clone(f.headers("/readyz"))
			f.block.Reset()
			if err := f.encoder.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("y", 3000)}); err != nil {
				t.Fatal(err)
			}
			block = append(block, f.block.Bytes()...)
			block = append(block, bytes.Repeat([]byte{0x80 | 62}, 12_000)...) // each names the one above: 36 MB
			if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndStream: true, EndHeaders: true}); err != nil {
				t.Fatal(err)
			}
			for {
				frame, err := f.ReadFrame()
				if err != nil {
					if timedOut(err) {
						t.Error("neither refused nor ended")
					}
					return
				}
				if answer, ok := frame.(*http2.HeadersFrame); ok {
					fields, err := hpack.NewDecoder(4096, nil).DecodeFull(answer.HeaderBlockFragment())
					if err != nil || fields[0].Value != "431" {
						t.Errorf("answered %v, %v; want 431", fields, err)
					}
					return
				}
			}
		}},
	})
}

// A framer writes frames as it is told.
type framer struct {
	*http2.Framer
	conn    *tls.Conn
	block   bytes.Buffer
	encoder *hpack.Encoder
}

// http2 opens a connection.
func (g *gateway) http2(t *testing.T) *framer {
	t.Helper()
	config := g.client.Clone()
	config.NextProtos = []string{"h2"}
	conn := tls.Client(g.dial(t), config)
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	f := &framer{Framer: http2.NewFramer(conn, conn), conn: conn}
	f.encoder = hpack.NewEncoder(&f.block)
	f.AllowIllegalWrites = true
	if err := f.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return f
}

// headers returns the head of a request for a path. It is good until the next.
func (f *framer) headers(path string) []byte {
	f.block.Reset()
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", path}} {
		_ = f.encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}) // a buffer takes everything
	}
	return f.block.Bytes()
}

// flood writes until the gateway ends the connection, which it must do soon and
// without much work, and answer others meanwhile.
func (g *gateway) flood(t *testing.T, what string, write func(*framer) error) {
	t.Helper()
	work := g.processorTime()
	ended := make(chan error, 1)
	f := g.http2(t)
	go func() { ended <- write(f) }()
	if got := g.ask(t, "{ __typename }"); got.took > 2*time.Second {
		t.Errorf("beside %s, another is answered %s", what, got)
	}
	if err := <-ended; timedOut(err) {
		t.Errorf("a connection with nothing but %s is kept", what)
	}
	if work = g.processorTime() - work; work > 5*time.Second {
		t.Errorf("%s took %v of a processor", what, work)
	} else {
		t.Logf("%s took %v of a processor", what, work)
	}
}
