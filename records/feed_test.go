package records_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

func TestFeedTellsOfEachNewRecordOnceAndOfNothingElse(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	subscription := g.subscribe(t, records.Interest{}, nil)
	for i := range 20 {
		want := g.made(t, draft(fmt.Sprint(i), "first"))
		g.accept(t, draft(fmt.Sprint(i), "first"))
		g.accept(t, draft(fmt.Sprint(i), "other"))
		if got := next(t, subscription); !same(got.Record, want) {
			t.Fatalf("the feed told of %s, want %s", text(got.Record), text(want))
		}
	}
	quiet(t, subscription)
}

func TestFeedTellsEverySubscriberTheSameInTheSameOrder(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	var subscriptions []*records.Subscription
	for range 5 {
		subscriptions = append(subscriptions, g.subscribe(t, records.Interest{}, nil))
	}
	const changes = 200
	acceptAll(t, g, drafts("", changes))
	first := take(t, subscriptions[0], changes)
	for i, s := range subscriptions[1:] {
		if got := take(t, s, changes); !slices.Equal(places(got), places(first)) {
			t.Errorf("subscriber %d was told of %v, the first one of %v", i+1, places(got), places(first))
		}
	}
	if !slices.IsSortedFunc(first, order) {
		t.Errorf("the changes came in the order %v", places(first))
	}
}

func TestFeedTellsNothingOfBeforeSubscribe(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	// A transaction under way elsewhere holds the feed back, but is no reason to
	// tell again what was there.
	tx := g.begin(t)
	insert(t, tx, draft("under way", ""))
	g.made(t, draft("before", ""))
	subscription := g.subscribe(t, records.Interest{}, nil)
	g.made(t, draft("after", ""))
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatalf("commit: %v", err)
	}
	if got, want := toldOf(take(t, subscription, 2)), []string{"under way", "after"}; !slices.Equal(got, want) {
		t.Errorf("the feed told of %q, want %q", got, want)
	}
	quiet(t, subscription)
}

func TestFeedDoesNotSkipWhatCommitsLate(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	live := g.subscribe(t, records.Interest{}, nil)
	g.made(t, draft("first", ""))
	first := next(t, live)

	late := g.begin(t)
	insert(t, late, draft("late", ""))
	g.made(t, draft("early", "")) // by a later transaction, which commits first
	resumed := g.subscribe(t, records.Interest{}, &first.Bookmark)
	quiet(t, live)
	quiet(t, resumed)
	if err := late.Commit(t.Context()); err != nil {
		t.Fatalf("commit: %v", err)
	}
	for name, s := range map[string]*records.Subscription{"live": live, "resumed": resumed, "new": g.subscribe(t, records.Interest{}, &first.Bookmark)} {
		if got, want := toldOf(take(t, s, 2)), []string{"late", "early"}; !slices.Equal(got, want) {
			t.Errorf("the %s subscriber was told of %q, want %q", name, got, want)
		}
	}
}

// Records change on two gateways and in transactions of somebody else's that
// commit late or never, while a subscriber comes and goes.
func TestFeedResumedTellsEveryLatestStateInOrderAndOnce(t *testing.T) {
	t.Parallel()
	for _, number := range []uint64{1, 2, 3, 4} {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			t.Parallel()
			g := newGateway(t)
			other := assemble(open(t, g.url))
			run(t, other.writer)
			run(t, other.feed)
			g.made(t, draft("begin", ""))
			begin := g.subscribe(t, records.Interest{}, nil)
			g.made(t, draft("began", ""))
			at := next(t, begin).Bookmark

			var changing sync.WaitGroup
			changing.Go(func() { acceptAll(t, g, drafts("here", 300)) })
			changing.Go(func() { acceptAll(t, other, drafts("there", 300)) })
			for source := range 3 {
				changing.Go(func() { disturb(t, g, number, source) })
			}
			var all sync.WaitGroup
			defer all.Wait()
			all.Go(func() {
				changing.Wait()
				acceptAll(t, g, []records.Draft{draft(last, "")})
			})
			told := follow(t, []*gateway{g, other}, at, number)
			want := g.states(t)
			for id, state := range want {
				if told[id] != state && id != "begin" && id != "began" {
					t.Errorf("%s is %s, the feed said %q last", id, state, told[id])
				}
			}
			t.Logf("%d records, %d told of", len(want), len(told))
		})
	}
}

