package apikey_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"barograph/auth"
	"barograph/auth/apikey"
	"barograph/internal/fault"
)

const unknown = "there is no such API key"

func TestAKeyIsWhoeverItWasMadeFor(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	expires := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	k, text := n.create(t, apikey.Draft{Name: "ci", Scopes: auth.Producer.Scopes(), Reach: reach(t, "orders", "eu-*"), ExpiresAt: &expires})
	p := n.principal(t, text)
	if p.Name != "key:"+k.ID || p.Kind != auth.Key || p.Scopes != auth.Producer.Scopes() || !p.Expires.Equal(expires) || p.Revoked == nil {
		t.Errorf("principal = %+v", p)
	}
	if !p.Reach.Has("orders") || !p.Reach.Has("eu-west") || p.Reach.Has("us") {
		t.Errorf("the principal reaches %v", p.Reach.Patterns())
	}
	if !strings.HasPrefix(text, k.Prefix()+"_") || k.Name != "ci" || k.CreatedBy != "ada" {
		t.Errorf("key = %+v", k)
	}
	_, other := n.create(t, apikey.Draft{})
	if n.principal(t, other).Reach.Everything() != true {
		t.Error("a key of all pipelines does not reach all")
	}
}

// TestNearMissesAreRefusedInTheSameWords is A148: whatever is not the key itself is
// no key, be it one letter off, and most of it costs no look at the database.
func TestNearMissesAreRefusedInTheSameWords(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	k, text := n.create(t, apikey.Draft{})
	_, another := n.create(t, apikey.Draft{})
	n.principal(t, text)
	before := n.lookups()
	body := text[:len(text)-len(apikey.Checksum(""))]
	signed := func(body string) string { return body + apikey.Checksum(body) }
	misses := []string{
		"", " ", "barograph_", k.ID, k.Prefix(), body, text[1:], text + "a", text + " ", " " + text, text + "\n", text + "\x00",
		strings.ToUpper(text), "Barograph" + text[len("barograph"):], strings.Repeat("a", len(text)), strings.Repeat("x", 1<<16),
		signed(k.Prefix() + another[len(k.Prefix()):len(another)-len(apikey.Checksum(""))]), // its id, and another's secret
		fmt.Sprintf("%x", sha256.Sum256([]byte(text))),                                      // what is kept of it
	}
	for i := len(k.Prefix()) + 1; i < len(text); i++ {
		misses = append(misses, text[:i]+next(text[i])+text[i+1:])
	}
	for i := len(k.Prefix()) + 1; i < len(body); i++ {
		misses = append(misses, signed(body[:i]+next(body[i])+body[i+1:]))
	}
	for _, miss := range misses {
		n.refused(t, miss, fault.Unauthenticated, unknown)
	}
	if more := n.lookups() - before; more != 0 {
		t.Errorf("%d statements looked for %d keys that differ from a known one in their secret", more, len(misses))
	}
	n.principal(t, text)
}

// next returns another letter than one.
func next(letter byte) string {
	const letters = "abcdefghijklmnopqrstuvwxyz234567a"
	return string(letters[strings.IndexByte(letters, letter)+1])
}

func TestNothingButAHashIsKeptAndLogged(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	k, text := n.create(t, apikey.Draft{Name: "ci"})
	n.principal(t, text)
	if _, err := n.Page(t.Context(), apikey.Filter{Now: time.Now()}, apikey.Range{Limit: 10}); err != nil {
		t.Fatal(err)
	}
	n.revoke(t, k.ID)
	var (
		row, events string
		hash        []byte
	)
	const query = `select k::text, k.hash, (select string_agg(e::text, '') from audit_events e) from api_keys k`
	if err := n.pools.API.QueryRow(t.Context(), query).Scan(&row, &hash, &events); err != nil {
		t.Fatal(err)
	}
	if want := sha256.Sum256([]byte(text)); string(hash) != string(want[:]) {
		t.Errorf("the hash is %x, want SHA-256: %x", hash, want)
	}
	secret := text[len(k.Prefix())+1:]
	for where, kept := range map[string]string{"the table": row, "the audit": events, "the log": n.logs.String()} {
		for i := 0; i+8 <= len(secret); i++ {
			if strings.Contains(kept, secret[i:i+8]) {
				t.Fatalf("%s has a part of the secret in it: %s", where, kept)
			}
		}
	}
}

