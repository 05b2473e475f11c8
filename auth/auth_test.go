package auth_test

import (
	"context"
	"testing"

	"barograph/auth"
	"barograph/internal/fault"
)

func TestScopesAreParsedAsTheyAreNamed(t *testing.T) {
	t.Parallel()
	names := auth.Scopes(auth.All).Names()
	if len(names) != 7 {
		t.Fatalf("there are %d scopes, want 7: %v", len(names), names)
	}
	var all auth.Scopes
	for _, name := range names {
		s, err := auth.ParseScope(name)
		if err != nil || s.String() != name {
			t.Errorf("ParseScope(%q) = %q, %v", name, s, err)
		}
		all |= s
	}
	if all != auth.All {
		t.Errorf("together they are %q, want all", all)
	}
	for _, name := range []string{"", "records", "Records:read", "records:read weather:read", "*"} {
		if s, err := auth.ParseScope(name); err == nil {
			t.Errorf("ParseScope(%q) = %q, want an error", name, s)
		}
	}
}

func TestEachRoleMayDoWhatItIsFor(t *testing.T) {
	t.Parallel()
	for role, want := range map[auth.Role]string{
		auth.Viewer:   "weather:read records:read",
		auth.Producer: "weather:read payloads:write",
		auth.Operator: "weather:read records:read payloads:write records:replay pipelines:write",
		auth.Admin:    "weather:read records:read payloads:write records:replay pipelines:write keys:write audit:read",
		"root":        "",
	} {
		if got := role.Scopes().String(); got != want {
			t.Errorf("%s may %q, want %q", role, got, want)
		}
		if _, err := auth.ParseRole(string(role)); (err == nil) != (want != "") {
			t.Errorf("ParseRole(%q): %v", role, err)
		}
	}
}

func TestWhoeverIsNotNamedMayDoNothing(t *testing.T) {
	t.Parallel()
	viewer := &auth.Principal{Name: "ada", Kind: auth.Key, Scopes: auth.Viewer.Scopes()}
	for name, c := range map[string]struct {
		ctx  context.Context
		one  []auth.Scopes
		want fault.Kind
	}{
		"nobody":                 {t.Context(), []auth.Scopes{auth.WeatherRead}, fault.Unauthenticated},
		"a viewer":               {auth.With(t.Context(), viewer), []auth.Scopes{auth.PayloadsWrite, auth.RecordsRead | auth.RecordsReplay}, fault.Forbidden},
		"the principal of nil":   {auth.With(t.Context(), &auth.Principal{}), []auth.Scopes{auth.WeatherRead}, fault.Unauthenticated},
		"a viewer, for a viewer": {auth.With(t.Context(), viewer), []auth.Scopes{auth.PayloadsWrite, auth.RecordsRead}, fault.Internal},
		"a developer":            {auth.With(t.Context(), auth.Anyone), []auth.Scopes{auth.All}, fault.Internal},
	} {
		err := auth.Require(c.ctx, c.one...)
		if c.want == fault.Internal {
			if err != nil {
				t.Errorf("%s is refused: %v", name, err)
			}
			continue
		}
		if fault.KindOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want.Code())
		}
	}
	err := auth.Require(auth.With(t.Context(), viewer), auth.PayloadsWrite, auth.RecordsRead|auth.RecordsReplay)
	if want := "this takes the scope payloads:write, or records:read and records:replay"; err == nil || err.Error() != want {
		t.Errorf("the refusal says %v, want %q", err, want)
	}
}