func TestFeedTellsOfWhatAnotherGatewayWrote(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	other := assemble(open(t, g.url))
	run(t, other.feed)
	subscription := other.subscribe(t, records.Interest{}, nil)
	for i := range 3 {
		g.made(t, draft(fmt.Sprint(i), ""))
		began := time.Now()
		if got := next(t, subscription); got.Record.PayloadID != fmt.Sprint(i) {
			t.Errorf("the other gateway's feed told of %s", text(got.Record))
		}
		t.Logf("told of on the other gateway after %v", time.Since(began))
	}
}

func TestFeedTellsOnlyOfWhatIsOfInterest(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	for _, name := range []string{"red", "blue"} {
		if _, err := g.pipelines.Create(t.Context(), name, nil); err != nil {
			t.Fatal(err)
		}
	}
	everything := g.subscribe(t, records.Interest{}, nil)
	red, dead := records.Interest{Pipeline: ptr("red")}, records.Interest{States: []records.State{records.Dead, records.Skipped}}
	liveRed, liveDead := g.subscribe(t, red, nil), g.subscribe(t, dead, nil)
	g.made(t, draft("begin", ""))
	begin := next(t, everything).Bookmark
	for i := range 40 {
		d := draft(fmt.Sprint(i), "")
		d.Pipeline = []string{"red", "blue"}[i%2]
		g.made(t, d)
	}
	g.exec(t, `update records set state = 'DEAD', changed_in = pg_current_xact_id() where pipeline = 'blue' and payload_id < '2'`)
	d := draft("end", "")
	d.Pipeline = "red"
	g.made(t, d)
	var even []string
	for i := 0; i < 40; i += 2 {
		even = append(even, fmt.Sprint(i))
	}
	even = append(even, "end")
	odd := []string{"1", "11", "13", "15", "17", "19"}
	for name, c := range map[string]struct {
		s    *records.Subscription
		want []string
	}{
		"live, by pipeline":    {liveRed, even},
		"resumed, by pipeline": {g.subscribe(t, red, &begin), even},
		"live, by state":       {liveDead, odd},
		"resumed, by state":    {g.subscribe(t, dead, &begin), odd},
	} {
		got := toldOf(take(t, c.s, len(c.want)))
		if name == "live, by state" || name == "resumed, by state" {
			slices.Sort(got)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: told of %q, want %q", name, got, c.want)
		}
		quiet(t, c.s)
	}
	if _, err := g.feed.Subscribe(t.Context(), pipeline.Reach{}, records.Interest{Pipeline: ptr("\x00")}, nil); fault.KindOf(err) != fault.BadInput {
		t.Errorf("Subscribe to what can be no pipeline: %v, want %s", err, fault.BadInput.Code())
	}
}

func TestFeedLetsThoseFallBehindWhoWereCaughtUpAndCatchUpAgain(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	slow, quick := g.subscribe(t, records.Interest{}, nil), g.subscribe(t, records.Interest{}, nil)
	g.made(t, draft("first", ""))
	next(t, slow)
	next(t, quick)
	const changes = 3 * records.RecentLimit
	g.many(t, changes)
	fast := take(t, quick, changes) // which may have fallen behind, too
	if got := take(t, slow, changes); !slices.Equal(places(got), places(fast)) || !slices.IsSortedFunc(got, order) {
		t.Errorf("who fell behind was told of %d changes, the other of %d", len(got), len(fast))
	}
}

func TestFeedCutsOffWhoeverDoesNotCatchUpInTime(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	g.feed.SetLag(-1)
	run(t, g.writer)
	run(t, g.feed)
	slow := g.subscribe(t, records.Interest{}, nil)
	g.made(t, draft("first", ""))
	taken := []records.Change{next(t, slow)}
	const changes = records.RecentLimit + 1000
	g.many(t, changes)
	eventually(t, "the changes are told", func() bool { return g.feed.Told() > changes })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		c, err := slow.Next(ctx)
		if err != nil {
			if !errors.Is(err, records.ErrLagging) || fault.KindOf(err) != fault.Overloaded {
				t.Errorf("the slow subscriber ends with %v, want %v", err, records.ErrLagging)
			}
			break
		}
		taken = append(taken, c)
	}
	slow.Close()
	resumed := g.subscribe(t, records.Interest{}, &taken[len(taken)-1].Bookmark)
	taken = append(taken, take(t, resumed, changes+1-len(taken))...)
	if !slices.IsSortedFunc(taken, order) || len(slices.Compact(places(taken))) != changes+1 {
		t.Error("what the subscriber was told before and after it was cut off has a gap or a repetition")
	}
	quiet(t, resumed)
}