func TestSecretsAreAsRandomAsTheirSourceIs(t *testing.T) {
	t.Parallel()
	url := database(t)
	n := join(t, url)
	_, a := n.create(t, apikey.Draft{})
	_, b := n.create(t, apikey.Draft{})
	same := 0
	for i := range a {
		if a[i] == b[i] {
			same++
		}
	}
	const bits = 5 // a letter
	if secret := len(a) - len("barograph_") - 10 - 1 - len(apikey.Checksum("")); secret*bits < 160 || same > 30 {
		t.Errorf("%q and %q have %d letters in common", a, b, same)
	}
	broken := apikey.NewStore(n.pools, time.Now, iotest.ErrReader(errors.New("dry")), slog.New(slog.DiscardHandler))
	if _, text, err := broken.Create(as(t, auth.All), apikey.Draft{Name: "x", Scopes: auth.WeatherRead}); err == nil || text != "" {
		t.Errorf("a key was made of nothing: %q, %v", text, err)
	}
}

func TestAKeyExpiresToTheMoment(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	expires := n.now().Add(time.Hour)
	_, text := n.create(t, apikey.Draft{ExpiresAt: &expires})
	n.principal(t, text)
	n.advance(time.Hour - 10*time.Second)
	n.principal(t, text)
	n.advance(10 * time.Second)
	n.refused(t, text, fault.Unauthenticated, "has expired")
	n.advance(time.Hour)
	n.KeepUp(t.Context(), n.now()) // which forgets it
	n.refused(t, text, fault.Unauthenticated, "has expired")
}

func TestARevocationReachesEveryGatewayInTime(t *testing.T) {
	t.Parallel()
	url := database(t)
	here, there := join(t, url), join(t, url)
	here.run(t)
	there.run(t)
	k, text := here.create(t, apikey.Draft{})
	kept, still := here.create(t, apikey.Draft{})
	p, q, s := here.principal(t, text), there.principal(t, text), there.principal(t, still)
	begun := time.Now()
	here.revoke(t, k.ID)
	select {
	case <-p.Revoked:
	default:
		t.Error("where it was revoked, it is not at once")
	}
	here.refused(t, text, fault.Unauthenticated, "revoked")
	select {
	case <-q.Revoked:
		t.Logf("elsewhere, it is after %v", time.Since(begun))
	case <-time.After(10 * time.Second):
		t.Fatal("elsewhere, it is not within 10 s")
	}
	there.refused(t, text, fault.Unauthenticated, "revoked")
	join(t, url).refused(t, text, fault.Unauthenticated, "revoked") // which has never seen it
	select {
	case <-s.Revoked:
		t.Errorf("key %s, which nobody revoked, is too", kept.ID)
	default:
	}
	there.principal(t, still)
}

func TestAKeyWhoseRowIsGoneIsRevoked(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	_, text := n.create(t, apikey.Draft{})
	p := n.principal(t, text)
	if _, err := n.pools.API.Exec(t.Context(), `delete from api_keys`); err != nil {
		t.Fatal(err)
	}
	n.KeepUp(t.Context(), n.now())
	left(t, p)
	n.refused(t, text, fault.Unauthenticated, "revoked")
}

func TestAFloodOfWrongKeysCostsTheDatabaseLittle(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	_, text := n.create(t, apikey.Draft{})
	const floods, wrong = 64, 100
	made := func(i, j int) string {
		body := strings.NewReplacer("0", "a", "1", "b", "8", "h", "9", "i").Replace(fmt.Sprintf("barograph_%05d%05d_%040d", i, j, i*j))
		return body + apikey.Checksum(body)
	}
	if _, ok := apikey.ParseID(made(17, 98)); !ok {
		t.Fatalf("%s is not well-formed", made(17, 98))
	}
	flood := func() {
		var all sync.WaitGroup
		for i := range floods {
			all.Go(func() {
				for j := range wrong {
					if _, err := n.Principal(t.Context(), made(i, j)); fault.KindOf(err) != fault.Unauthenticated {
						t.Errorf("a wrong key: %v", err)
						return
					}
				}
			})
		}
		all.Go(func() { n.principal(t, text) })
		all.Wait()
	}
	flood()
	first := n.lookups()
	t.Logf("%d wrong keys, and a good one, took %d statements", floods*wrong, first)
	if first > floods*wrong/4 {
		t.Errorf("%d wrong keys took %d statements", floods*wrong, first)
	}
	flood()
	if again := n.lookups() - first; again > 0 {
		t.Errorf("the same again took %d more", again)
	}
}

