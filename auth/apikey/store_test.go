package apikey_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"barograph/auth"
	"barograph/auth/apikey"
	"barograph/pipeline"
)

// codes returns the codes and fields of refusals, as in "CODE name".
func codes(err error) string {
	var all pipeline.Refusals
	if !errors.As(err, &all) {
		var one *pipeline.Refusal
		if !errors.As(err, &one) {
			return fmt.Sprint(err)
		}
		all = pipeline.Refusals{one}
	}
	var texts []string
	for _, r := range all {
		texts = append(texts, string(r.Code)+" "+strings.Join(r.Field[1:], "."))
	}
	return strings.Join(texts, ", ")
}

// TestNobodyMakesAKeyThatAllowsMoreThanThey is the table of who may give what.
func TestNobodyMakesAKeyThatAllowsMoreThanThey(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	const beyondScopes, beyondReach = "API_KEY_EXCEEDS_CALLER scopes", "API_KEY_EXCEEDS_CALLER pipelines"
	for _, c := range []struct {
		maker     auth.Scopes
		reach     []string
		scopes    auth.Scopes
		pipelines []string
		want      string
	}{
		{maker: auth.All, scopes: auth.All},
		{maker: auth.All, scopes: auth.Viewer.Scopes(), pipelines: []string{"eu-*"}},
		{maker: auth.KeysWrite | auth.WeatherRead, scopes: auth.WeatherRead},
		{maker: auth.KeysWrite | auth.WeatherRead, scopes: auth.WeatherRead | auth.KeysWrite},
		{maker: auth.KeysWrite | auth.WeatherRead, scopes: auth.WeatherRead | auth.RecordsRead, want: beyondScopes},
		{maker: auth.KeysWrite, scopes: auth.All, want: beyondScopes},
		{maker: auth.KeysWrite, scopes: auth.AuditRead, want: beyondScopes},
		{maker: auth.All, reach: []string{"eu-*"}, scopes: auth.All, pipelines: []string{"eu-*"}},
		{maker: auth.All, reach: []string{"eu-*"}, scopes: auth.All, pipelines: []string{"eu-west", "eu-north-*"}},
		{maker: auth.All, reach: []string{"eu-*"}, scopes: auth.All, want: beyondReach}, // all of them
		{maker: auth.All, reach: []string{"eu-*"}, scopes: auth.All, pipelines: []string{"*"}, want: beyondReach},
		{maker: auth.All, reach: []string{"eu-*"}, scopes: auth.All, pipelines: []string{"e*"}, want: beyondReach},
		{maker: auth.All, reach: []string{"eu-*"}, scopes: auth.All, pipelines: []string{"eu-west", "us"}, want: beyondReach},
		{maker: auth.All, reach: []string{"orders"}, scopes: auth.All, pipelines: []string{"orders-*"}, want: beyondReach},
		{maker: auth.KeysWrite, reach: []string{"orders"}, scopes: auth.All, want: beyondScopes + ", " + beyondReach},
	} {
		draft := apikey.Draft{Name: "x", Scopes: c.scopes, Reach: reach(t, c.pipelines...)}
		k, text, err := n.Create(as(t, c.maker, c.reach...), draft)
		if c.want != "" {
			if got := codes(err); got != c.want || k != nil || text != "" {
				t.Errorf("%s in %v gives %s in %v: %v, want %s", c.maker, c.reach, c.scopes, c.pipelines, got, c.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s in %v gives %s in %v: %v", c.maker, c.reach, c.scopes, c.pipelines, err)
			continue
		}
		if p := n.principal(t, text); p.Scopes != c.scopes || !slices.Equal(p.Reach.Patterns(), draft.Reach.Patterns()) {
			t.Errorf("%s in %v became %s in %v", c.scopes, c.pipelines, p.Scopes, p.Reach.Patterns())
		}
	}
}

func TestADraftIsRefusedForAllThatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	past := time.Now().Add(-time.Second)
	for want, d := range map[string]apikey.Draft{
		"API_KEY_INVALID name": {Name: "", Scopes: auth.WeatherRead},
		"API_KEY_INVALID name, API_KEY_INVALID scopes, API_KEY_INVALID expiresAt": {Name: "a\x00", ExpiresAt: &past},
	} {
		if _, _, err := n.Create(as(t, auth.All), d); codes(err) != want {
			t.Errorf("%+v: %v, want %s", d, codes(err), want)
		}
	}
	for _, name := range []string{" ", "a\tb", "a\nb", "a\x1b[31m", "\xff", strings.Repeat("é", 101), "a\u202eb"} {
		if _, _, err := n.Create(as(t, auth.All), apikey.Draft{Name: name, Scopes: auth.WeatherRead}); codes(err) != "API_KEY_INVALID name" {
			t.Errorf("the name %q: %v", name, err)
		}
	}
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("p%d", i)
	}
	for want, patterns := range map[string][]string{
		"API_KEY_INVALID pipelines": {"Not One"}, "API_KEY_INVALID pipelines ": {}, "API_KEY_INVALID pipelines  ": many, "<nil>": nil,
	} {
		if _, err := apikey.NewDraft("x", auth.Viewer, nil, patterns, nil); codes(err) != strings.TrimRight(want, " ") {
			t.Errorf("pipelines %.40v: %v, want %s", patterns, codes(err), want)
		}
	}
	if _, err := apikey.NewDraft("x", "", []string{"records:own", "weather:read"}, []string{"A"}, nil); codes(err) != "API_KEY_INVALID scopes, API_KEY_INVALID pipelines" {
		t.Errorf("a draft of texts: %v", codes(err))
	}
	if d, err := apikey.NewDraft("x", auth.Viewer, []string{"payloads:write"}, nil, nil); err != nil || d.Scopes != auth.Viewer.Scopes()|auth.PayloadsWrite {
		t.Errorf("a role and a scope are %s, %v", d.Scopes, err)
	}
}

