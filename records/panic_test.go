package records_test

import (
	"strings"
	"testing"

	"barograph/internal/fault"
	"barograph/records"
)

// A bug is a Sealer that panics at what has the mark.
type bug struct{ unsealed }

const panicMark = "panic-at-this"

func (b bug) Seal(plain, context []byte) ([]byte, error) {
	if strings.Contains(string(plain), panicMark) {
		panic("a bug: " + panicMark)
	}
	return b.unsealed.Seal(plain, context)
}

func TestWriterOutlivesAPanic(t *testing.T) {
	t.Parallel()
	pools := open(t, migrated(t))
	base := &records.Base{Pools: pools, Sealer: bug{}, Logger: discard}
	writer := records.NewWriter(base)
	run(t, writer)
	for range 3 { // more than there are writers
		if got, err := writer.Accept(t.Context(), draft("bad", panicMark)); fault.KindOf(err) != fault.Internal || strings.Contains(fault.Of(err).Message, panicMark) {
			t.Errorf("Accept of what panics = %+v, %v, want %s", got, err, fault.Internal.Code())
		}
	}
	if got, err := writer.Accept(t.Context(), draft("good", "")); err != nil || got.Record == nil {
		t.Errorf("Accept after a panic = %+v, %v, want a record", got, err)
	}
}
