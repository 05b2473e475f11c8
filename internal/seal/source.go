package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Source says where a keyset is: in a text, or in a file.
type Source struct {
	Text string // the keyset itself, in Tink's JSON
	File string // or where it is
	Key  string // that wraps it: 32 bytes in base64; "" for a keyset in the clear
}

// ErrFixed means that a keyset is not in a file, and so nothing can be changed.
var ErrFixed = errors.New("the keyset is not in a file: it is given as a text")

// String says where the keyset is.
func (s Source) String() string {
	if s.Text != "" {
		return "a given text"
	}
	return s.File
}

// Load returns the keyset. An error that is fs.ErrNotExist means that there is no
// file.
func (s Source) Load() (*Keyset, error) {
	k, _, err := s.load()
	return k, err
}

func (s Source) load() (k *Keyset, wrapped bool, err error) {
	wrapper, err := newWrapper(s.Key)
	if err != nil {
		return nil, false, err
	}
	text := []byte(s.Text)
	if s.Text == "" {
		if text, err = os.ReadFile(s.File); err != nil {
			return nil, false, fmt.Errorf("read the keyset: %w", err)
		}
	}
	if k, wrapped, err = wrapper.read(text); err != nil {
		return nil, false, fmt.Errorf("read the keyset in %s: %w", s, err)
	}
	return k, wrapped, nil
}

// Write returns the text of a keyset, as Load reads it.
func (s Source) Write(k *Keyset) ([]byte, error) {
	wrapper, err := newWrapper(s.Key)
	if err != nil {
		return nil, err
	}
	return wrapper.write(k)
}

// Create keeps a keyset in the file, which must not exist: an error is
// fs.ErrExist then. The file is there whole, durable and for nobody but its
// owner, or it is not there.
func (s Source) Create(k *Keyset) error { return s.keep(k, os.Link) }

// Change keeps in the file what change makes of the keyset in it, and returns
// that. One process at a time does so: of two rotations, neither is lost.
func (s Source) Change(change func(*Keyset) (*Keyset, error)) (*Keyset, error) {
	if s.Text != "" {
		return nil, ErrFixed
	}
	unlock, err := lockDir(filepath.Dir(s.target()))
	if err != nil {
		return nil, fmt.Errorf("change the keyset in %s: %w", s.File, err)
	}
	defer unlock()
	k, err := s.Load()
	if err != nil {
		return nil, err
	}
	if k, err = change(k); err != nil {
		return nil, err
	}
	return k, s.keep(k, os.Rename)
}

// target returns the name of the file itself, where another is a link to it.
func (s Source) target() string {
	if name, err := filepath.EvalSymlinks(s.File); err == nil {
		return name
	}
	return s.File
}

// keep writes the keyset beside its place and puts it there in one step.
func (s Source) keep(k *Keyset, place func(draft, name string) error) (err error) {
	if s.Text != "" {
		return ErrFixed
	}
	text, err := s.Write(k)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep the keyset in %s: %w", s.File, err)
		}
	}()
	name := s.target()
	dir := filepath.Dir(name)
	// A private PostgreSQL of another user must get past, to its own files.
	if err := os.MkdirAll(dir, 0o711); err != nil { //nolint:gosec // see above
		return err
	}
	draft, err := os.CreateTemp(dir, "."+filepath.Base(name)+"-") // for its owner alone
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) //nolint:errcheck // it has been renamed, or is one name too many
	_, err = draft.Write(text)
	if info, statErr := os.Stat(name); err == nil && statErr == nil {
		err = own(draft, info) // who could read it still can
	}
	if err == nil {
		err = draft.Sync()
	}
	if err = errors.Join(err, draft.Close()); err != nil {
		return err
	}
	if err := place(draft.Name(), name); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Faults returns what is not as safe as it could be with where the keyset is, for
// people to read. It is about a keyset that can be loaded.
func (s Source) Faults() (faults []string) {
	if s.Text == "" {
		if info, err := os.Stat(s.File); err == nil && info.Mode().Perm()&^(fs.FileMode(0o700)) != 0 {
			faults = append(faults, fmt.Sprintf("others than its owner may use the keyset file: its mode is %#o, and should be 0600", info.Mode().Perm()))
		}
	}
	if s.Key != "" {
		if _, wrapped, err := s.load(); err == nil && !wrapped {
			faults = append(faults, "the keyset is in the clear, although a key to wrap it is given: rotating it wraps it")
		}
	}
	return faults
}
