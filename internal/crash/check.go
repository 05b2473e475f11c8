package crash

import (
	"fmt"
	"maps"
	"slices"
)

// An End is how things stand once they have calmed down.
type End struct {
	Records []Record
	Feed    []Event // what one who subscribes now, from where the others began, hears
	Effects string  // the pipeline whose records have an effect by an HTTP step, "" for none
}

// Check returns what of the history cannot be true, given its end: nothing, if
// every promise was kept.
func (h *History) Check(end End) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := check{records: make(map[Key]Record, len(end.Records))}
	for _, r := range end.Records {
		if _, there := c.records[r.Key]; there {
			c.wrong("%v is there twice", r.Key)
		}
		c.records[r.Key] = r
	}
	c.finished(end.Records)
	c.acknowledged(h.answers)
	c.effects(h.calls, end.Effects)
	c.feed(end.Feed)
	for _, subscriber := range slices.Sorted(maps.Keys(h.events)) {
		c.subscriber(subscriber, h.events[subscriber], end.Feed)
	}
	return c.violations
}

// A check gathers violations.
type check struct {
	records    map[Key]Record
	violations []string
}

const violationLimit = 100 // told of: a broken promise is usually broken often

func (c *check) wrong(format string, args ...any) {
	if len(c.violations) < violationLimit {
		c.violations = append(c.violations, fmt.Sprintf(format, args...))
	}
}

// finished finds records that are stuck, or came to an end they should not have.
func (c *check) finished(all []Record) {
	for _, r := range all {
		switch {
		case r.State != Done:
			c.wrong("%v is %s, and nothing goes on", r.Key, r.State)
		case !r.Result:
			c.wrong("%v is %s without a result", r.Key, r.State)
		}
	}
}

// acknowledged finds payloads that producers were told are there, and are not or
// are others; and those that were taken in twice.
func (c *check) acknowledged(answers []Answer) {
	taken := make(map[Key]bool, len(c.records))
	for _, a := range answers {
		r, there := c.records[a.Key]
		switch {
		case !there:
			c.wrong("%v was answered %s and is not there", a.Key, a.Outcome)
		case a.Outcome == Conflict && r.Content == a.Content:
			c.wrong("%v was answered CONFLICT and is there with the same content", a.Key)
		case a.Outcome != Conflict && r.Content != a.Content:
			c.wrong("%v was answered %s with %q and is there with %q", a.Key, a.Outcome, a.Content, r.Content)
		case a.Outcome == Accepted && taken[a.Key]:
			c.wrong("%v was accepted twice", a.Key)
		}
		taken[a.Key] = taken[a.Key] || a.Outcome == Accepted
	}
}

// effects finds records that had no effect, or more than one, or that of another
// content: what tells effects apart is the idempotency key.
func (c *check) effects(calls []Call, pipeline string) {
	byCall, byRecord := map[string]Key{}, map[Key]string{}
	for _, call := range calls {
		r, there := c.records[call.Key]
		first, known := byCall[call.Idempotency]
		other, had := byRecord[call.Key]
		switch {
		case !there:
			c.wrong("%v had an effect and is not there", call.Key)
		case call.Content != r.Content:
			c.wrong("%v had the effect of %q and is there with %q", call.Key, call.Content, r.Content)
		case known && first != call.Key:
			c.wrong("%v and %v had one effect between them", first, call.Key)
		case had && other != call.Idempotency:
			c.wrong("%v had two effects, %s and %s", call.Key, other, call.Idempotency)
		}
		byCall[call.Idempotency], byRecord[call.Key] = call.Key, call.Idempotency
	}
	for key := range c.records {
		if _, had := byRecord[key]; !had && key.Pipeline == pipeline {
			c.wrong("%v had no effect", key)
		}
	}
}

// feed finds what is wrong with the feed as one hears it in the end.
func (c *check) feed(feed []Event) {
	told := make(map[Key]bool, len(feed))
	for _, e := range feed {
		r, there := c.records[e.Key]
		switch {
		case told[e.Key]:
			c.wrong("the feed tells of %v twice, though nothing goes on", e.Key)
		case !there:
			c.wrong("the feed tells of %v, which is not there", e.Key)
		case r.State != e.State:
			c.wrong("the feed tells that %v is %s, which is %s", e.Key, e.State, r.State)
		}
		told[e.Key] = true
	}
	for key := range c.records {
		if !told[key] {
			c.wrong("the feed does not tell of %v", key)
		}
	}
}

// subscriber finds what a subscriber missed, heard twice, or heard in another
// order than the feed's. What it heard last of each record is what the feed tells
// in the end, in that order; what it heard before was folded away.
func (c *check) subscriber(n int, events, feed []Event) {
	last, heard := map[Key]int{}, map[string]bool{}
	for i, e := range events {
		if before, again := last[e.Key]; again && events[before].State == Done {
			c.wrong("subscriber %d heard of %v after it was %s", n, e.Key, Done)
		}
		if heard[e.Cursor] {
			c.wrong("subscriber %d heard the event of %v at %s twice", n, e.Key, e.Cursor)
		}
		last[e.Key], heard[e.Cursor] = i, true
	}
	previous, previousKey := -1, Key{}
	for _, e := range feed {
		i, told := last[e.Key]
		switch {
		case !told:
			c.wrong("subscriber %d never heard of %v", n, e.Key)
			continue
		case events[i].State != e.State:
			c.wrong("subscriber %d heard last that %v is %s, which is %s", n, e.Key, events[i].State, e.State)
		case i < previous:
			c.wrong("subscriber %d heard of %v before %v, which the feed tells of first", n, e.Key, previousKey)
		}
		previous, previousKey = i, e.Key
	}
}