func TestKnownKeysOutliveTheDatabaseForAWhile(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	_, text := n.create(t, apikey.Draft{})
	_, unseen := n.create(t, apikey.Draft{})
	p := n.principal(t, text)
	checked := n.KeepUp(t.Context(), n.now())
	n.pools.Close()
	n.refused(t, unseen, fault.Unavailable, "cannot be told")
	n.advance(apikey.Trusted - time.Minute)
	if again := n.KeepUp(t.Context(), checked); !again.Equal(checked) {
		t.Errorf("the keys were looked at by %v, without a database", again)
	}
	if n.principal(t, text) != p {
		t.Error("a known key is another principal by now")
	}
	n.advance(2 * time.Minute)
	n.KeepUp(t.Context(), checked)
	left(t, p)
	n.refused(t, text, fault.Unavailable, "cannot be told")
}

// TestALockedTableHoldsNobodyUpForLong is of a database that does not answer,
// rather than one that is away.
func TestALockedTableHoldsNobodyUpForLong(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	_, text := n.create(t, apikey.Draft{})
	_, unseen := n.create(t, apikey.Draft{})
	n.principal(t, text)
	tx, err := n.pools.Analytics.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context()) //nolint:errcheck // the test is over
	if _, err := tx.Exec(t.Context(), `lock table api_keys in access exclusive mode`); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { n.refused(t, unseen, fault.Unavailable, "cannot be told") })
	}
	all.Go(func() { n.KeepUp(t.Context(), n.now()) })
	n.principal(t, text)
	if took := time.Since(began); took > time.Second {
		t.Errorf("a known key took %v", took)
	}
	all.Wait()
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("keys that nobody knows took %v", took)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.principal(t, unseen)
}

func TestKeysThatAreForgottenAreGoodAgainWhenTheyAreSentAgain(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	_, old := n.create(t, apikey.Draft{})
	_, recent := n.create(t, apikey.Draft{})
	p := n.principal(t, old)
	n.advance(time.Minute)
	q := n.principal(t, recent)
	n.Trim(1)
	left(t, p)
	select {
	case <-q.Revoked:
		t.Error("the key that was sent last was forgotten")
	default:
	}
	if n.principal(t, old) == p {
		t.Error("a principal that was told to leave is handed out again")
	}
}

func TestWhenAKeyWasSentIsWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	url := database(t)
	here, there := join(t, url), join(t, url)
	k, text := here.create(t, apikey.Draft{})
	used := func() (at *time.Time) {
		found, err := here.Find(t.Context(), reach(t), []string{k.ID})
		if err != nil || len(found) != 1 {
			t.Fatalf("Find = %v, %v", found, err)
		}
		return found[0].LastUsedAt
	}
	write := func(n *node) {
		if err := n.WriteUses(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	write(here)
	if at := used(); at != nil {
		t.Errorf("used at %v before it was", at)
	}
	here.principal(t, text)
	there.advance(30 * time.Second)
	there.principal(t, text)
	write(here)
	first := used()
	if first == nil || here.now().Sub(*first) > time.Minute {
		t.Fatalf("used at %v, want now", first)
	}
	write(there)
	if at := used(); !at.Equal(*first) {
		t.Errorf("used at %v, want it not written twice within a minute: %v", at, first)
	}
	here.advance(2 * time.Minute)
	here.principal(t, text)
	stop := here.run(t)
	stop() // which writes what there is to write
	if at := used(); at.Sub(*first) < 2*time.Minute-time.Second {
		t.Errorf("used at %v, want 2 minutes after %v", at, first)
	}
	statements := strings.Count(here.logs.String(), "write uses of API keys started")
	write(here)
	if more := strings.Count(here.logs.String(), "write uses of API keys started") - statements; more != 0 {
		t.Errorf("%d statements wrote nothing new", more)
	}
}

func BenchmarkPrincipalOfAKnownKey(b *testing.B) {
	n := join(b, database(b))
	_, text := n.create(b, apikey.Draft{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := n.Principal(context.Background(), text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
