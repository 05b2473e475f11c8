//go:build linux || darwin

package private_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// archiveName returns what embedded-postgres calls the archive of a release.
func archiveName(release string) string {
	arch := runtime.GOARCH
	if arch == "arm64" {
		arch += "v8"
	}
	if _, err := os.Stat("/etc/alpine-release"); err == nil {
		arch += "-alpine"
	}
	return "embedded-postgres-binaries-" + runtime.GOOS + "-" + arch + "-" + release
}

// lastSize is the size of an archive's last file.
const lastSize = 1 << 17

// archive packs the installed server as embedded-postgres wants it.
func archive(t testing.TB, bin string) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	add := func(h tar.Header, content []byte) {
		h.Size = int64(len(content))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		b, err := os.ReadFile(filepath.Join(bin, name))
		if err != nil {
			t.Fatal(err)
		}
		add(tar.Header{Name: "bin/" + name, Mode: 0o755}, b)
	}
	add(tar.Header{Name: "bin/postmaster", Typeflag: tar.TypeSymlink, Linkname: "postgres"}, nil)
	// A server looks for its libraries beside itself, and needs none of them to
	// serve these tests.
	add(tar.Header{Name: "lib/", Typeflag: tar.TypeDir, Mode: 0o755}, nil)
	add(tar.Header{Name: "share/last", Mode: 0o644}, make([]byte, lastSize))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return xz(packed.Bytes())
}

// jar packs an archive the way a repository serves it.
func jar(t testing.TB, name string, archive []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	f, err := w.CreateHeader(&zip.FileHeader{Name: name + ".txz", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(archive); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// xz wraps data in the xz format without making it smaller, so that a machine with
// Go alone can build an archive: one block of stored LZMA2 chunks.
func xz(data []byte) []byte {
	const checkCRC32 = 1
	flags := []byte{0, checkCRC32}
	sum := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)) }
	pad := func(b []byte) []byte {
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		return b
	}

	out := append([]byte{0xfd, '7', 'z', 'X', 'Z', 0}, flags...)
	out = append(out, sum(flags)...)

	const lzma2, oneMegabyte = 0x21, 0x10
	header := []byte{2, 0, lzma2, 1, oneMegabyte, 0, 0, 0} // twelve bytes with its sum
	out = append(append(out, header...), sum(header)...)
	size := len(header) + 4
	control := byte(1) // the first chunk resets the dictionary
	for rest := data; len(rest) > 0; control = 2 {
		n := min(len(rest), 1<<16)
		out = append(out, control, byte((n-1)>>8), byte(n-1))
		out = append(out, rest[:n]...)
		size += 3 + n
		rest = rest[n:]
	}
	out = append(out, 0)
	size++
	out = append(pad(out), sum(data)...)
	size += 4

	index := []byte{0, 1}
	index = binary.AppendUvarint(index, uint64(size))
	index = binary.AppendUvarint(index, uint64(len(data)))
	index = pad(index)
	index = append(index, sum(index)...)
	out = append(out, index...)

	footer := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1)), flags...)
	return append(append(append(out, sum(footer)...), footer...), 'Y', 'Z')
}
