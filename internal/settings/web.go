package settings

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// Validate returns why the settings cannot all be in force. kong asks once it
// has read them.
func (s *Settings) Validate() error {
	switch {
	case s.BodyLimit < 1:
		return errors.New("--body-limit must be at least 1")
	case s.BatchLimit < 1:
		return errors.New("--batch-limit must be at least 1")
	case s.RequirePreflight && slices.Contains(s.CORSOrigins, "*"):
		return errors.New("--cors-origins must not be * with --require-preflight: any page could act with its visitor's credentials")
	}
	for _, origin := range s.CORSOrigins {
		if u, err := url.Parse(origin); origin != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != origin) {
			return fmt.Errorf("--cors-origins: %q is no origin, as in https://app.example", origin)
		}
	}
	return nil
}
