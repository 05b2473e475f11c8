package records

import (
	"context"
	"slices"

	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records/bell"
)

// errChanging means that drafts neither became records nor met one: their
// pipeline was made or activated in between. They are to be tried again.
var errChanging = fault.New(fault.Unavailable, "the pipeline is changing").After(overloadWait)

// acceptBatch makes records of the drafts in one statement. Then it finds out
// about those that did not become one. It settles every draft whose fate it
// learned, also when it fails later: those must not be tried again.
func (b *Base) acceptBatch(ctx context.Context, batch []*item) error {
	firsts := make(map[Key]*item, len(batch))
	var keys []Key
	for _, i := range batch {
		if _, taken := firsts[i.draft.Key]; !taken {
			firsts[i.draft.Key] = i
			keys = append(keys, i.draft.Key)
		}
	}

	made, err := b.insert(ctx, firsts, keys)
	b.ringFor(batch) // also after an error, which may be that the answer was lost
	if err != nil {
		return err
	}
	var rest []Key
	for _, key := range keys {
		if record := made[key]; record != nil {
			changes.Add(ctx, 1, toState[record.State])
		} else {
			rest = append(rest, key)
		}
	}
	for _, i := range batch {
		if record := made[i.draft.Key]; record != nil {
			first := firsts[i.draft.Key]
			i.settle(&standing{active: true, record: record.Record, fingerprint: first.draft.Fingerprint}, i == first)
			if i == first {
				i.accepted.Lease = record.lease
			}
		}
	}
	met, err := b.meet(ctx, rest)
	if err != nil {
		return err
	}
	for _, i := range batch {
		if i.settled {
			continue
		}
		found := met[i.draft.Key]
		if found != nil && found.active && found.record == nil && !i.miss(found) {
			err = errChanging
			continue
		}
		i.settle(found, false)
	}
	return err
}

// ringFor says that drafts may have been taken in.
func (b *Base) ringFor(batch []*item) {
	tone := bell.Changed
	if slices.ContainsFunc(batch, func(i *item) bool { return i.draft.State == Queued }) {
		tone |= bell.Due
	}
	b.Bell.Ring(tone)
}

// miss reports whether a draft that met no record has to be made anew, and
// notes why.
func (i *item) miss(met *standing) bool {
	switch {
	case met.version != i.draft.PipelineVersion:
		i.accepted.Missed = Outdated
	case i.draft.OrderingKey != nil && i.draft.State != Queued:
		i.accepted.Missed = Held // most likely, and it does no harm to believe so
	default:
		return false
	}
	return true
}

// settle decides what becomes of the draft by what it met: nil for no pipeline.
func (i *item) settle(met *standing, first bool) {
	i.settled = true
	if i.accepted.Missed == 0 {
		i.accepted = verdict(&i.draft, met, first)
	}
	i.accepted.PayloadID = i.draft.PayloadID
}

// verdict returns what becomes of a draft that met what it met.
func verdict(d *Draft, met *standing, first bool) Acceptance {
	switch {
	case met == nil:
		return Acceptance{Refusal: pipeline.Refuse(pipeline.NotFound, "there is no pipeline named %.80q", d.Pipeline).At("input", "pipeline")}
	case !met.active:
		return Acceptance{Refusal: pipeline.Refuse(pipeline.Inactive, "the pipeline %q is not active", d.Pipeline).At("input", "pipeline")}
	case met.fingerprint != d.Fingerprint:
		return Acceptance{Record: met.record, Refusal: pipeline.Refuse(pipeline.PayloadConflict,
			"the pipeline %q has a record with the id and other content", d.Pipeline).At("input", "payload", "id")}
	}
	return Acceptance{Record: met.record, Duplicate: !first}
}
