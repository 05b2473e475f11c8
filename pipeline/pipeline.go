// Package pipeline says what a payload must be, what processing makes of it and
// which pipelines there are to take it in: their definitions, versions and steps.
// Processing touches no SQL, and the network only in the steps whose kinds say
// so; keeping what was processed is left to package records.
package pipeline

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Default is the name of the pipeline that every database has.
const Default = "default"

// A Pipeline takes in payloads while it is active.
type Pipeline struct {
	Name        string
	Description *string
	Active      bool
	Version     int             // of its rules, from 1
	Definition  json.RawMessage // of that version, as it was given
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

const idPrefix = "Pipeline:"

// ID returns the pipeline's global id. It never changes.
func (p *Pipeline) ID() string { return idPrefix + p.Name }

// ParseID returns the name in a global id, and whether it is a pipeline's.
func ParseID(id string) (name string, ok bool) {
	name, is := strings.CutPrefix(id, idPrefix)
	return name, is && ValidName(name)
}

const (
	nameLimit        = 64
	descriptionLimit = 1000
)

var namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]*[a-z0-9])?$`)

// ValidName reports whether a pipeline may have the name. Names are safe to
// show, to log and to put in a URL.
func ValidName(name string) bool { return len(name) <= nameLimit && namePattern.MatchString(name) }

// validate returns why a pipeline cannot be made as asked, or nil.
func validate(name string, description *string) *Refusal {
	if !ValidName(name) {
		return Refuse(NameInvalid, "a pipeline's name is 1 to %d lower-case letters, digits and hyphens, starts with a letter and does not end with a hyphen", nameLimit).
			At("input", "name")
	}
	if description != nil && (utf8.RuneCountInString(*description) > descriptionLimit || !storable(*description)) {
		return Refuse(DescriptionInvalid, "a pipeline's description is at most %d characters and has no U+0000", descriptionLimit).
			At("input", "description")
	}
	return nil
}
