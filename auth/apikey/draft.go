package apikey

import (
	"time"
	"unicode"
	"unicode/utf8"

	"barograph/auth"
	"barograph/pipeline"
)

// Why a key is not made or revoked.
const (
	Invalid  pipeline.Code = "API_KEY_INVALID"
	Exceeds  pipeline.Code = "API_KEY_EXCEEDS_CALLER" // it would allow more than whoever asks for it may do
	NotFound pipeline.Code = "API_KEY_NOT_FOUND"
)

const (
	nameLimit     = 100 // characters
	patternsLimit = 100
)

// A Draft is a key to make.
type Draft struct {
	Name      string // what it is for
	Scopes    auth.Scopes
	Reach     pipeline.Reach
	ExpiresAt *time.Time // nil for never
}

// NewDraft returns a draft made of texts, as people give them: the scopes of a
// role, if one is given, and others beside it, and patterns of pipelines, where nil
// is all of them. It may return Refusals.
func NewDraft(name string, role auth.Role, scopes, patterns []string, expires *time.Time) (Draft, error) {
	d := Draft{Name: name, Scopes: role.Scopes(), ExpiresAt: expires}
	var refusals pipeline.Refusals
	for _, name := range scopes {
		scope, err := auth.ParseScope(name)
		if err != nil {
			refusals = append(refusals, pipeline.Refuse(Invalid, "%v", err).At("input", "scopes"))
		}
		d.Scopes |= scope
	}
	reach, err := pipeline.ParseReach(patterns)
	switch {
	case err != nil:
		refusals = append(refusals, pipeline.Refuse(Invalid, "%v", err).At("input", "pipelines"))
	case patterns != nil && len(patterns) == 0:
		refusals = append(refusals, pipeline.Refuse(Invalid, "a key that reaches no pipelines is good for nothing: leave the list out for all of them").At("input", "pipelines"))
	case len(patterns) > patternsLimit:
		refusals = append(refusals, pipeline.Refuse(Invalid, "there are %d pipelines: a key takes %d at most", len(patterns), patternsLimit).At("input", "pipelines"))
	}
	d.Reach = reach
	if refusals != nil {
		return d, refusals
	}
	return d, nil
}

// check returns why the maker cannot make the key, or nil.
func (d Draft) check(maker *auth.Principal, now time.Time) error {
	var refusals pipeline.Refusals
	if !showable(d.Name) {
		refusals = append(refusals, pipeline.Refuse(Invalid, "a key's name is 1 to %d characters that can be seen", nameLimit).At("input", "name"))
	}
	if d.Scopes == 0 {
		refusals = append(refusals, pipeline.Refuse(Invalid, "a key takes a role, or scopes").At("input", "scopes"))
	}
	if d.ExpiresAt != nil && !d.ExpiresAt.After(now) {
		refusals = append(refusals, pipeline.Refuse(Invalid, "a key expires later than now").At("input", "expiresAt"))
	}
	if more := d.Scopes &^ maker.Scopes; more != 0 {
		refusals = append(refusals, pipeline.Refuse(Exceeds, "you do not have %s yourself", more).At("input", "scopes"))
	}
	if !maker.Reach.Covers(d.Reach) {
		refusals = append(refusals, pipeline.Refuse(Exceeds, "you do not reach all of these pipelines yourself").At("input", "pipelines"))
	}
	if refusals != nil {
		return refusals
	}
	return nil
}

// showable reports whether a name is one that can be listed on a terminal.
func showable(name string) bool {
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > nameLimit {
		return false
	}
	seen := false
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return false
		}
		seen = seen || r != ' '
	}
	return seen
}
