package auth

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// Scopes are a set of things to be allowed.
type Scopes uint16

// The scopes.
const (
	WeatherRead    Scopes = 1 << iota // cities and their weather
	RecordsRead                       // records with their content, counts of them, and pipelines
	PayloadsWrite                     // to send payloads
	RecordsReplay                     // to have records processed again
	PipelinesWrite                    // to make, change and try pipelines
	KeysWrite                         // to make, see and revoke API keys
	AuditRead                         // who changed what

	All = 1<<iota - 1
)

var scopeNames = []string{"weather:read", "records:read", "payloads:write", "records:replay", "pipelines:write", "keys:write", "audit:read"}

// Has reports whether all of the others are among them.
func (s Scopes) Has(others Scopes) bool { return s&others == others }

// Names returns the names of the scopes.
func (s Scopes) Names() []string {
	names := make([]string, 0, bits.OnesCount16(uint16(s)))
	for i, name := range scopeNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String returns the names of the scopes, as OAuth lists them.
func (s Scopes) String() string { return strings.Join(s.Names(), " ") }

// ParseScope returns the scope of a name.
func ParseScope(name string) (Scopes, error) {
	i := slices.Index(scopeNames, name)
	if i < 0 {
		return 0, fmt.Errorf("%.80q is no scope: there are %s", name, strings.Join(scopeNames, ", "))
	}
	return 1 << i, nil
}

// A Role is a name for the scopes that a sort of user needs.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"   // looks at weather and records
	Producer Role = "producer" // sends payloads, and cannot read what others sent
	Operator Role = "operator" // keeps pipelines running
	Admin    Role = "admin"    // everything
)

// Roles are all of them.
var Roles = []Role{Viewer, Producer, Operator, Admin}

// Scopes returns what the role may do: nothing, if it is none.
func (r Role) Scopes() Scopes {
	switch r {
	case Viewer:
		return WeatherRead | RecordsRead
	case Producer:
		return WeatherRead | PayloadsWrite
	case Operator:
		return WeatherRead | RecordsRead | PayloadsWrite | RecordsReplay | PipelinesWrite
	case Admin:
		return All
	}
	return 0
}

// ParseRole returns the role of a name.
func ParseRole(name string) (Role, error) {
	if r := Role(name); slices.Contains(Roles, r) {
		return r, nil
	}
	return "", fmt.Errorf("%.80q is no role: there are viewer, producer, operator and admin", name)
}

// listed lists alternatives for people.
func listed(alternatives []Scopes) string {
	texts := make([]string, len(alternatives))
	for i, s := range alternatives {
		texts[i] = strings.Join(s.Names(), " and ")
	}
	return strings.Join(texts, ", or ")
}
