package weather

import (
	"context"
	"errors"
)

// A Provider fetches reports from somewhere. It is safe for concurrent use.
type Provider interface {
	// Source tells where its reports come from.
	Source() Source
	// Limits are what one call and one moment may ask of it.
	Limits() Limits
	// Has is the most it can answer: no more is asked of it.
	Has() Need
	// Fetch makes one call for the places and returns one result for each, in
	// order. An error means that the whole call failed; ErrRejected is one of
	// its causes when the provider would not have one of the places.
	Fetch(ctx context.Context, places []Place, need Need) ([]Result, error)
}

// Limits say how much a provider takes at a time.
type Limits struct {
	Batch int // places a call
	Calls int // calls at once
}

// ErrRejected is the cause of a fetch that failed because of what was asked,
// so that asking for fewer places may succeed.
var ErrRejected = errors.New("the provider rejected the request")