func TestFeedTellsOfARecordWhoseCommitWasNotAnswered(t *testing.T) {
	t.Parallel()
	g, lossy := losing(t)
	run(t, g.feed)
	subscription := g.subscribe(t, records.Interest{}, nil)
	lossy.Store(true)
	if got, err := g.writer.Accept(t.Context(), draft("a", cutMark)); err == nil {
		t.Fatalf("Accept whose answer is lost = %+v", got)
	}
	if got := next(t, subscription); got.Record.PayloadID != "a" {
		t.Errorf("the feed told of %s, want the record whose commit was not answered", text(got.Record))
	}
}

func TestFeedGoesOnWhenItsConnectionsAreLost(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	subscription := g.subscribe(t, records.Interest{}, nil)
	for i := range 10 {
		g.exec(t, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'barograph'`)
		for {
			got, err := g.writer.Accept(t.Context(), draft(fmt.Sprint(i), ""))
			if err == nil && got.Record != nil {
				break
			}
		}
		if got := next(t, subscription); got.Record.PayloadID != fmt.Sprint(i) {
			t.Fatalf("the feed told of %s, want %d", text(got.Record), i)
		}
	}
}

func TestFeedRefusesBookmarksItNeverGave(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	subscription := g.subscribe(t, records.Interest{}, nil)
	g.made(t, draft("a", ""))
	good := next(t, subscription).Bookmark
	elsewhere, later, negative := good, good, good
	elsewhere.Epoch++
	later.Transaction = math.MaxUint64
	negative.Position = -1
	if _, err := g.feed.Subscribe(t.Context(), pipeline.Reach{}, records.Interest{}, &elsewhere); !errors.Is(err, records.ErrRestored) {
		t.Errorf("Subscribe after a bookmark of another database: %v, want %v", err, records.ErrRestored)
	}
	for _, bad := range []records.Bookmark{later, negative} {
		if _, err := g.feed.Subscribe(t.Context(), pipeline.Reach{}, records.Interest{}, &bad); fault.KindOf(err) != fault.BadInput {
			t.Errorf("Subscribe after %+v: %v, want %s", bad, err, fault.BadInput.Code())
		}
	}
}

// A dump has the numbers that transactions had where it was taken.
func TestFeedOfARestoredDumpBeginsAnew(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	run(t, g.writer)
	for i := range 5 {
		g.made(t, draft(fmt.Sprint("restored", i), ""))
	}
	g.exec(t, `update records set changed_in = (1000000000000 + position)::text::xid8`)
	if err := g.feed.Rebase(t.Context()); err != nil {
		t.Fatalf("Rebase: %v", err)
	}
	run(t, g.feed)
	var ahead int
	if err := g.pools.Analytics.QueryRow(t.Context(), `select count(*) from records where changed_in <> '0'`).Scan(&ahead); err != nil || ahead > 0 {
		t.Errorf("%d records are ahead of the feed, %v", ahead, err)
	}
	subscription := g.subscribe(t, records.Interest{}, nil)
	g.made(t, draft("new", ""))
	g.made(t, draft("newer", ""))
	if got, want := toldOf(take(t, subscription, 2)), []string{"new", "newer"}; !slices.Equal(got, want) {
		t.Errorf("the feed told of %q, want %q", got, want)
	}
}

func TestFeedReadsNothingForNobody(t *testing.T) {
	t.Parallel()
	var reads atomic.Int64
	g := assemble(traced(t, migrated(t), &tracer{after: func(statement string, _ pgconn.CommandTag) {
		if readsChanges(statement) {
			reads.Add(1)
		}
	}}))
	run(t, g.writer)
	run(t, g.feed)
	acceptAll(t, g, drafts("unseen", 100))
	subscription := g.subscribe(t, records.Interest{}, nil)
	if n := reads.Load(); n != 0 {
		t.Errorf("%d reads while nobody subscribes, want none", n)
	}
	g.made(t, draft("seen", ""))
	next(t, subscription)
	subscription.Close()
	before := reads.Load()
	if before == 0 {
		t.Error("what was told was not read")
	}
	acceptAll(t, g, drafts("unseen again", 100))
	if n := reads.Load() - before; n > 1 { // one may be under way
		t.Errorf("%d reads after everybody left, want none", n)
	}
}

// Whatever is asked of the changes reads no more than is told, however many there
// are and whether or not Postgres knows how they are spread.
func TestFeedFollowsAnIndex(t *testing.T) {
	t.Parallel()
	var (
		mu    sync.Mutex
		asked = map[string][]any{} // guarded by mu: the arguments of each statement
	)
	g := assemble(traced(t, migrated(t), &tracer{before: func(ctx context.Context, sql string, args []any) context.Context {
		if strings.Contains(sql, "changed_in") {
			mu.Lock()
			defer mu.Unlock()
			asked[sql] = args
		}
		return ctx
	}}))
	g.exec(t, `alter table records set (autovacuum_enabled = false)`)
	g.many(t, 20000)
	g.exec(t, `update records set changed_in = (position / 100)::text::xid8`)
	if err := g.feed.Rebase(t.Context()); err != nil {
		t.Fatalf("Rebase: %v", err)
	}
	run(t, g.writer)
	run(t, g.feed)
	subscription := g.subscribe(t, records.Interest{}, nil)
	g.made(t, draft("last", ""))
	at := next(t, subscription).Bookmark
	subscription.Close()
	at.Transaction, at.Position = 100, 0
	if got := next(t, g.subscribe(t, records.Interest{}, &at)); got.Transaction != 100 {
		t.Errorf("after %+v comes %+v", at, got.Bookmark)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 4 {
		t.Errorf("%d statements ask about changes, want 4: what is of another database, where the feed is, what is held back, what follows: %q", len(asked), slices.Collect(maps.Keys(asked)))
	}
	for range 2 {
		for statement, args := range asked {
			plan := explain(t, g, statement, args)
			wasteful := plan.find(func(n node) bool {
				return n.Relation == "records" && n.Loops > 0 && (n.Index != "records_by_change" && n.Type != "ModifyTable" || n.Rows > 1000 || n.Removed > 0)
			})
			if wasteful != nil {
				t.Errorf("%s\nmakes Postgres %+v", statement, *wasteful)
			}
		}
		g.exec(t, `analyze records`)
	}
}

func TestFeedMayBeLeftByManyAtAnyTime(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	g.made(t, draft("first", ""))
	s := g.subscribe(t, records.Interest{}, nil)
	g.made(t, draft("second", ""))
	at := next(t, s).Bookmark
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for n := range 10 {
				var after *records.Bookmark
				if n%2 == i%2 {
					after = &at
				}
				s, err := g.feed.Subscribe(t.Context(), pipeline.Reach{}, records.Interest{}, after)
				if err != nil {
					t.Errorf("Subscribe: %v", err)
					return
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*time.Millisecond)
				for err == nil {
					_, err = s.Next(ctx)
				}
				cancel()
				s.Close()
				s.Close()
			}
		})
	}
	acceptAll(t, g, drafts("", 500))
	all.Wait()
}

func TestFeedEndsItsSubscriptionsWhenItStops(t *testing.T) {
	t.Parallel()
	g := assemble(open(t, migrated(t)))
	stop := run(t, g.feed)
	subscription := g.subscribe(t, records.Interest{}, nil)
	ended := make(chan error, 1)
	go func() {
		_, err := subscription.Next(t.Context())
		ended <- err
	}()
	stop()
	if err := <-ended; fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Next while the feed stops: %v, want %s", err, fault.Unavailable.Code())
	}
	if _, err := g.feed.Subscribe(t.Context(), pipeline.Reach{}, records.Interest{}, nil); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("Subscribe after the feed stopped: %v, want %s", err, fault.Unavailable.Code())
	}
}