// TestWhoIsNarrowedSeesAndRevokesWhatTheyCover holds SQL to what a reach says of
// itself, for all pairs of some.
func TestWhoIsNarrowedSeesAndRevokesWhatTheyCover(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	reaches := [][]string{nil, {"a*"}, {"ab"}, {"ab*"}, {"ab-*"}, {"ab-c"}, {"ab", "b*"}, {"b"}, {"ab", "ab-c", "b"}, {"a-b", "ab-cd*"}}
	keys := make([]*apikey.Key, len(reaches))
	for i, patterns := range reaches {
		keys[i], _ = n.create(t, apikey.Draft{Reach: reach(t, patterns...)})
	}
	for _, patterns := range reaches {
		who := reach(t, patterns...)
		var want []string
		for _, k := range keys {
			if who.Covers(k.Reach) {
				want = append([]string{k.ID}, want...)
			}
		}
		all := make([]string, len(keys))
		for i, k := range keys {
			all[i] = k.ID
		}
		page, err := n.Page(t.Context(), apikey.Filter{Reach: who}, apikey.Range{Limit: 100})
		if err != nil || !slices.Equal(ids(page), want) {
			t.Errorf("%v sees %v, %v, want %v", patterns, ids(page), err, want)
		}
		if count, err := n.Count(t.Context(), apikey.Filter{Reach: who}); err != nil || count != len(want) {
			t.Errorf("%v counts %d, %v, want %d", patterns, count, err, len(want))
		}
		found, err := n.Find(t.Context(), who, all)
		slices.Sort(want)
		if got := ids(found); err != nil || !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			t.Errorf("%v finds %v, %v, want %v", patterns, got, err, want)
		}
	}
	for i := len(reaches) - 1; i >= 0; i-- {
		who := as(t, auth.All, reaches[i]...)
		for _, k := range keys {
			_, err := n.Revoke(who, k.ID)
			if covers := reach(t, reaches[i]...).Covers(k.Reach); (err == nil) != covers || !covers && codes(err) != "API_KEY_NOT_FOUND id" {
				t.Errorf("%v revokes a key of %v: %v", reaches[i], k.Pipelines(), err)
			}
		}
	}
}

