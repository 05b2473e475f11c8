package worker_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/pipeline"
	"barograph/records"
)

// A ledger notes, key by key, what steps did.
type ledger struct {
	mu    sync.Mutex
	done  map[string][]int // guarded by mu: the numbers of the payloads, in order
	under map[string]int   // guarded by mu: how many are under way
	worst int              // guarded by mu: how many of one key were under way at a time
}

// ordered returns the id of a payload of a key.
func ordered(key string, number int) string { return fmt.Sprintf("%s:%d", key, number) }

// enter notes that a payload is being processed.
func (l *ledger) enter(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, _, _ := strings.Cut(id, ":")
	l.under[key]++
	l.worst = max(l.worst, l.under[key])
}

// leave notes that it is no more, and whether it was done.
func (l *ledger) leave(id string, done bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, number, _ := strings.Cut(id, ":")
	l.under[key]--
	if n, err := strconv.Atoi(number); err == nil && done {
		l.done[key] = append(l.done[key], n)
	}
}

func TestWorkersKeepTheOrderOfAKey(t *testing.T) {
	t.Parallel()
	const keys, each = 8, 25
	for _, kind := range []string{"near", "far"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]string{"p": quick(kind, 50, `,"orderingKey":"payload.key"`)})
			book := &ledger{done: map[string][]int{}, under: map[string]int{}}
			attempt := func(_ context.Context, jobs []*pipeline.Job) {
				for _, j := range jobs {
					book.enter(j.Payload.ID)
					fails := rand.IntN(5) == 0
					if fails {
						j.Fail("not yet")
					}
					if kind == "far" {
						timer := time.NewTimer(time.Duration(rand.IntN(1000)) * time.Microsecond)
						<-timer.C
					}
					book.leave(j.Payload.ID, !fails)
				}
			}
			s.near, s.far = attempt, attempt
			nodes := []*node{s.node(t, 2, brief), s.node(t, 2, brief), s.node(t, 2, brief)}
			var all sync.WaitGroup
			for k := range keys { // each key's producer sends to one node after the other
				all.Go(func() {
					for i := 0; i < each; i += 5 {
						var payloads []string
						for n := range 5 {
							payloads = append(payloads, fmt.Sprintf(`{"id":%q,"key":"k%d"}`, ordered(fmt.Sprint("k", k), i+n), k))
						}
						nodes[(i/5+k)%3].submit(t, "p", payloads...)
					}
				})
			}
			all.Go(func() {
				for range 5 { // and now and then what is claimed is lost
					nodes[0].exec(t, `select pg_terminate_backend(pid) from pg_stat_activity
						where datname = current_database() and application_name = 'barograph workers' and state = 'idle in transaction'`)
				}
			})
			all.Wait()
			eventually(t, "all are processed", func() bool {
				return nodes[0].count(t, `select count(*) from records where state = 'PROCESSED'`) == keys*each
			})
			book.mu.Lock()
			defer book.mu.Unlock()
			if book.worst > 1 && kind == "far" {
				t.Errorf("%d payloads of one key were processed at a time", book.worst)
			}
			// What stays in the process may be done again, and counts once it is written.
			for key, done := range nodes[0].processed(t, keys*each) {
				if !slices.IsSorted(done) || len(done) != each {
					t.Errorf("%s was processed in the order %v", key, done)
				}
				if kind == "far" && !slices.IsSorted(book.done[key]) {
					t.Errorf("%s had its effects in the order %v", key, book.done[key])
				}
			}
		})
	}
}

// processed returns the numbers of the payloads of each key, in the order in
// which the feed tells that they were processed.
func (n *node) processed(t *testing.T, total int) map[string][]int {
	t.Helper()
	rows, err := n.pools.Analytics.Query(t.Context(), `
		select payload_id from records where state = 'PROCESSED' order by changed_in, position`)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(ids) != total {
		t.Fatalf("%d were processed, %v, want %d", len(ids), err, total)
	}
	of := map[string][]int{}
	for _, id := range ids {
		key, text, _ := strings.Cut(id, ":")
		number, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		of[key] = append(of[key], number)
	}
	return of
}

func TestAnEarlierRecordOfAKeyHoldsBackTheLaterOnesUntilItIsDead(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"near", "far"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]string{"p": fmt.Sprintf(
				`{"steps":[{"kind":%q}],"orderingKey":"payload.key","retry":{"attempts":2,"backoffMs":60000,"backoffMaxMs":60000}}`, kind)})
			failing := func(_ context.Context, jobs []*pipeline.Job) {
				for _, j := range jobs {
					if j.Payload.ID == "first" {
						j.Fail("no")
					}
				}
			}
			s.near, s.far = failing, failing
			n := s.node(t, 2)
			n.submit(t, "p", `{"id":"first","key":"k"}`, `{"id":"second","key":"k"}`, `{"id":"other","key":"l"}`, `{"id":"none"}`)
			n.comes(t, key("p", "first"), records.Retrying)
			n.comes(t, key("p", "other"), records.Processed)
			n.comes(t, key("p", "none"), records.Processed)
			n.comes(t, key("p", "second"), records.Queued)

			// Who asks for it at once has to wait as well.
			got, err := n.intake.Process(t.Context(), pipeline.Reach{}, "p", []byte(`{"id":"third","key":"k"}`))
			if err != nil || got.Refusal != nil || got.Record == nil || got.Record.State != records.Queued || got.Record.Attempts != 0 {
				t.Errorf("Process behind another = %+v, %v, want it QUEUED", got.Record, err)
			}
			n.exec(t, `update records set next_attempt_at = now() where payload_id = 'first'`)
			n.comes(t, key("p", "first"), records.Dead)
			n.comes(t, key("p", "second"), records.Processed)
			n.comes(t, key("p", "third"), records.Processed)

			got, err = n.intake.Process(t.Context(), pipeline.Reach{}, "p", []byte(`{"id":"fourth","key":"k"}`))
			if err != nil || got.Refusal != nil || got.Record.State != records.Processed {
				t.Errorf("Process behind nothing = %+v, %v, want it PROCESSED", got, err)
			}
		})
	}
}

func TestClaimsGoRoundTheKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"p": quick("far", 3, `,"orderingKey":"payload.key"`)})
	n := s.node(t, 0)
	var payloads []string
	for k := range 30 {
		for i := range 3 {
			payloads = append(payloads, fmt.Sprintf(`{"id":"%02d-%d","key":"%02d"}`, k, i, k))
		}
	}
	n.submit(t, "p", payloads...)
	request := records.Request{Line: records.Line{Pipeline: "p", Ordered: true}, Limit: 8, Now: time.Now()}
	var met []string
	for range 8 {
		claims, after, err := n.queue.Lease(t.Context(), request, time.Minute)
		if err != nil {
			t.Fatalf("Lease: %v", err)
		}
		for _, c := range claims {
			met = append(met, c.Record.PayloadID)
		}
		request.After = after
	}
	slices.Sort(met)
	var want []string
	for k := range 30 {
		want = append(want, fmt.Sprintf("%02d-0", k))
	}
	if !slices.Equal(met, want) {
		t.Errorf("claimed %v, want the first of each key once", met)
	}
}
