package records_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"barograph/internal/postgres"
	"barograph/internal/seal"
	"barograph/pipeline"
	"barograph/records"
)

// A sealedGateway is a gateway whose records are sealed by the keyset in a file.
type sealedGateway struct {
	*gateway
	vault *records.Vault
}

// keysetFile returns a source with a new keyset.
func keysetFile(t testing.TB) seal.Source {
	t.Helper()
	keys, err := seal.Generate()
	if err != nil {
		t.Fatal(err)
	}
	source := seal.Source{File: filepath.Join(t.TempDir(), "keyset.json")}
	if err := source.Create(keys); err != nil {
		t.Fatal(err)
	}
	return source
}

// openVault opens the vault of a database with the keyset of a source.
func openVault(ctx context.Context, pools *postgres.Pools, source seal.Source) (*records.Vault, error) {
	return records.OpenVault(ctx, pools, discard, func(bool) (*seal.Ring, error) { return seal.NewRing(source, discard) })
}

// sealing returns a running gateway on a database, which seals.
func sealing(t testing.TB, database string, source seal.Source) *sealedGateway {
	t.Helper()
	pools, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pools.Close)
	vault, err := openVault(t.Context(), pools, source)
	if err != nil {
		t.Fatalf("OpenVault: %v", err)
	}
	base := &records.Base{Pools: pools, Sealer: vault.Keys(), Logger: discard}
	feed := records.NewFeed(base)
	g := &gateway{
		url: database, pools: pools, pipelines: pipeline.NewStore(pools, discard), feed: feed,
		writer: records.NewWriter(base), store: records.NewStore(base),
	}
	run(t, g.writer)
	return &sealedGateway{g, vault}
}

// rotate rotates the keyset in the file.
func rotate(t *testing.T, source seal.Source) seal.KeyID {
	t.Helper()
	next, err := source.Change((*seal.Keyset).Rotate)
	if err != nil {
		t.Fatal(err)
	}
	return next.Primary()
}

