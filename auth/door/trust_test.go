package door_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"barograph/auth"
	"barograph/internal/fault"
	"barograph/internal/tlsconfig/tlstest"
)

// subject returns the name of a subject as it is read from a certificate.
func subject(names ...string) (n pkix.Name) {
	var all pkix.RDNSequence
	for _, name := range names {
		all = append(all, pkix.RelativeDistinguishedNameSET{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: name}})
	}
	n.FillFromRDNSequence(&all)
	return n
}

func TestASubjectWithTwoCommonNamesHasNone(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{{"sensor", "another"}, {"another", "sensor"}, {"sensor", "sensor"}} {
		leaf := &x509.Certificate{Subject: subject(names...), NotAfter: time.Now().Add(time.Hour)}
		got := enter(t, config(t), func(r *http.Request) {
			r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{leaf}}}
		})
		if got.who != nil {
			t.Errorf("%q is that of %+v", names, got.who)
		}
	}
}

func TestACertificateEndsWithTheLastChainThatVouchesForIt(t *testing.T) {
	t.Parallel()
	now := time.Now()
	until := func(hours int) *x509.Certificate {
		return &x509.Certificate{Subject: subject("sensor"), NotAfter: now.Add(time.Duration(hours) * time.Hour)}
	}
	leaf := until(9)
	for name, c := range map[string]struct {
		chains [][]*x509.Certificate
		hours  int // 0 for one that is no longer good
	}{
		"one between ends sooner":    {[][]*x509.Certificate{{leaf, until(3), until(8)}}, 3},
		"the authority ends sooner":  {[][]*x509.Certificate{{leaf, until(8), until(3)}}, 3},
		"of two, the one that stays": {[][]*x509.Certificate{{leaf, until(3)}, {leaf, until(5)}, {leaf, until(4)}}, 5},
		"all have ended":             {[][]*x509.Certificate{{leaf, until(-3)}, {leaf, until(8), until(-2)}}, 0},
	} {
		got := enter(t, config(t), func(r *http.Request) { r.TLS = &tls.ConnectionState{VerifiedChains: c.chains} })
		if (got.who == nil) != (c.hours == 0) || got.who != nil && !got.who.Expires.Equal(until(c.hours).NotAfter) {
			t.Errorf("%s: %+v, %v; want it to end after %d hours", name, got.who, got.why, c.hours)
		}
	}
}

func TestACertificateIsGoodWhileItsAuthorityIsTrusted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, second := tlstest.NewAuthority(t, "first"), tlstest.NewAuthority(t, "second")
		both := first.Pool()
		both.AppendCertsFromPEM(second.PEM)
		var trusted atomic.Pointer[x509.CertPool]
		trusted.Store(first.Pool())
		config := config(t)
		config.Certificates.Authorities = trusted.Load
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = config.Certificates.Run(ctx, time.Now) }()
		defer synctest.Wait()
		defer stop()
		between := first.Below(t, "between")
		shown := []*x509.Certificate{between.Issue(t, tlstest.Named("sensor")).TLS(t).Leaf, read(t, between.PEM)}
		connected := func(r *http.Request) {
			r.TLS = &tls.ConnectionState{PeerCertificates: shown, VerifiedChains: [][]*x509.Certificate{shown}}
		}
		before := enter(t, config, connected)
		if before.who == nil || !before.who.Expires.Equal(shown[0].NotAfter) {
			t.Fatalf("a certificate is that of %+v, %v", before.who, before.why)
		}
		session, end := auth.Session(auth.With(ctx, before.who))
		defer end()

		trusted.Store(both)
		<-time.After(2 * time.Second)
		if got := enter(t, config, connected); got.who == nil || session.Err() != nil {
			t.Errorf("beside another authority, it is that of %+v, %v, and what is open has ended by %v", got.who, got.why, session.Err())
		}
		trusted.Store(second.Pool())
		if got := enter(t, config, connected); got.why == nil || got.why.Kind != fault.Unauthenticated {
			t.Errorf("without its authority, it is that of %+v", got.who)
		}
		synctest.Wait()
		if session.Err() == nil {
			t.Error("it is refused, and what is open goes on")
		}
		trusted.Store(both) // before anybody has looked
		again := enter(t, config, connected)
		if again.who == nil {
			t.Fatalf("with its authority again, it is refused: %v", again.why)
		}
		session, end = auth.Session(auth.With(ctx, again.who))
		defer end()
		trusted.Store(second.Pool())
		<-time.After(2 * time.Second)
		if fault.KindOf(context.Cause(session)) != fault.Unauthenticated {
			t.Errorf("without its authority, what is open goes on: %v", context.Cause(session))
		}

		trusted.Store(both)
		expiring := enter(t, config, connected)
		<-time.After(time.Until(shown[0].NotAfter) + 2*time.Second)
		select {
		case <-expiring.who.Revoked: // and so nobody remembers it
		default:
			t.Error("a certificate that has expired is remembered")
		}
		shown[0] = between.Issue(t, tlstest.Named("sensor")).TLS(t).Leaf

		trusted.Store(nil)
		if got := enter(t, config, connected); got.who != nil {
			t.Errorf("without any authority, it is that of %+v", got.who)
		}
		trusted.Store(first.Pool())
		shown = []*x509.Certificate{first.Issue(t, tlstest.Named("sensor"), tlstest.ServersOnly).TLS(t).Leaf}
		if got := enter(t, config, connected); got.who != nil {
			t.Errorf("a server's is that of %+v", got.who)
		}
	})
}

// read returns the certificate in PEM.
func read(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
