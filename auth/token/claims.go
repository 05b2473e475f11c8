package token

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"barograph/auth"
	"barograph/pipeline"
)

const subjectLimit = 255 // characters, as OpenID Connect has it

var (
	errExpired   = errors.New("the token has expired")
	errEarly     = errors.New("the token is not good yet")
	errTimes     = errors.New("the token does not say when it expires, or says a time that is none")
	errAudience  = errors.New("the token is for another audience")
	errBound     = errors.New("the token is good for the holder of a key alone, which this server does not ask for")
	errSubject   = errors.New("the token's subject is missing, or is no name")
	errRights    = errors.New("the token's roles or scopes are not written as they should be")
	errPipelines = errors.New("the token's pipelines are not a list of names of pipelines, or beginnings of names with a * behind")
)

// principal returns whom claims are about whose signature is good.
func (v *Verifier) principal(issuer string, claims map[string]any) (*auth.Principal, error) {
	expires, err := v.lifetime(claims)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(v.config.Audiences, func(one string) bool { return isFor(claims["aud"], one) }) {
		return nil, errAudience
	}
	if _, bound := claims["cnf"]; bound { // RFC 7800: whoever stole it could use it here
		return nil, errBound
	}
	subject, _ := claims["sub"].(string)
	if !isName(subject) {
		return nil, errSubject
	}
	scopes, err := v.scopes(claims)
	if err != nil {
		return nil, err
	}
	reach, err := v.reach(claims)
	if err != nil {
		return nil, err
	}
	return &auth.Principal{Name: issuer + "|" + subject, Kind: auth.Token, Scopes: scopes, Reach: reach, Expires: expires}, nil
}

// lifetime returns until when claims are good, if they are now: when they expire,
// and as much later as clocks may differ.
func (v *Verifier) lifetime(claims map[string]any) (time.Time, error) {
	now := v.config.Now()
	expires, ok := moment(claims["exp"])
	if !ok {
		return time.Time{}, errTimes
	}
	expires = expires.Add(v.config.Leeway)
	for _, name := range []string{"nbf", "iat"} {
		claim, given := claims[name]
		if !given {
			continue
		}
		from, ok := moment(claim)
		if !ok {
			return time.Time{}, errTimes
		}
		if now.Before(from.Add(-v.config.Leeway)) {
			return time.Time{}, errEarly
		}
	}
	if !now.Before(expires) {
		return time.Time{}, errExpired
	}
	return expires, nil
}

// moment reads seconds since 1970, to the millisecond.
func moment(claim any) (time.Time, bool) {
	const lastSecond = 253402300799 // of the year 9999
	number, ok := claim.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := number.Float64()
	if err != nil || seconds < 0 || seconds > lastSecond {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(seconds * 1000)), true
}

// isFor reports whether an audience is among those of a claim.
func isFor(claim any, audience string) bool {
	all, several := claim.([]any)
	if !several {
		return claim == audience
	}
	return slices.Contains(all, any(audience))
}

// isName reports whether a subject can be shown and logged as it is.
func isName(subject string) bool {
	return subject != "" && utf8.RuneCountInString(subject) <= subjectLimit && strings.IndexFunc(subject, func(c rune) bool { return !unicode.IsPrint(c) }) < 0
}

// claimed returns the claim of a name, and whether it is given: that which has
// the whole of the name, or else, where that has dots, the one that they lead to.
func claimed(claims map[string]any, name string) (claim any, given bool) {
	if claim, given = claims[name]; given {
		return claim, true
	}
	first, rest, nested := strings.Cut(name, ".")
	if claim, given = claims[first]; !nested || !given {
		return nil, false
	}
	within, is := claim.(map[string]any)
	if !is {
		return nil, true
	}
	return claimed(within, rest)
}

// scopes returns what the roles and the scopes in claims allow together. Those
// that there are none of are somebody else's.
func (v *Verifier) scopes(claims map[string]any) (all auth.Scopes, err error) {
	claim, _ := claimed(claims, v.config.RolesClaim)
	roles, err := words(claim)
	if err != nil {
		return 0, err
	}
	for _, role := range roles {
		all |= auth.Role(role).Scopes()
	}
	for _, name := range []string{"scope", "scp"} {
		names, err := words(claims[name])
		if err != nil {
			return 0, err
		}
		for _, name := range names {
			if scope, err := auth.ParseScope(name); err == nil {
				all |= scope
			}
		}
	}
	return all, nil
}

// words reads a claim of words with spaces between, or a list of them.
func words(claim any) ([]string, error) {
	switch claim := claim.(type) {
	case nil:
		return nil, nil
	case string:
		return strings.Fields(claim), nil
	case []any:
		return list(claim, errRights)
	}
	return nil, errRights
}

// list reads a list of strings.
func list(claim []any, otherwise error) ([]string, error) {
	texts := make([]string, len(claim))
	for i, one := range claim {
		text, ok := one.(string)
		if !ok {
			return nil, otherwise
		}
		texts[i] = text
	}
	return texts, nil
}

// reach returns which pipelines claims reach: all of them where they do not say,
// and those of a list. An empty list would reach none, which nobody can mean.
func (v *Verifier) reach(claims map[string]any) (pipeline.Reach, error) {
	claim, given := claimed(claims, v.config.PipelinesClaim)
	if !given {
		return pipeline.Reach{}, nil
	}
	patterns, _ := claim.([]any)
	if len(patterns) == 0 {
		return pipeline.Reach{}, errPipelines
	}
	texts, err := list(patterns, errPipelines)
	if err != nil {
		return pipeline.Reach{}, err
	}
	reach, err := pipeline.ParseReach(texts)
	if err != nil {
		return pipeline.Reach{}, errPipelines
	}
	return reach, nil
}
