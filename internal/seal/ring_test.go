package seal_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"barograph/internal/seal"
)

// ring returns a ring of a new keyset in a file, and what it logs.
func ring(t *testing.T) (*seal.Ring, seal.Source, *seal.Keyset, *bytes.Buffer) {
	t.Helper()
	source, k, log := inFile(t), generate(t), &bytes.Buffer{}
	if err := source.Create(k); err != nil {
		t.Fatal(err)
	}
	return must[*seal.Ring](t)(seal.NewRing(source, slog.New(slog.NewTextHandler(log, nil)))), source, k, log
}

func TestRingHasTheKeyThatAnotherAlreadySealsWith(t *testing.T) {
	t.Parallel()
	r, source, k, _ := ring(t)
	next := must[*seal.Keyset](t)(k.Rotate())
	replace(t, source, next)
	opens(t, r, must[[]byte](t)(next.Seal(plain, here)))
	if id, _ := seal.KeyOf(must[[]byte](t)(r.Seal(plain, here))); id != next.Primary() {
		t.Errorf("the ring seals by %v, want %v", id, next.Primary())
	}
	opens(t, r, must[[]byte](t)(k.Seal(plain, here)))
	if _, err := r.Open(must[[]byte](t)(generate(t).Seal(plain, here)), here); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("Open of what a stranger sealed: %v, want %v", err, seal.ErrUnknownKey)
	}
}

func TestRingGoesOnWithoutItsFile(t *testing.T) {
	t.Parallel()
	r, source, k, log := ring(t)
	sealed := must[[]byte](t)(r.Seal(plain, here))
	for name, damage := range map[string]func() error{
		"removed":         func() error { return os.Remove(source.File) },
		"garbage":         func() error { return os.WriteFile(source.File, []byte("{"), 0o600) },
		"another keyset":  func() error { return errors.Join(os.Remove(source.File), source.Create(generate(t))) },
		"a directory now": func() error { return errors.Join(os.Remove(source.File), os.Mkdir(source.File, 0o700)) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		log.Reset()
		r.Look()
		r.Look()
		if !r.Failing() {
			t.Errorf("%s: the ring does not say that it is failing", name)
		}
		opens(t, r, sealed)
		opens(t, k, must[[]byte](t)(r.Seal(plain, here)))
		if strings.Count(log.String(), "cannot be read anew") != 1 {
			t.Errorf("%s: logged %q, want once that the keyset cannot be read anew", name, log)
		}
		if err := errors.Join(os.RemoveAll(source.File), source.Create(k)); err != nil {
			t.Fatal(err)
		}
		r.Look()
	}
	next := must[*seal.Keyset](t)(k.Rotate())
	replace(t, source, next)
	r.Look()
	if r.Keyset().Primary() != next.Primary() || r.Failing() {
		t.Error("the ring does not take over the keyset that came in the end")
	}
}

// The file looks as before, as one does whose mode alone is mended.
func TestRingTriesAgainWhatItCouldNotRead(t *testing.T) {
	t.Parallel()
	r, source, k, _ := ring(t)
	next := must[[]byte](t)(source.Write(must[*seal.Keyset](t)(k.Rotate())))
	then := time.Now().Add(-time.Hour)
	for _, step := range []struct {
		text    []byte
		failing bool
	}{{bytes.Repeat([]byte("x"), len(next)), true}, {next, false}} {
		if err := errors.Join(os.WriteFile(source.File, step.text, 0o600), os.Chtimes(source.File, then, then)); err != nil {
			t.Fatal(err)
		}
		r.Look()
		if r.Failing() != step.failing {
			t.Errorf("after a look at %.10q, Failing() = %t", step.text, r.Failing())
		}
	}
	if len(r.Keyset().Keys()) != 2 {
		t.Errorf("the ring has the keys %v, want two", r.Keyset().Keys())
	}
}

func TestRingLooksAgainAndAgain(t *testing.T) {
	t.Parallel()
	r, source, k, _ := ring(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx, time.Millisecond) }()
	next := must[*seal.Keyset](t)(k.Rotate())
	replace(t, source, next)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); r.Keyset().Primary() != next.Primary(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the ring does not see the rotation")
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
