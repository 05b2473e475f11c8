package seal_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"

	"barograph/internal/seal"
)

// inFile returns a source in a file that there is not yet.
func inFile(t testing.TB) seal.Source {
	t.Helper()
	return seal.Source{File: filepath.Join(t.TempDir(), "some", "keyset.json")}
}

var wrapping = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))

func TestCreatedKeysetIsReadAgainByItsOwnerAlone(t *testing.T) {
	t.Parallel()
	source, k := inFile(t), generate(t)
	if _, err := source.Load(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load without a file: %v, want %v", err, fs.ErrNotExist)
	}
	if err := source.Create(k); err != nil {
		t.Fatal(err)
	}
	opens(t, must[*seal.Keyset](t)(source.Load()), must[[]byte](t)(k.Seal(plain, here)))
	if info, err := os.Stat(source.File); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode of the file: %v, %v, want 0600", info.Mode(), err)
	}
	if err := source.Create(generate(t)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create where there is one: %v, want %v", err, fs.ErrExist)
	}
	opens(t, must[*seal.Keyset](t)(source.Load()), must[[]byte](t)(k.Seal(plain, here)))
	if left, err := os.ReadDir(filepath.Dir(source.File)); err != nil || len(left) != 1 {
		t.Errorf("the directory has %v, %v, want the keyset alone", left, err)
	}
	if faults := source.Faults(); len(faults) != 0 {
		t.Errorf("Faults() = %q, want none", faults)
	}
}

func TestChangeKeepsALinkToTheKeyset(t *testing.T) {
	t.Parallel()
	source := inFile(t)
	k := generate(t)
	if err := source.Create(k); err != nil {
		t.Fatal(err)
	}
	link := seal.Source{File: filepath.Join(t.TempDir(), "link")}
	if err := os.Symlink(source.File, link.File); err != nil {
		t.Fatal(err)
	}
	next := must[*seal.Keyset](t)(k.Rotate())
	replace(t, link, next)
	if got := must[*seal.Keyset](t)(source.Load()); got.Primary() != next.Primary() {
		t.Errorf("the file behind the link has the primary %v, want %v", got.Primary(), next.Primary())
	}
}

func TestNoRotationIsLostToAnother(t *testing.T) {
	t.Parallel()
	source := inFile(t)
	if err := source.Create(generate(t)); err != nil {
		t.Fatal(err)
	}
	const rotations = 20
	var all sync.WaitGroup
	for range rotations {
		all.Go(func() {
			if _, err := source.Change((*seal.Keyset).Rotate); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if k := must[*seal.Keyset](t)(source.Load()); len(k.Keys()) != rotations+1 {
		t.Errorf("there are %d keys, want %d", len(k.Keys()), rotations+1)
	}
}

func TestKeysetOthersMayReadIsAFault(t *testing.T) {
	t.Parallel()
	source := inFile(t)
	if err := source.Create(generate(t)); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620} {
		if err := os.Chmod(source.File, mode); err != nil {
			t.Fatal(err)
		}
		if faults := source.Faults(); len(faults) != 1 || !strings.Contains(faults[0], "should be 0600") {
			t.Errorf("Faults() at mode %v = %q, want one about it", mode, faults)
		}
	}
}

func TestGivenTextIsAKeysetThatDoesNotChange(t *testing.T) {
	t.Parallel()
	k := generate(t)
	source := seal.Source{}
	source.Text = string(must[[]byte](t)(source.Write(k)))
	opens(t, must[*seal.Keyset](t)(source.Load()), must[[]byte](t)(k.Seal(plain, here)))
	if _, err := source.Change((*seal.Keyset).Rotate); !errors.Is(err, seal.ErrFixed) {
		t.Errorf("Change: %v, want %v", err, seal.ErrFixed)
	}
}

func TestWrappedKeysetNeedsItsKey(t *testing.T) {
	t.Parallel()
	source, k := inFile(t), generate(t)
	if err := source.Create(k); err != nil {
		t.Fatal(err)
	}
	source.Key = wrapping
	if faults := source.Faults(); len(faults) != 1 || !strings.Contains(faults[0], "in the clear") {
		t.Errorf("Faults() = %q, want that the keyset is not wrapped", faults)
	}
	replace(t, source, k)
	if text, err := os.ReadFile(source.File); err != nil || bytes.Contains(text, []byte("keyData")) {
		t.Errorf("the wrapped keyset: %s, %v", text, err)
	}
	opens(t, must[*seal.Keyset](t)(source.Load()), must[[]byte](t)(k.Seal(plain, here)))
	for key, want := range map[string]string{
		"": "no key is given to unwrap it",
		base64.StdEncoding.EncodeToString(make([]byte, 32)): "another key",
		base64.StdEncoding.EncodeToString(make([]byte, 16)): "must be 32 bytes",
		"hush!": "must be 32 bytes",
	} {
		source.Key = key
		if _, err := source.Load(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load with the key %q: %v, want %q", key, err, want)
		}
	}
}

func TestKeysetsThatCannotBeUsedAreRefused(t *testing.T) {
	t.Parallel()
	good := string(must[[]byte](t)(seal.Source{}.Write(generate(t))))
	for name, text := range map[string]string{
		"garbage":          "hush",
		"an empty object":  "{}",
		"a list":           "[]",
		"no keys":          `{"primaryKeyId":1,"key":[]}`,
		"half a keyset":    good[:len(good)/2],
		"another primary":  strings.Replace(good, `"primaryKeyId": `, `"primaryKeyId": 1`, 1),
		"no key material":  strings.Replace(good, `"value": "`, `"value": "AAAA`, 1),
		"smaller keys":     ofKind(t, aead.AES128GCMKeyTemplate()),
		"keys that sign":   ofKind(t, mac.HMACSHA256Tag256KeyTemplate()),
		"keys unprefixed":  ofKind(t, aead.AES256GCMNoPrefixKeyTemplate()),
		"other encryption": ofKind(t, aead.XChaCha20Poly1305KeyTemplate()),
	} {
		if k, err := (seal.Source{Text: text}).Load(); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("Load of %s = %v, %v, want an error without the text", name, k, err)
		}
	}
}

func ofKind(t *testing.T, kind *tinkpb.KeyTemplate) string {
	t.Helper()
	handle, err := keyset.NewHandle(kind)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func FuzzLoad(f *testing.F) {
	good := must[[]byte](f)(seal.Source{}.Write(generate(f)))
	wrapped := must[[]byte](f)(seal.Source{Key: wrapping}.Write(generate(f)))
	for _, seed := range []string{string(good), string(wrapped), "{}", `{"encryptedKeyset":"AAAA"}`, `{"primaryKeyId":1,"key":[{}]}`} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, wrapped bool) {
		source := seal.Source{Text: text}
		if text == "" {
			return // it would be a file's
		}
		if wrapped {
			source.Key = wrapping
		}
		k, err := source.Load()
		if err != nil {
			return
		}
		opens(t, k, must[[]byte](t)(k.Seal(plain, here)))
		again := seal.Source{Text: string(must[[]byte](t)(source.Write(k))), Key: source.Key}
		opens(t, must[*seal.Keyset](t)(again.Load()), must[[]byte](t)(k.Seal(plain, here)))
	})
}
