package crash_test

import (
	"strings"
	"testing"

	"barograph/internal/crash"
)

// a story is a history with its end.
type story struct {
	history crash.History
	end     crash.End
}

var (
	a = crash.Key{Pipeline: "pure", ID: "a"}
	b = crash.Key{Pipeline: "effect", ID: "b"}
)

// happy returns a story in which every promise is kept: two records, one of them
// with an effect that was tried twice, and a subscriber who heard of a state that
// was folded away later.
func happy() *story {
	s := &story{}
	s.history.Answered(
		crash.Answer{Key: a, Content: "1", Outcome: crash.Accepted}, crash.Answer{Key: a, Content: "1", Outcome: crash.Duplicate},
		crash.Answer{Key: a, Content: "2", Outcome: crash.Conflict}, crash.Answer{Key: b, Content: "1", Outcome: crash.Duplicate})
	for range 2 {
		s.history.Called(crash.Call{Key: b, Idempotency: "k", Content: "1"})
	}
	for _, e := range []crash.Event{
		{Cursor: "1", Key: b, State: "QUEUED"}, {Cursor: "2", Key: a, State: crash.Done}, {Cursor: "3", Key: b, State: crash.Done},
	} {
		s.history.Heard(1, e)
	}
	s.end = crash.End{
		Records: []crash.Record{{Key: a, Content: "1", State: crash.Done, Result: true}, {Key: b, Content: "1", State: crash.Done, Result: true}},
		Feed:    []crash.Event{{Cursor: "2", Key: a, State: crash.Done}, {Cursor: "3", Key: b, State: crash.Done}},
		Effects: "effect",
	}
	return s
}

func TestCheckFindsNothingWhereEveryPromiseWasKept(t *testing.T) {
	t.Parallel()
	s := happy()
	if found := s.history.Check(s.end); len(found) != 0 {
		t.Errorf("found %q", found)
	}
	if got, want := s.history.Figures(), (crash.Figures{Accepted: 1, Duplicates: 2, Conflicts: 1, Calls: 2, Events: 3}); got != want {
		t.Errorf("figures %+v, want %+v", got, want)
	}
	if got := s.history.Last(1) + s.history.Last(2); got != "3" {
		t.Errorf("the last cursors are %q, want 3 and none", got)
	}
}

func TestCheckFindsEachBrokenPromise(t *testing.T) {
	t.Parallel()
	c := crash.Key{Pipeline: "pure", ID: "c"}
	for want, spoil := range map[string]func(*story){
		"{pure c} was answered ACCEPTED and is not there":                                 func(s *story) { s.history.Answered(crash.Answer{Key: c, Outcome: crash.Accepted}) },
		"{pure c} was answered CONFLICT and is not there":                                 func(s *story) { s.history.Answered(crash.Answer{Key: c, Outcome: crash.Conflict}) },
		`{pure a} was answered DUPLICATE with "2" and is there with "1"`:                  func(s *story) { s.history.Answered(crash.Answer{Key: a, Content: "2", Outcome: crash.Duplicate}) },
		`{effect b} was answered ACCEPTED with "2" and is there with "1"`:                 func(s *story) { s.history.Answered(crash.Answer{Key: b, Content: "2", Outcome: crash.Accepted}) },
		"{pure a} was answered CONFLICT and is there with the same content":               func(s *story) { s.history.Answered(crash.Answer{Key: a, Content: "1", Outcome: crash.Conflict}) },
		"{pure a} was accepted twice":                                                     func(s *story) { s.history.Answered(crash.Answer{Key: a, Content: "1", Outcome: crash.Accepted}) },
		"{pure a} is there twice":                                                         func(s *story) { s.end.Records = append(s.end.Records, s.end.Records[0]) },
		"{pure a} is RETRYING, and nothing goes on":                                       func(s *story) { s.end.Records[0].State, s.end.Feed[0].State = "RETRYING", "RETRYING" },
		"{pure a} is DEAD, and nothing goes on":                                           func(s *story) { s.end.Records[0].State, s.end.Feed[0].State = "DEAD", "DEAD" },
		"{pure a} is PROCESSED without a result":                                          func(s *story) { s.end.Records[0].Result = false },
		"{pure c} had an effect and is not there":                                         func(s *story) { s.history.Called(crash.Call{Key: c, Idempotency: "k2"}) },
		`{effect b} had the effect of "2" and is there with "1"`:                          func(s *story) { s.history.Called(crash.Call{Key: b, Idempotency: "k", Content: "2"}) },
		"{effect b} had two effects, k and k2":                                            func(s *story) { s.history.Called(crash.Call{Key: b, Idempotency: "k2", Content: "1"}) },
		"{effect b} and {pure a} had one effect between them":                             func(s *story) { s.history.Called(crash.Call{Key: a, Idempotency: "k", Content: "1"}) },
		"{pure a} had no effect":                                                          func(s *story) { s.end.Effects = "pure" },
		"the feed does not tell of {effect b}":                                            func(s *story) { s.end.Feed = s.end.Feed[:1] },
		"the feed tells of {pure a} twice, though nothing goes on":                        func(s *story) { s.end.Feed = append(s.end.Feed, s.end.Feed[0]) },
		"the feed tells of {pure c}, which is not there":                                  func(s *story) { s.end.Feed = append(s.end.Feed, crash.Event{Key: c}) },
		"the feed tells that {pure a} is QUEUED, which is PROCESSED":                      func(s *story) { s.end.Feed[0].State = "QUEUED" },
		"subscriber 2 never heard of {effect b}":                                          func(s *story) { s.history.Heard(2, s.end.Feed[0]) },
		"subscriber 1 heard the event of {pure a} at 2 twice":                             func(s *story) { s.history.Heard(1, s.end.Feed[0]) },
		"subscriber 1 heard of {pure a} after it was PROCESSED":                           func(s *story) { s.history.Heard(1, crash.Event{Cursor: "4", Key: a, State: crash.Done}) },
		"subscriber 2 heard last that {pure a} is QUEUED, which is PROCESSED":             func(s *story) { s.history.Heard(2, crash.Event{Cursor: "1", Key: a, State: "QUEUED"}) },
		"subscriber 1 heard of {pure a} before {effect b}, which the feed tells of first": func(s *story) { s.end.Feed[0], s.end.Feed[1] = s.end.Feed[1], s.end.Feed[0] },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := happy()
			spoil(s)
			if found := s.history.Check(s.end); !strings.Contains(strings.Join(found, "\n"), want) {
				t.Errorf("found %q", found)
			}
		})
	}
}

func TestCheckDoesNotGoOnForEver(t *testing.T) {
	t.Parallel()
	var h crash.History
	for range 10_000 {
		h.Answered(crash.Answer{Key: a, Outcome: crash.Accepted})
	}
	if found := h.Check(crash.End{}); len(found) != 100 {
		t.Errorf("%d violations are told, want 100", len(found))
	}
}