// stored returns all that is in the table, as whoever reads the database sees it.
func (g *gateway) stored(t *testing.T) string {
	t.Helper()
	var text string
	err := g.pools.Analytics.QueryRow(t.Context(), `select coalesce(string_agg(encode(payload, 'escape') || coalesce(encode(result, 'escape'), '') || r::text, ' '), '') from records r`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// sealedBy returns how many records each key has sealed.
func (g *gateway) sealedBy(t *testing.T) map[seal.KeyID]int64 {
	t.Helper()
	census, err := records.TakeCensus(t.Context(), g.pools)
	if err != nil {
		t.Fatalf("TakeCensus: %v", err)
	}
	return census.Records
}

// reads fails the test unless the record reads as the draft it was.
func (g *gateway) reads(t *testing.T, d records.Draft) {
	t.Helper()
	found, err := g.store.Find(t.Context(), pipeline.Reach{}, []records.Key{d.Key})
	if err != nil || len(found) != 1 || found[0].Unreadable != nil || string(found[0].Payload) != string(d.Payload) || string(found[0].Result) != string(d.Result) {
		t.Errorf("Find(%v) = %v, %v, want the payload and the result", d.Key, found, err)
	}
}

const secret = "hush-this-is-secret"

func TestVaultLeavesNothingToReadInTheDatabase(t *testing.T) {
	t.Parallel()
	g := sealing(t, migrated(t), keysetFile(t))
	d := draft("a", secret)
	g.made(t, d)
	g.reads(t, d)
	if text := g.stored(t); strings.Contains(text, secret) || strings.Contains(text, "processed\"") {
		t.Errorf("the database has the payload in the clear: %s", text)
	}
}

func TestVaultSealsWhatAnEarlierVersionLeftInTheClear(t *testing.T) {
	t.Parallel()
	database, source := migrated(t), keysetFile(t)
	old := assemble(open(t, database)) // which does not seal
	run(t, old.writer)
	drafts := make([]records.Draft, records.WalkRows+50)
	var all sync.WaitGroup
	for i := range drafts {
		drafts[i] = draft(fmt.Sprint(i), secret)
		all.Go(func() { old.made(t, drafts[i]) })
	}
	all.Wait()
	if !strings.Contains(old.stored(t), secret) {
		t.Fatal("the records were sealed before")
	}
	before := old.places(t)

	g := sealing(t, database, source)
	if strings.Contains(g.stored(t), secret) {
		t.Error("some records are still in the clear")
	}
	for _, d := range drafts[:10] {
		g.reads(t, d)
	}
	if after := g.places(t); after != before {
		t.Error("sealing the records has changed their place in the feed")
	}
	d := draft("late", secret)
	if _, err := old.writer.Accept(t.Context(), d); err == nil || strings.Contains(g.stored(t), secret) {
		t.Errorf("a gateway of an earlier version may add a record in the clear: %v", err)
	}
	sealing(t, database, source).reads(t, drafts[0])
}

func TestVaultGoesOnWhereAStartWasInterrupted(t *testing.T) {
	t.Parallel()
	database, source := migrated(t), keysetFile(t)
	g := sealing(t, database, source)
	g.made(t, draft("sealed", secret))
	g.smuggle(t, draft("clear", secret)) // as if it had been there before
	text, err := g.vault.Keys().Seal([]byte("some records may still be in the clear"), []byte("seal check"))
	if err != nil {
		t.Fatal(err)
	}
	g.exec(t, `update seal_check set sealed = $1`, text)
	again := sealing(t, database, source)
	for _, id := range []string{"sealed", "clear"} {
		again.reads(t, draft(id, secret))
	}
	if strings.Contains(again.stored(t), secret) {
		t.Error("some records are still in the clear")
	}
}

// places returns every record's place in the feed.
func (g *gateway) places(t *testing.T) (text string) {
	t.Helper()
	err := g.pools.Analytics.QueryRow(t.Context(), `select string_agg(changed_in || '/' || position, ' ' order by position) from records`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// smuggle puts a record in the clear into the database, as only its owner can.
func (g *gateway) smuggle(t *testing.T, d records.Draft) {
	t.Helper()
	g.exec(t, `alter table records drop constraint if exists records_sealed_check`)
	tx := g.begin(t)
	insert(t, tx, d)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPutIntoTheDatabaseInTheClearIsNeverRead(t *testing.T) {
	t.Parallel()
	database, source := migrated(t), keysetFile(t)
	g := sealing(t, database, source)
	g.made(t, draft("good", ""))
	forged := draft("forged", "")
	g.smuggle(t, forged)
	found, err := g.store.Find(t.Context(), pipeline.Reach{}, []records.Key{forged.Key})
	if err != nil || len(found) != 1 || !errors.Is(found[0].Unreadable, seal.ErrNotSealed) || found[0].Payload != nil {
		t.Errorf("Find = %v, %v, want that the record is unreadable", found, err)
	}

	// Nor does a start take it for what an earlier version left.
	found, err = sealing(t, database, source).store.Find(t.Context(), pipeline.Reach{}, []records.Key{forged.Key})
	if err != nil || len(found) != 1 || found[0].Unreadable == nil {
		t.Errorf("after a start: Find = %v, %v, want that the record is unreadable", found, err)
	}
	g.exec(t, `delete from seal_check`)
	if _, err := openVault(t.Context(), g.pools, source); err == nil || !strings.Contains(err.Error(), "some are in the clear") {
		t.Errorf("OpenVault without the known text: %v, want that some records are in the clear", err)
	}
	g.exec(t, `delete from records where payload_id = 'forged'`)
	sealing(t, database, source).reads(t, draft("good", ""))
}

func TestVaultNeedsTheKeysetOfTheDatabase(t *testing.T) {
	t.Parallel()
	database, source := migrated(t), keysetFile(t)
	g := sealing(t, database, source)
	d := draft("a", "")
	g.made(t, d)
	right, err := source.Load()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openVault(t.Context(), g.pools, keysetFile(t)); err == nil || !strings.Contains(err.Error(), "sealed by key "+right.Primary().String()) {
		t.Errorf("OpenVault with another keyset: %v, want that key %v is needed", err, right.Primary())
	}
	missing := errors.New("there is none")
	_, err = records.OpenVault(t.Context(), g.pools, discard, func(sealed bool) (*seal.Ring, error) {
		if !sealed {
			t.Error("a keyset may be made although the database is sealed")
		}
		return nil, missing
	})
	if !errors.Is(err, missing) {
		t.Errorf("OpenVault without a keyset: %v, want %v", err, missing)
	}
	g.exec(t, `update seal_check set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)`)
	if _, err := openVault(t.Context(), g.pools, source); err == nil || !strings.Contains(err.Error(), "does not open it") {
		t.Errorf("OpenVault of a known text that was changed: %v", err)
	}
	g.exec(t, `delete from seal_check`)
	if _, err := openVault(t.Context(), g.pools, keysetFile(t)); err == nil || !strings.Contains(err.Error(), "sealed by key "+right.Primary().String()) {
		t.Errorf("OpenVault with another keyset and no known text: %v, want that key %v is needed", err, right.Primary())
	}
	sealing(t, database, source).reads(t, d)
}

func TestGatewaysThatStartTogetherMakeOneKeyset(t *testing.T) {
	t.Parallel()
	const gateways = 4
	database := migrated(t)
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		made   int
		opened int
	)
	for range gateways {
		all.Go(func() {
			source := seal.Source{File: filepath.Join(t.TempDir(), "keyset.json")}
			_, err := records.OpenVault(t.Context(), open(t, database), discard, func(sealed bool) (*seal.Ring, error) {
				if sealed {
					return nil, os.ErrNotExist
				}
				mu.Lock()
				made++
				mu.Unlock()
				keys, err := seal.Generate()
				if err != nil {
					return nil, err
				}
				if err := source.Create(keys); err != nil {
					return nil, err
				}
				return seal.NewRing(source, discard)
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				opened++
			} else if !errors.Is(err, os.ErrNotExist) {
				t.Errorf("OpenVault: %v", err)
			}
		})
	}
	all.Wait()
	if made != 1 || opened != 1 {
		t.Errorf("%d keysets were made and %d gateways started, want 1 and 1", made, opened)
	}
}

func TestOneRecordThatCannotBeOpenedSpoilsNoOther(t *testing.T) {
	t.Parallel()
	g := sealing(t, migrated(t), keysetFile(t))
	run(t, g.feed)
	s := g.subscribe(t, records.Interest{}, nil)
	for _, id := range []string{"a", "b", "c", "d"} {
		g.made(t, draft(id, ""))
	}
	for range 4 {
		next(t, s)
	}
	g.exec(t, `update records set payload = (select payload from records where payload_id = 'a') where payload_id = 'b'`) // moved
	g.exec(t, `update records set result = substring(result for 10) where payload_id = 'c'`)                              // truncated
	g.exec(t, `update records set payload = result, result = payload where payload_id = 'd'`)                             // swapped
	page, err := g.store.Page(t.Context(), pipeline.Reach{}, records.Filter{}, records.Range{Limit: 10})
	if err != nil || len(page) != 4 {
		t.Fatalf("Page = %v, %v, want 4 records", page, err)
	}
	for _, r := range page {
		good := r.PayloadID == "a"
		if (r.Unreadable == nil) != good || (r.Payload != nil) != good || (r.Result != nil) != good || r.State != records.Processed {
			t.Errorf("%s: payload %q, result %q, %v", r.PayloadID, r.Payload, r.Result, r.Unreadable)
		}
	}
	if again := g.accept(t, draft("b", "")); !again.Duplicate || again.Record.Unreadable == nil {
		t.Errorf("Accept of what is unreadable = %+v, want the record", again)
	}
	g.exec(t, `update records set changed_in = pg_current_xact_id() where payload_id in ('a', 'b')`)
	g.feed.Ring()
	for range 2 {
		if c := next(t, s); (c.Record.Unreadable == nil) != (c.Record.PayloadID == "a") {
			t.Errorf("the feed tells of %s with %v", c.Record.PayloadID, c.Record.Unreadable)
		}
	}
}
