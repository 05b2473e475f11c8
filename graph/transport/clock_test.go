package transport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"barograph/graph/stream"
	"barograph/graph/transport"
	"barograph/internal/drain"
)

// A clock is a schema with a subscription whose events a test makes.
type clock struct {
	ticks chan tick     // closed at the end of the subscription
	ended chan struct{} // told when a subscription's context is done
	after chan string   // told what a subscription resumes after
}

type tick struct {
	id, data string
	err      error // the subscription ends with it
}

func newClock() *clock {
	return &clock{ticks: make(chan tick), ended: make(chan struct{}, 100), after: make(chan string, 100)}
}

// executor returns one that executes the clock's operations.
func (c *clock) executor() graphql.GraphExecutor {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: `
		type Query { time: String }
		type Mutation { wind: String }
		type Subscription { tick: String }`})
	return executor.New(&graphql.ExecutableSchemaMock{
		SchemaFunc: func() *ast.Schema { return schema },
		ExecFunc: func(ctx context.Context) graphql.ResponseHandler {
			operation := graphql.GetOperationContext(ctx).Operation
			if operation.Operation != ast.Subscription {
				return graphql.OneShot(&graphql.Response{Data: []byte("{\"" + string(operation.Operation) + "\":\n\"done\"}")})
			}
			c.after <- stream.LastEventID(ctx)
			context.AfterFunc(ctx, func() { c.ended <- struct{}{} })
			return func(context.Context) *graphql.Response {
				select {
				case t, more := <-c.ticks:
					if !more || t.err != nil {
						stream.Fail(ctx, t.err)
						return nil
					}
					stream.Identify(ctx, t.id)
					return &graphql.Response{Data: []byte(t.data)}
				case <-ctx.Done():
					return nil
				}
			}
		},
	})
}

// A server serves a transport on TCP, with deadlines that streams outlive.
type server struct {
	*httptest.Server
	drain *drain.Drain
}

func serve(t testing.TB, transports []graphql.Transport, exec graphql.GraphExecutor) *server {
	t.Helper()
	s := &server{drain: drain.New(func() time.Duration { return time.Millisecond })}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(graphql.StartOperationTrace(r.Context()))
		for _, t := range transports {
			if t.Supports(r) {
				t.Do(w, r, exec)
				return
			}
		}
	}))
	s.Config.ReadTimeout, s.Config.WriteTimeout = deadline, deadline
	s.Config.BaseContext = func(net.Listener) context.Context { return s.drain.Context(context.Background()) }
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// deadline is of a server's requests and answers, which streams outlast: short,
// for the tests that wait for it, and long enough for a machine that is busy.
const deadline = 2 * time.Second

func all(every time.Duration) []graphql.Transport {
	overHTTP := transport.HTTP{BodyLimit: bodyLimit}
	return []graphql.Transport{
		transport.NewSSE(transport.SSEConfig{HTTP: overHTTP, Ping: every, WriteTimeout: time.Second, Reservations: 5, OwnReservations: 3, ReservationTime: 2 * time.Second, Operations: 2}),
		transport.Multipart{HTTP: overHTTP, Heartbeat: every, WriteTimeout: time.Second},
		overHTTP,
	}
}

// call sends a request and returns the answer, whose body is closed with the test.
func (s *server) call(ctx context.Context, t testing.TB, method, target, body string, h header) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, s.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range h {
		req.Header.Set(name, value)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return reply{res}
}

// A reply is read while it comes.
type reply struct{ *http.Response }

// reads reads exactly what is wanted.
func reads(t testing.TB, res reply, want string) {
	t.Helper()
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		m, err := res.Body.Read(got[n:])
		if n += m; err != nil && n < len(got) {
			t.Fatalf("got %q and %v, want %q", got[:n], err, want)
		}
		if string(got[:n]) != want[:n] {
			t.Fatalf("got %q, want %q", got[:n], want)
		}
	}
}

var errFast = errors.New("changes came faster than they were taken")