func ids(keys []*apikey.Key) []string {
	all := []string{}
	for _, k := range keys {
		all = append(all, k.ID)
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func TestARevocationStandsAsItWasMadeFirst(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	k, _ := n.create(t, apikey.Draft{})
	first, err := n.Revoke(as(t, auth.All), k.ID)
	if err != nil || first.RevokedAt == nil || *first.RevokedBy != "ada" {
		t.Fatalf("Revoke = %+v, %v", first, err)
	}
	again, err := n.Revoke(auth.With(t.Context(), auth.Administrator), k.ID)
	if err != nil || !again.RevokedAt.Equal(*first.RevokedAt) || *again.RevokedBy != "ada" {
		t.Errorf("Revoke again = %+v, %v", again, err)
	}
	for _, id := range []string{"", "aaaaaaaaaa", "a\x00", k.Prefix()} {
		if _, err := n.Revoke(as(t, auth.All), id); codes(err) != "API_KEY_NOT_FOUND id" {
			t.Errorf("Revoke(%q): %v", id, err)
		}
	}
}

// TestWhatIsMadeListedAndRevokedAgrees makes, expires and revokes keys at random,
// and compares what is listed and let in with what that should come to.
func TestWhatIsMadeListedAndRevokedAgrees(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	type one struct {
		id, text string
		good     bool
		expires  *time.Time
	}
	var all []*one // the newest first
	good := func(o *one) bool { return o.good && (o.expires == nil || n.now().Before(*o.expires)) }
	for step := range 120 {
		switch at := random.IntN(10); {
		case at < 5 || len(all) == 0:
			d := apikey.Draft{Name: fmt.Sprint(step)}
			if random.IntN(3) == 0 {
				expires := n.now().Add(time.Duration(1+random.IntN(100)) * time.Minute)
				d.ExpiresAt = &expires
			}
			k, text := n.create(t, d)
			all = slices.Insert(all, 0, &one{k.ID, text, true, d.ExpiresAt})
		case at < 7:
			o := all[random.IntN(len(all))]
			n.revoke(t, o.id)
			o.good = false
		case at < 8:
			n.advance(time.Duration(random.IntN(20)) * time.Minute)
			n.KeepUp(t.Context(), n.now())
		default:
			o := all[random.IntN(len(all))]
			p, err := n.Principal(t.Context(), o.text)
			if (err == nil) != good(o) || err == nil && p.Name != "key:"+o.id {
				t.Fatalf("step %d: Principal of %+v = %+v, %v", step, o, p, err)
			}
		}
	}
	for _, active := range []*bool{nil, new(true), new(false)} {
		var want, got []string
		for _, o := range all {
			if active == nil || *active == good(o) {
				want = append(want, o.id)
			}
		}
		filter, stretch := apikey.Filter{Active: active, Now: n.now()}, apikey.Range{Limit: 1 + random.IntN(9)}
		for {
			page, err := n.Page(t.Context(), filter, stretch)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, ids(page)...)
			stretch.After = new(page[len(page)-1].Cursor())
		}
		if !slices.Equal(got, want) {
			t.Errorf("listed are %v, want %v", got, want)
		}
		var back []string
		for stretch = (apikey.Range{Limit: 7, FromEnd: true}); ; {
			page, err := n.Page(t.Context(), filter, stretch)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			back = append(back, ids(page)...)
			stretch.Before = new(page[len(page)-1].Cursor())
		}
		slices.Reverse(back)
		if !slices.Equal(back, want) {
			t.Errorf("listed from the end are %v, want %v", back, want)
		}
		if count, err := n.Count(t.Context(), filter); err != nil || count != len(want) {
			t.Errorf("Count = %d, %v, want %d", count, err, len(want))
		}
	}
}

func TestWhatAnotherVersionWroteAllowsNothingThatThisOneCannotRead(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	k, text := n.create(t, apikey.Draft{Scopes: auth.WeatherRead | auth.KeysWrite})
	if _, err := n.pools.API.Exec(t.Context(), `update api_keys set scopes = '{weather:read,moon:walk}'`); err != nil {
		t.Fatal(err)
	}
	if p := n.principal(t, text); p.Scopes != auth.WeatherRead {
		t.Errorf("scopes = %s, want what is known of them", p.Scopes)
	}
	other, another := n.create(t, apikey.Draft{Reach: reach(t, "orders")})
	if _, err := n.pools.API.Exec(t.Context(), `update api_keys set pipelines = '{orders,/eu-.*/}' where id = $1`, other.ID); err != nil {
		t.Fatal(err)
	}
	if p := n.principal(t, another); p.Scopes != 0 {
		t.Errorf("scopes = %s, want none in pipelines that cannot be read", p.Scopes)
	}
	for _, wrong := range []string{`pipelines = '{}'`, `scopes = '{}'`, `hash = 'x'`, `revoked_at = now()`} {
		if _, err := n.pools.API.Exec(t.Context(), `update api_keys set `+wrong+` where id = $1`, k.ID); err == nil {
			t.Errorf("the database takes %s", wrong)
		}
	}
}

// Counting reads them all: it takes no connection from those who wait for an answer.
func TestCountLeavesTheConnectionsOfRequestsAlone(t *testing.T) {
	t.Parallel()
	n := join(t, database(t))
	n.create(t, apikey.Draft{Name: "one"})
	n.pools.API.Close()
	if count, err := n.Count(t.Context(), apikey.Filter{Now: n.now()}); err != nil || count != 1 {
		t.Errorf("Count without them = %d, %v, want 1", count, err)
	}
}
