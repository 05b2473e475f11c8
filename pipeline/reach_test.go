package pipeline_test

import (
	"slices"
	"strings"
	"testing"

	"barograph/pipeline"
)

func reach(t *testing.T, patterns ...string) pipeline.Reach {
	t.Helper()
	r, err := pipeline.ParseReach(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReachHasWhatItsPatternsSay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		patterns []string
		name     string
		want     bool
	}{
		{nil, "orders", true},
		{[]string{"*"}, "orders", true},
		{[]string{"orders", "*"}, "other", true},
		{[]string{"orders"}, "orders", true},
		{[]string{"orders"}, "orders-eu", false},
		{[]string{"orders"}, "order", false},
		{[]string{"eu-*"}, "eu-west", true},
		{[]string{"eu-*"}, "eu-", true},
		{[]string{"eu-*"}, "eu", false},
		{[]string{"eu--*"}, "eu--west", true},
		{[]string{"eu--*"}, "eu-west", false},
		{[]string{"eu-*", "orders"}, "orders", true},
		{[]string{"eu-*", "orders"}, "us-west", false},
	} {
		if got := reach(t, c.patterns...).Has(c.name); got != c.want {
			t.Errorf("%v has %q: %t, want %t", c.patterns, c.name, got, c.want)
		}
	}
}

func TestReachCoversWhatReachesNoFurther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		whole, part []string
		want        bool
	}{
		{nil, []string{"eu-*"}, true},
		{nil, nil, true},
		{[]string{"eu-*"}, nil, false},
		{[]string{"eu-*"}, []string{"*"}, false},
		{[]string{"eu-*"}, []string{"eu-west", "eu-w*"}, true},
		{[]string{"eu-*"}, []string{"eu-west", "orders"}, false},
		{[]string{"eu-west"}, []string{"eu-*"}, false},
		{[]string{"e*"}, []string{"eu-*"}, true},
	} {
		if got := reach(t, c.whole...).Covers(reach(t, c.part...)); got != c.want {
			t.Errorf("%v covers %v: %t, want %t", c.whole, c.part, got, c.want)
		}
	}
}

func TestReachTakesNothingButNamesAndPrefixes(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"", "a*b", "**", "*a", "Eu-*", "eu_*", "eu%", "-*", "--*", " ", "a b", "a" + strings.Repeat("-", 1000) + "*"} {
		if r, err := pipeline.ParseReach([]string{pattern}); err == nil {
			t.Errorf("ParseReach(%q) = %v, want an error", pattern, r.Patterns())
		}
	}
	if got := reach(t, "orders", "eu-*", "orders"); !slices.Equal(got.Like(), []string{"eu-%", "orders"}) {
		t.Errorf("Like = %v", got.Like())
	}
	if got := reach(t); got.Like() != nil || got.Patterns() != nil {
		t.Errorf("all pipelines are %v", got.Patterns())
	}
}
