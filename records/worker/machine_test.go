package worker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

// Whatever several nodes do at a time, the database sees no other transitions of
// a record's state than the schema tells of.
func TestRecordsChangeStateOnlyAsTheSchemaSays(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]string{"near": quick("near", 3, ""), "far": quick("far", 3, ""), "key": quick("far", 3, `,"orderingKey":"payload.key"`)})
	steps := func(_ context.Context, jobs []*pipeline.Job) {
		for _, j := range jobs {
			switch rand.IntN(4) {
			case 0:
				j.Fail("for once")
			case 1:
				j.Skip()
			}
		}
	}
	s.near, s.far = steps, steps
	nodes := []*node{s.node(t, 1, brief), s.node(t, 1, brief), s.node(t, 1, brief)}
	n := nodes[0]
	n.exec(t, `create table transitions (pipeline text, came text, went text, leased boolean)`)
	n.exec(t, `create function note() returns trigger language plpgsql as $$ begin
		insert into transitions values (new.pipeline, case when tg_op = 'UPDATE' then old.state end, new.state, new.lease is not null);
		return null;
	end $$`)
	n.exec(t, `create trigger note after insert or update of state on records for each row execute function note()`)

	var all sync.WaitGroup
	for i, name := range []string{"near", "far", "key"} {
		for k := range 40 {
			text := fmt.Sprintf(`{"id":"%d","key":"%d"}`, k, k%5)
			if k%2 == 0 {
				nodes[(i+k)%3].submit(t, name, text)
				continue
			}
			all.Go(func() {
				if _, err := nodes[(i+k)%3].intake.Process(t.Context(), pipeline.Reach{}, name, json.RawMessage(text)); err != nil {
					t.Errorf("Process: %v", err)
				}
			})
		}
	}
	all.Go(func() {
		for range 15 {
			if _, err := nodes[1].queue.Replay(t.Context(), pipeline.Reach{}, records.Filter{Pipelines: []string{"far"}}, time.Now(), false); err != nil && !fault.KindOf(err).Retryable() {
				t.Errorf("Replay: %v", err)
			}
			n.exec(t, `select pg_terminate_backend(pid) from pg_stat_activity
				where datname = current_database() and application_name = 'barograph workers' and state <> 'active'`)
		}
	})
	all.Wait()
	eventually(t, "all are finished", func() bool {
		return n.count(t, `select count(*) from records where state not in ('PROCESSED', 'SKIPPED', 'DEAD')`) == 0
	})
	allowed := map[string]bool{
		// Taken in: for the workers, to be processed by its sender, or processed already.
		"-QUEUED": true, "-PROCESSING": true, "-PROCESSED": true, "-SKIPPED": true, "-RETRYING": true, "-DEAD": true,
		"QUEUED-PROCESSING": true, "RETRYING-PROCESSING": true,
		"PROCESSING-PROCESSED": true, "PROCESSING-SKIPPED": true, "PROCESSING-RETRYING": true, "PROCESSING-DEAD": true,
		"DEAD-QUEUED": true, "SKIPPED-QUEUED": true,
	}
	// Processed within one transaction, nobody sees it PROCESSING.
	within := map[string]bool{}
	for _, from := range []string{"QUEUED", "RETRYING"} {
		for _, to := range []string{"PROCESSED", "SKIPPED", "RETRYING", "DEAD"} {
			within[from+"-"+to] = true
		}
	}
	rows, err := n.pools.Analytics.Query(t.Context(), `select pipeline, coalesce(came, '') || '-' || went, count(*) from transitions group by 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	var (
		name, step string
		times      int
	)
	_, err = pgx.ForEachRow(rows, []any{&name, &step, &times}, func() error {
		if !allowed[step] && (name != "near" || !within[step]) {
			t.Errorf("%s: %s, %d times", name, step, times)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n.count(t, `select count(*) from transitions where came in ('DEAD', 'SKIPPED')`) == 0 {
		t.Error("nothing was replayed")
	}
	if wrong := n.count(t, `select count(*) from records r where forgiven > attempts or (state = 'PROCESSED') <> (result is not null)
		or (select count(*) from record_attempts a where (a.pipeline, a.payload_id) = (r.pipeline, r.payload_id)) > attempts`); wrong != 0 {
		t.Errorf("%d records contradict themselves", wrong)
	}
}
