package records

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"barograph/internal/postgres"
	"barograph/records/bell"
)

// A Base is what keeping records rests on.
type Base struct {
	Pools  *postgres.Pools
	Sealer Sealer
	Logger *slog.Logger
	Bell   *bell.Bell // told of each commit; nil for one that rings on this node alone
}

// withBell returns the base, with a bell of its own if it has none.
func (b *Base) withBell() *Base {
	if b.Bell == nil {
		b.Bell = bell.New(nil)
	}
	return b
}

// A Sealer makes what is stored unreadable to whoever reads the database alone.
// What was sealed with one context opens with that one only.
type Sealer interface {
	Seal(plain, context []byte) ([]byte, error)
	Open(sealed, context []byte) ([]byte, error)
}

// A part of a record is sealed on its own, so that none can stand for another.
type part string

const (
	payloadPart part = "payload"
	resultPart  part = "result"
)

// context binds what is sealed to the part and the row. No part and no name of
// a pipeline has a zero byte.
func (p part) context(of Key) []byte {
	return []byte(string(p) + "\x00" + of.Pipeline + "\x00" + of.PayloadID)
}

// seal returns the text as it is stored, nil for nil.
func (b *Base) seal(of Key, p part, text json.RawMessage) ([]byte, error) {
	if text == nil {
		return nil, nil
	}
	sealed, err := b.Sealer.Seal(text, p.context(of))
	if err != nil {
		return nil, fmt.Errorf("seal the %s of a record: %w", p, err)
	}
	return sealed, nil
}

// reveal makes what was read of a record readable. One that cannot be opened
// says so where its payload and result would be, and spoils no other.
func (b *Base) reveal(ctx context.Context, r *Record) {
	if r.Unreadable = b.unseal(r); r.Unreadable != nil {
		r.Payload, r.Result = nil, nil
		unreadable.Add(ctx, 1)
	}
}

// unseal makes what was read of a record readable, or fails.
func (b *Base) unseal(r *Record) (err error) {
	if r.Payload, err = b.open(r.Key, payloadPart, r.Payload); err != nil {
		return err
	}
	r.Result, err = b.open(r.Key, resultPart, r.Result)
	return err
}

func (b *Base) open(of Key, p part, sealed []byte) (json.RawMessage, error) {
	if sealed == nil {
		return nil, nil
	}
	text, err := b.Sealer.Open(sealed, p.context(of))
	if err != nil {
		return nil, fmt.Errorf("open the %s of %s: %w", p, of.ID(), err)
	}
	return text, nil
}
