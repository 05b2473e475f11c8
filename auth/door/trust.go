package door

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"time"

	"barograph/internal/rounds"
)

const (
	mostTrusted = 10_000      // certificates that are remembered
	trustLooks  = time.Second // between looks at whether the authorities are others
)

// trust is in certificates that their authorities vouch for, now and not only when
// the connection was made: those may have changed since.
type trust struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*trusted // guarded by mu, by the certificate alone: what else clients show, they choose
}

// A trusted certificate is one that authorities vouched for. It never changes; its
// channel is closed by whoever takes it out of what is known.
type trusted struct {
	shown   []*x509.Certificate // with those that lead to an authority behind
	by      *x509.CertPool
	until   time.Time
	revoked chan struct{}
}

// check returns what is known of a certificate, given what was shown: nil for one
// that the authorities do not vouch for. That is not remembered, for they may later.
func (t *trust) check(shown []*x509.Certificate, authorities *x509.CertPool, now time.Time) *trusted {
	key := sha256.Sum256(shown[0].Raw)
	t.mu.Lock()
	found := t.known[key]
	t.mu.Unlock()
	if found != nil && found.by == authorities && now.Before(found.until) {
		return found
	}
	until, ok := verify(shown, authorities, now)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !ok {
		t.forget(key)
		return nil
	}
	fresh := &trusted{shown, authorities, until, make(chan struct{})}
	if before := t.known[key]; before != nil {
		fresh.revoked = before.revoked
	} else if len(t.known) >= mostTrusted {
		for other := range t.known { // any of them: whoever came by it has to come again
			t.forget(other)
			break
		}
	}
	if t.known == nil {
		t.known = map[[sha256.Size]byte]*trusted{}
	}
	t.known[key] = fresh
	return fresh
}

// forget ends what was opened by a certificate. The caller holds mu.
func (t *trust) forget(key [sha256.Size]byte) {
	if found := t.known[key]; found != nil {
		close(found.revoked)
		delete(t.known, key)
	}
}

// look checks those again that have expired, and those that other authorities
// vouched for.
func (t *trust) look(authorities *x509.CertPool, now time.Time) {
	var again []*trusted
	t.mu.Lock()
	for _, one := range t.known {
		if one.by != authorities || !now.Before(one.until) {
			again = append(again, one)
		}
	}
	t.mu.Unlock()
	for _, one := range again {
		t.check(one.shown, authorities, now)
	}
}

// verify reports whether the authorities vouch for a client's certificate, and
// until when.
func verify(shown []*x509.Certificate, authorities *x509.CertPool, now time.Time) (until time.Time, ok bool) {
	if authorities == nil { // for which the system's would stand in
		return until, false
	}
	between := x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	chains, err := shown[0].Verify(x509.VerifyOptions{
		Roots: authorities, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return latest(chains), err == nil
}

// latest returns until when a certificate is good: as long as one of its chains,
// each of which ends with the first of its certificates that does.
func latest(chains [][]*x509.Certificate) (until time.Time) {
	for _, chain := range chains {
		end := chain[0].NotAfter
		for _, c := range chain {
			if c.NotAfter.Before(end) {
				end = c.NotAfter
			}
		}
		if end.After(until) {
			until = end
		}
	}
	return until
}

// Run ends what was opened by certificates that the authorities vouch for no
// longer, until ctx is done.
func (c *Certificates) Run(ctx context.Context, now func() time.Time) error {
	if c.Authorities == nil {
		return nil
	}
	rounds.Run(ctx, func(context.Context) time.Duration {
		c.trust.look(c.Authorities(), now())
		return trustLooks
	})
	return nil
}
