package transport

import (
	"context"
	"errors"
	"fmt"

	"github.com/coder/websocket"
)

// A closing is why a socket ends: the code and the reason that its client is
// told. Reasons never repeat what the client sent, but for one id.
type closing struct {
	code   websocket.StatusCode
	reason string
}

// Error says why.
func (c closing) Error() string { return fmt.Sprintf("closed with %d: %s", c.code, c.reason) }

// Those of the subprotocol, in the words of its reference implementation.
var (
	badMessage    = closing{4400, "Invalid message received"}
	unauthorized  = closing{4401, "Unauthorized"}
	forbidden     = closing{4403, "Forbidden"}
	notAcceptable = closing{4406, "Subprotocol not acceptable"}
	initTimeout   = closing{4408, "Connection initialisation timeout"}
	secondInit    = closing{4429, "Too many initialisation requests"}
	internalError = closing{4500, "Internal server error"}
)

// Those of RFC 6455. Clients take 1001 and 1013 as an invitation to come back,
// and the others as their own fault.
var (
	goingAway     = closing{websocket.StatusGoingAway, "Going away"}
	protocolError = closing{websocket.StatusProtocolError, "Protocol error"}
	tooMany       = closing{websocket.StatusPolicyViolation, "Too many messages"}
	tooLong       = closing{websocket.StatusPolicyViolation, "Message took too long"}
	tooBig        = closing{websocket.StatusMessageTooBig, "Message too big"}
	tooSlow       = closing{websocket.StatusTryAgainLater, "Too slow"}
	notNow        = closing{websocket.StatusTryAgainLater, "Try again later"}
)

// Those of which there is nobody to tell.
var (
	leftByClient = closing{reason: "the client has left"}
	silent       = closing{reason: "the client answers no ping"}
)

// idInReason is how long an id may be that a reason repeats: a reason has 123
// bytes.
const idInReason = 64

// duplicate returns the closing for an id that is in use.
func duplicate(id string) closing {
	if len(id) > idInReason || !isVisible(id) {
		id = "this id"
	}
	return closing{4409, "Subscriber for " + id + " already exists"}
}

func isVisible(text string) bool {
	for _, char := range []byte(text) {
		if char <= ' ' || char > '~' {
			return false
		}
	}
	return true
}

// closingOf returns why a socket ended whose context is done.
func closingOf(ctx context.Context) closing {
	var why closing
	if errors.As(context.Cause(ctx), &why) {
		return why
	}
	return goingAway // the server has no more time
}
