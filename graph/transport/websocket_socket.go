package transport

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"golang.org/x/time/rate"

	"barograph/internal/drain"
)

const (
	burst       = 5               // seconds' worth of messages that may come at once
	partingTime = 3 * time.Second // for the last words of both sides
)

// A socket is one connection. It has a reader, a writer, a pulse, and a
// goroutine for each operation; whichever of them first finds a reason for it to
// end says so, and all of them end.
type socket struct {
	config   WebSocketConfig
	header   http.Header // of the handshake
	exec     graphql.GraphExecutor
	conn     *websocket.Conn
	patience patience
	limiter  *rate.Limiter

	ctx   context.Context //nolint:containedctx // the socket's life: its cause is why it ended
	cause context.CancelCauseFunc
	tasks sync.WaitGroup

	caller       context.Context //nolint:containedctx // ctx, of whose the socket is: the reader's
	acknowledged atomic.Bool
	initTimer    *time.Timer
	inMessage    bool // the reader's

	replies    chan []byte // from the reader, written before events
	outgoing   chan []byte
	operations operations
}

func newSocket(config WebSocketConfig, r *http.Request, exec graphql.GraphExecutor) *socket {
	ctx, cause := context.WithCancelCause(r.Context())
	return &socket{
		config:  config,
		header:  r.Header,
		exec:    exec,
		limiter: rate.NewLimiter(rate.Limit(config.MessageRate), burst*config.MessageRate),
		ctx:     ctx, cause: cause,
		replies:    make(chan []byte),
		outgoing:   make(chan []byte),
		operations: operations{limit: config.Operations, byID: map[string]*operation{}},
	}
}

// end ends the socket, unless it has been ended for another reason.
func (s *socket) end(why closing) { s.cause(why) }

// run serves the connection until it ends, and waits for all that was begun.
func (s *socket) run(request context.Context) {
	defer s.cause(nil)
	s.initTimer = time.AfterFunc(s.config.InitTimeout, func() { s.end(initTimeout) })
	defer s.initTimer.Stop()
	written := make(chan struct{})
	s.begin(func() { //nolint:contextcheck // the socket's own
		defer close(written)
		s.write()
	})
	s.begin(s.read)
	s.begin(s.pulse)

	s.stay(request)
	why := closingOf(s.ctx) //nolint:contextcheck // as above
	countClosing(request, why)
	s.patience.toPart(partingTime)
	if why == tooSlow || why == silent {
		s.patience.lose()
	}
	<-written
	if why.code == 0 {
		_ = s.conn.CloseNow() // nobody is there
	} else {
		_ = s.conn.Close(why.code, why.reason) // it may be gone by now
	}
	s.tasks.Wait()
}

// stay waits until the socket ends, and ends it in good order when the server
// stops: queries and mutations under way come first.
func (s *socket) stay(request context.Context) {
	turn, over := drain.Stream(request)
	defer over()
	select {
	case <-s.ctx.Done():
		return
	case <-turn.Done():
	}
	select {
	case <-s.ctx.Done():
	case <-s.operations.leave():
		s.end(goingAway)
	}
}

// begin begins a task that run waits for. A panic in it ends this socket and no
// other.
func (s *socket) begin(task func()) {
	s.tasks.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				s.end(internalError)
				_ = s.present(s.ctx, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			}
		}()
		task()
	})
}

// present returns what a client may know of an error. It logs what it may not.
func (s *socket) present(ctx context.Context, err error) gqlerror.List {
	if !graphql.HasOperationContext(ctx) {
		ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{})
	}
	return s.exec.DispatchError(ctx, gqlerror.List{{Err: err, Message: err.Error()}}).Errors
}

// write writes one message after another. A client that takes too long for one
// is cut off: with a word, if it takes that message at last.
func (s *socket) write() {
	for {
		text, ok := s.next()
		if !ok {
			return
		}
		begun := time.Now()
		s.patience.toTake(s.config.WriteTimeout + partingTime)
		err := s.conn.Write(context.WithoutCancel(s.ctx), websocket.MessageText, text)
		switch {
		case time.Since(begun) > s.config.WriteTimeout:
			s.end(tooSlow)
			return
		case err != nil:
			s.end(leftByClient)
			return
		}
	}
}

// next returns the next message to write, replies first, and false when the
// socket ends.
func (s *socket) next() (text []byte, ok bool) {
	select {
	case text = <-s.replies:
		return text, true
	default:
	}
	select {
	case text = <-s.replies:
	case text = <-s.outgoing:
	case <-s.ctx.Done():
		return nil, false
	}
	return text, true
}

// reply gives the writer a message from the reader. It waits for one message at
// most, the one being written: so clients that send faster than they read are
// slowed down.
func (s *socket) reply(text []byte) {
	select {
	case s.replies <- text:
	case <-s.ctx.Done():
	}
}

// send gives the writer a message, unless over is closed first.
func (s *socket) send(over <-chan struct{}, text []byte) {
	select {
	case <-over:
		return
	default:
	}
	select {
	case s.outgoing <- text:
	case <-over:
	}
}

// pulse pings: by the subprotocol, for clients in browsers see nothing else, and
// by WebSocket's own means, which every client answers. The reader notices
// where nothing comes back.
func (s *socket) pulse() {
	ticker := time.NewTicker(s.config.PingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-s.ctx.Done():
			return
		}
		if s.acknowledged.Load() {
			s.send(s.ctx.Done(), pingMessage)
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), s.config.PongTimeout)
		_ = s.conn.Ping(ctx)
		cancel()
	}
}
