package tlsconfig_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"barograph/internal/programtest"
	"barograph/internal/tlsconfig"
	"barograph/internal/tlsconfig/tlstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// follow returns a configuration of a pair in a directory, and what it logs.
func follow(t *testing.T, pair tlstest.Pair, changes ...func(*tlsconfig.Files)) (*tlsconfig.Server, string, *programtest.Log) {
	t.Helper()
	dir, log := t.TempDir(), &programtest.Log{}
	files := tlsconfig.Files{}
	files.Certificate, files.Key = pair.Write(t, dir)
	for _, change := range changes {
		change(&files)
	}
	s, err := tlsconfig.Follow(files, time.Now, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s, dir, log
}

// shake lets a client and a server shake hands, and returns what each has come
// to know of the other. The client has read its first byte by then, and with it
// its session ticket.
func shake(t *testing.T, s *tlsconfig.Server, client *tls.Config) (seen, served tls.ConnectionState, err error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // nothing is left to do about it
	done := make(chan tls.ConnectionState, 1)
	go func() {
		raw, err := listener.Accept()
		if err != nil {
			return
		}
		conn := tls.Server(raw, s.Config())
		_, _ = conn.Write([]byte("x"))
		done <- conn.ConnectionState()
		_ = conn.Close()
	}()
	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(raw, client)
	defer conn.Close() //nolint:errcheck // nothing is left to do about it
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, err = conn.Read(make([]byte, 1))
	served = <-done
	return conn.ConnectionState(), served, err
}

func TestVersionsBefore13AreRefused(t *testing.T) {
	t.Parallel()
	authority := tlstest.NewAuthority(t, "authority")
	s, _, _ := follow(t, authority.Issue(t))
	for version := uint16(tls.VersionTLS10); version < tls.VersionTLS13; version++ {
		_, _, err := shake(t, s, &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost", MinVersion: version, MaxVersion: version})
		if err == nil || !strings.Contains(err.Error(), "protocol version not supported") {
			t.Errorf("%s: %v, want that the version is not supported", tls.VersionName(version), err)
		}
	}
	if seen, _, err := shake(t, s, &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"}); err != nil || seen.Version != tls.VersionTLS13 {
		t.Errorf("the newest: %s, %v", tls.VersionName(seen.Version), err)
	}
}

func TestANewPairIsServedAndABadOneIsNot(t *testing.T) {
	t.Parallel()
	authority := tlstest.NewAuthority(t, "authority")
	first := authority.Issue(t)
	s, dir, log := follow(t, first)
	was := s.Fingerprint()
	other := authority.Issue(t)
	for name, damage := range map[string]func(){
		"the key of another": func() { tlstest.Put(t, dir, "tls.key", other.Key) },
		"no certificate":     func() { tlstest.Put(t, dir, "tls.crt", []byte("nothing")) },
		"half a certificate": func() { tlstest.Put(t, dir, "tls.crt", half(first.Certificate)) },
		"an empty key":       func() { tlstest.Put(t, dir, "tls.key", nil) },
		"no file":            func() { _ = os.Remove(filepath.Join(dir, "tls.key")) },
		"an expired pair":    func() { authority.Issue(t, tlstest.Expired).Write(t, dir) },
		"a pair of tomorrow": func() {
			authority.Issue(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }).Write(t, dir)
		},
		"a weak pair":     func() { weak(t).Write(t, dir) },
		"a chain cut off": func() { tlstest.Put(t, dir, "tls.crt", slices.Concat(first.Certificate, half(authority.PEM))) },
		"a key cut off":   func() { tlstest.Put(t, dir, "tls.key", slices.Concat(first.Key, half(first.Key))) },
	} {
		before := strings.Count(log.String(), "cannot be read anew")
		damage()
		s.Look()
		s.Look()
		if !s.Failing() || s.Fingerprint() != was {
			t.Errorf("%s: failing %t, the certificate %s, want %s", name, s.Failing(), s.Fingerprint(), was)
		}
		if got := strings.Count(log.String(), "cannot be read anew") - before; got != 1 {
			t.Errorf("%s: said %d times, want once: %s", name, got, log)
		}
		if strings.Contains(log.String(), "PRIVATE") {
			t.Errorf("%s: logged a key", name)
		}
		first.Write(t, dir)
		if s.Look(); s.Failing() {
			t.Errorf("%s: still failing once it is mended", name)
		}
	}
	other.Write(t, dir)
	s.Look()
	seen, _, err := shake(t, s, &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"})
	if err != nil || s.Fingerprint() == was || !seen.PeerCertificates[0].Equal(s.Certificate()) || !s.Certificate().Equal(other.TLS(t).Leaf) {
		t.Errorf("the new pair is not served: %v", err)
	}
}

func TestAPairIsNotBlamedWhileItIsBeingWritten(t *testing.T) {
	t.Parallel()
	authority := tlstest.NewAuthority(t, "authority")
	s, dir, log := follow(t, authority.Issue(t))
	for range 3 {
		other := authority.Issue(t)
		tlstest.Put(t, dir, "tls.crt", other.Certificate)
		s.Glance()
		tlstest.Put(t, dir, "tls.key", other.Key)
		if s.Glance(); !s.Certificate().Equal(other.TLS(t).Leaf) {
			t.Fatal("a pair is not served once it is whole")
		}
	}
	if log := log.String(); s.Failing() || strings.Contains(log, "cannot be read anew") {
		t.Errorf("blamed: %s", log)
	}
	tlstest.Put(t, dir, "tls.crt", authority.Issue(t).Certificate)
	s.Glance()
	s.Glance()
	s.Glance()
	if log := log.String(); !s.Failing() || strings.Count(log, "cannot be read anew") != 1 {
		t.Errorf("half a pair that stays so is not blamed, once: %s", log)
	}
}

func TestTheFilesAreLookedAtAgainAndAgainAndWhenAskedTo(t *testing.T) {
	t.Parallel()
	authority := tlstest.NewAuthority(t, "authority")
	s, dir, _ := follow(t, authority.Issue(t))
	run := func(every time.Duration) (hurry chan os.Signal, stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		hurry = make(chan os.Signal)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = s.Run(ctx, every, hurry)
		}()
		return hurry, func() { cancel(); <-done }
	}
	_, stop := run(5 * time.Millisecond)
	defer stop()
	other := authority.Issue(t)
	other.Write(t, dir)
	until(t, "the new pair is served", func() bool { return s.Certificate().Equal(other.TLS(t).Leaf) })
	stop()

	hurry, stop := run(time.Hour)
	defer stop()
	tlstest.Put(t, dir, "tls.crt", []byte("bad"))
	hurry <- syscall.SIGHUP
	hurry <- syscall.SIGHUP // the first has been dealt with
	if !s.Failing() {
		t.Error("a signal does not make the files be looked at")
	}
}

func TestFilesThatHangKeepNobodyWaitingForTheMetrics(t *testing.T) {
	t.Parallel()
	s, dir, _ := follow(t, tlstest.NewAuthority(t, "authority").Issue(t))
	hanging := filepath.Join(dir, "tls.key")
	if err := errors.Join(os.Remove(hanging), syscall.Mkfifo(hanging, 0o600)); err != nil {
		t.Fatal(err)
	}
	looked, told := make(chan struct{}), make(chan bool, 1)
	go func() { defer close(looked); s.Look() }()
	file, err := os.OpenFile(hanging, os.O_WRONLY, 0) // waits for who reads it
	if err != nil {
		t.Fatal(err)
	}
	go func() { told <- s.Failing() }()
	select {
	case failing := <-told:
		if failing {
			t.Error("failing before the look has come to its end")
		}
	case <-time.After(10 * time.Second):
		t.Error("whether it is failing cannot be told while a file hangs")
	}
	_ = file.Close()
	if <-looked; !s.Failing() {
		t.Error("not failing, though the key is empty")
	}
}

func TestAnExpiredCertificateIsServedWhereThereIsNoOther(t *testing.T) {
	t.Parallel()
	authority := tlstest.NewAuthority(t, "authority")
	s, dir, log := follow(t, authority.Issue(t, tlstest.Expired))
	if !strings.Contains(log.String(), "has expired") {
		t.Errorf("logged %q, want that it has expired", log)
	}
	good := authority.Issue(t)
	good.Write(t, dir)
	if s.Look(); !s.Certificate().Equal(good.TLS(t).Leaf) {
		t.Error("the one that is valid does not replace it")
	}
}

func TestFilesThatMakeNoServerAreRefused(t *testing.T) {
	t.Parallel()
	authority := tlstest.NewAuthority(t, "authority")
	dir := t.TempDir()
	certificate, key := authority.Issue(t).Write(t, dir)
	for want, files := range map[string]tlsconfig.Files{
		"no such file":    {Certificate: filepath.Join(dir, "none"), Key: key},
		"does not match":  {Certificate: certificate, Key: tlstest.Put(t, dir, "other.key", authority.Issue(t).Key)},
		"none in the":     {Certificate: certificate, Key: key, ClientCA: key},
		"of the clients'": {Certificate: certificate, Key: key, ClientCA: filepath.Join(dir, "none")},
		"of 2 parts, 1":   {Certificate: certificate, Key: key, ClientCA: tlstest.Put(t, dir, "ca.crt", slices.Concat(authority.PEM, half(authority.PEM)))},
		"1024 bits":       {Certificate: tlstest.Put(t, dir, "weak.crt", weak(t).Certificate), Key: tlstest.Put(t, dir, "weak.key", weak(t).Key)},
	} {
		if _, err := tlsconfig.Follow(files, time.Now, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", files, err, want)
		}
	}
}

func TestASelfSignedCertificateIsThatOfLocalhostAndTheAddress(t *testing.T) {
	t.Parallel()
	s, err := tlsconfig.SelfSigned(&net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 1}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	trust := x509.NewCertPool()
	trust.AddCert(s.Certificate())
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "192.0.2.7"} {
		if _, _, err := shake(t, s, &tls.Config{RootCAs: trust, ServerName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.Look() // at nothing
	if parts := strings.Split(s.Fingerprint(), ":"); len(parts) != 32 || s.Failing() {
		t.Errorf("fingerprint %s, failing %t", s.Fingerprint(), s.Failing())
	}
}

// weakKey is one that takes no time to make: who made the certificate knows it.
var weakKey, _ = rsa.GenerateKey(rand.Reader, 1024)

func weak(t *testing.T) tlstest.Pair {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, weakKey.Public(), weakKey)
	if err != nil {
		t.Fatal(err)
	}
	key := x509.MarshalPKCS1PrivateKey(weakKey)
	return tlstest.Pair{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: key}),
	}
}

func half(text []byte) []byte { return text[:len(text)/2] }

// until waits for what comes by itself.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(10 * time.Second); !is(); {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
