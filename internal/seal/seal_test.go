package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"barograph/internal/seal"
)

var (
	plain = []byte(`{"id":"evt_1"}`)
	here  = []byte("payload\x00default\x00evt_1")
)

func generate(t testing.TB) *seal.Keyset {
	t.Helper()
	k, err := seal.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// replace puts a keyset in place of the one in a file.
func replace(t testing.TB, source seal.Source, k *seal.Keyset) {
	t.Helper()
	if _, err := source.Change(func(*seal.Keyset) (*seal.Keyset, error) { return k, nil }); err != nil {
		t.Fatal(err)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// opens fails the test unless what was sealed opens as what it was.
func opens(t testing.TB, k interface {
	Open(sealed, context []byte) ([]byte, error)
}, sealed []byte) {
	t.Helper()
	if got, err := k.Open(sealed, here); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("Open = %q, %v, want %q", got, err, plain)
	}
}

func TestOpenTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	k := generate(t)
	sealed := must[[]byte](t)(k.Seal(plain, here))
	opens(t, k, sealed)
	if bytes.Contains(sealed, []byte("evt_1")) {
		t.Error("what is sealed can be read")
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	foreign := must[[]byte](t)(generate(t).Seal(plain, here))
	imitated := append(k.Primary().Prefix(), foreign[5:]...)
	for name, c := range map[string]struct {
		sealed, context []byte
		want            error
	}{
		"moved to another context":   {sealed, []byte("payload\x00default\x00evt_2"), seal.ErrForged},
		"changed":                    {changed, here, seal.ErrForged},
		"of another keyset":          {foreign, here, seal.ErrUnknownKey},
		"of another key with the id": {imitated, here, seal.ErrForged},
		"never sealed":               {plain, here, seal.ErrNotSealed},
		"nothing":                    {nil, here, seal.ErrNotSealed},
	} {
		if got, err := k.Open(c.sealed, c.context); !errors.Is(err, c.want) || got != nil {
			t.Errorf("Open of what is %s = %q, %v, want %v", name, got, err, c.want)
		}
	}
	for n := range sealed {
		if got, err := k.Open(sealed[:n], here); err == nil {
			t.Errorf("Open of the first %d bytes = %q, want an error", n, got)
		}
	}
}

func TestSealingTwiceLooksDifferent(t *testing.T) {
	t.Parallel()
	k := generate(t)
	if a, b := must[[]byte](t)(k.Seal(plain, here)), must[[]byte](t)(k.Seal(plain, here)); bytes.Equal(a, b) {
		t.Error("two payloads that are the same can be told to be")
	}
}

func TestRotationOpensWhatEveryKeySealed(t *testing.T) {
	t.Parallel()
	first := generate(t)
	second := must[*seal.Keyset](t)(first.Rotate())
	old, recent := must[[]byte](t)(first.Seal(plain, here)), must[[]byte](t)(second.Seal(plain, here))
	opens(t, second, old)
	opens(t, second, recent)
	if id, is := seal.KeyOf(recent); !is || id != second.Primary() || id == first.Primary() {
		t.Errorf("after the rotation, %v, %v seals, want %v", id, is, second.Primary())
	}
	if _, err := first.Open(recent, here); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("the keyset of before opens what the new key sealed: %v", err)
	}
	if !second.Follows(second.Primary(), first.Primary()) || second.Follows(first.Primary(), second.Primary()) || first.Follows(second.Primary(), first.Primary()) {
		t.Error("the order of the keys is not that in which they were added")
	}
	if got := second.Retired(); len(got) != 1 || got[0] != first.Primary() {
		t.Errorf("Retired() = %v, want %v", got, first.Primary())
	}
	pruned := must[*seal.Keyset](t)(second.Without(first.Primary()))
	opens(t, pruned, recent)
	if _, err := pruned.Open(old, here); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("a key that was deleted opens: %v", err)
	}
	if _, err := pruned.Without(pruned.Primary()); err == nil {
		t.Error("the primary key can be deleted")
	}
}

func TestPreparedKeyDoesNotSealUntilItsRotation(t *testing.T) {
	t.Parallel()
	first := generate(t)
	prepared := must[*seal.Keyset](t)(first.Prepare())
	if prepared.Primary() != first.Primary() || len(prepared.Keys()) != 2 || len(prepared.Retired()) != 0 {
		t.Errorf("after Prepare: keys %v, primary %v, retired %v", prepared.Keys(), prepared.Primary(), prepared.Retired())
	}
	if _, err := prepared.Prepare(); err == nil {
		t.Error("a second key can be prepared")
	}
	second := must[*seal.Keyset](t)(prepared.Rotate())
	if keys := prepared.Keys(); second.Primary() != keys[1] || len(second.Keys()) != 2 {
		t.Errorf("after Rotate, %v of %v seals, want the prepared %v", second.Primary(), second.Keys(), keys[1])
	}
	opens(t, prepared, must[[]byte](t)(second.Seal(plain, here)))
}

func ExampleKeyset() {
	keys, err := seal.Generate()
	if err != nil {
		panic(err)
	}
	sealed, err := keys.Seal([]byte("hush"), []byte("row 1"))
	if err != nil {
		panic(err)
	}
	rotated, err := keys.Rotate()
	if err != nil {
		panic(err)
	}
	opened, err := rotated.Open(sealed, []byte("row 1"))
	fmt.Println(string(opened), err)
	_, err = rotated.Open(sealed, []byte("row 2"))
	fmt.Println(errors.Is(err, seal.ErrForged))
	// Output:
	// hush <nil>
	// true
}

func BenchmarkSeal(b *testing.B) {
	for _, size := range []int{200, 500, 4 << 10, 64 << 10} {
		payload, k := make([]byte, size), generate(b)
		sealed := must[[]byte](b)(k.Seal(payload, here))
		b.Run(fmt.Sprintf("seal/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				_, _ = k.Seal(payload, here)
			}
		})
		b.Run(fmt.Sprintf("open/%d", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				_, _ = k.Open(sealed, here)
			}
		})
	}
}
