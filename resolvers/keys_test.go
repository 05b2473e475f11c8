package resolvers_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"barograph/auth"
	"barograph/internal/gatewaytest"
	"barograph/pipeline"
)

// somebody returns a principal with scopes who reaches pipelines.
func somebody(t *testing.T, name string, scopes auth.Scopes, patterns ...string) *auth.Principal {
	t.Helper()
	reach, err := pipeline.ParseReach(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return &auth.Principal{Name: name, Kind: auth.Token, Scopes: scopes, Reach: reach}
}

type madeKey struct {
	APIKey *struct {
		ID, Prefix, CreatedBy string
		Scopes, Pipelines     []string
		ExpiresAt             *time.Time
		RevokedAt             *time.Time
		RevokedBy             *string
	}
	Secret   *string
	Problems problems
}

const keyCreation = `mutation ($input: CreateApiKeyInput!) {
	createApiKey(input: $input) { apiKey { id prefix createdBy scopes pipelines expiresAt revokedAt revokedBy } secret problems { code message field } }
}`

func createKey(t *testing.T, g *gatewaytest.Gateway, input map[string]any) madeKey {
	t.Helper()
	var made struct{ CreateAPIKey madeKey }
	g.Data(t, keyCreation, gatewaytest.Variables{"input": input}, &made)
	return made.CreateAPIKey
}

func TestAKeyIsMadeShownOnceListedAndRevoked(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	admin := g.As(somebody(t, "ada", auth.All))
	made := createKey(t, admin, map[string]any{
		"name": "nightly import", "role": "PRODUCER", "scopes": []string{"records:read"}, "pipelines": []string{"orders", "eu-*"}, "expiresAt": "2100-01-01T00:00:00Z",
	})
	k := made.APIKey
	if k == nil || made.Secret == nil || len(made.Problems) != 0 || !strings.HasPrefix(*made.Secret, k.Prefix+"_") {
		t.Fatalf("createApiKey = %+v", made)
	}
	if !slices.Equal(k.Scopes, []string{"weather:read", "records:read", "payloads:write"}) || !slices.Equal(k.Pipelines, []string{"eu-*", "orders"}) || k.CreatedBy != "ada" {
		t.Errorf("the key is %+v", k)
	}
	p, err := g.Keys.Principal(t.Context(), *made.Secret)
	if err != nil || p.Scopes.String() != "weather:read records:read payloads:write" {
		t.Errorf("who sends it is %+v, %v", p, err)
	}

	var found struct {
		Node    *struct{ ID, Name string }
		APIKeys struct {
			TotalCount int
			Nodes      []struct{ ID, Name string }
		}
		None *struct{ ID string }
	}
	const finding = `query ($id: ID!, $active: Boolean) {
		node(id: $id) { id ... on ApiKey { name } }
		none: node(id: "ApiKey:aaaaaaaaaa") { id }
		apiKeys(filter: {active: $active}) { totalCount nodes { id name } }
	}`
	admin.Data(t, finding, gatewaytest.Variables{"id": k.ID, "active": true}, &found)
	if found.Node == nil || found.Node.Name != "nightly import" || found.None != nil || found.APIKeys.TotalCount != 1 || found.APIKeys.Nodes[0].ID != k.ID {
		t.Errorf("found %+v", found)
	}

	var revoked struct{ RevokeAPIKey madeKey }
	const revocation = `mutation ($id: ID!) { revokeApiKey(input: {id: $id}) { apiKey { id revokedAt revokedBy } problems { code field } } }`
	for range 2 {
		admin.Data(t, revocation, gatewaytest.Variables{"id": k.ID}, &revoked)
		if r := revoked.RevokeAPIKey; r.APIKey == nil || r.APIKey.RevokedAt == nil || *r.APIKey.RevokedBy != "ada" || len(r.Problems) != 0 {
			t.Errorf("revokeApiKey = %+v", r)
		}
	}
	select {
	case <-p.Revoked:
	default:
		t.Error("who sent it is not told")
	}
	if _, err := g.Keys.Principal(t.Context(), *made.Secret); err == nil {
		t.Error("a revoked key is let in")
	}
	admin.Data(t, finding, gatewaytest.Variables{"id": k.ID, "active": true}, &found)
	if found.APIKeys.TotalCount != 0 || found.Node == nil {
		t.Errorf("after its revocation, found %+v", found)
	}
	if strings.Contains(g.Logs.String(), (*made.Secret)[len(k.Prefix):]) {
		t.Error("the secret is in the log")
	}
}

func TestNobodyGivesMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	input := func(more map[string]any) map[string]any {
		more["name"] = "x"
		return more
	}
	narrow := g.As(somebody(t, "ben", auth.Operator.Scopes()|auth.KeysWrite, "eu-*"))
	for want, more := range map[string]map[string]any{
		"API_KEY_EXCEEDS_CALLER input.scopes":    {"role": "ADMIN", "pipelines": []string{"eu-west"}},
		"API_KEY_EXCEEDS_CALLER input.pipelines": {"role": "VIEWER"},
		"API_KEY_INVALID input.pipelines":        {"role": "VIEWER", "pipelines": []string{}},
		"API_KEY_INVALID input.scopes":           {"pipelines": []string{"eu-west"}},
		"API_KEY_INVALID input.expiresAt":        {"role": "VIEWER", "pipelines": []string{"eu-west"}, "expiresAt": "2001-01-01T00:00:00Z"},
	} {
		made := createKey(t, narrow, input(more))
		if made.APIKey != nil || made.Secret != nil || len(made.Problems) != 1 || made.Problems[0].Code+" "+strings.Join(made.Problems[0].Field, ".") != want {
			t.Errorf("%v: %+v, want %s", more, made, want)
		}
	}
	for _, scopes := range []auth.Scopes{auth.All &^ auth.KeysWrite, auth.Operator.Scopes(), auth.AuditRead} {
		without := g.As(somebody(t, "eve", scopes))
		for _, query := range []string{
			`mutation { createApiKey(input: {name: "x", role: VIEWER}) { secret } }`,
			`mutation { revokeApiKey(input: {id: "ApiKey:aaaaaaaaaa"}) { problems { code } } }`,
			`{ apiKeys { totalCount } }`, `{ node(id: "ApiKey:aaaaaaaaaa") { id } }`,
		} {
			if got := without.Error(t, query, nil); got.Extensions.Code != "FORBIDDEN" {
				t.Errorf("%s with %s: %+v, want FORBIDDEN", query, scopes, got)
			}
		}
	}
}

func TestWhoIsNarrowedFindsTheKeysTheyCoverAlone(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	inside := createKey(t, g, map[string]any{"name": "inside", "role": "VIEWER", "pipelines": []string{"eu-west"}})
	outside := createKey(t, g, map[string]any{"name": "outside", "role": "VIEWER", "pipelines": []string{"eu-west", "us"}})
	all := createKey(t, g, map[string]any{"name": "all", "role": "VIEWER"})
	narrow := g.As(somebody(t, "ben", auth.KeysWrite, "eu-*"))
	var found struct {
		APIKeys struct {
			TotalCount int
			Nodes      []struct{ Name string }
		}
		Nodes []*struct{ ID string }
	}
	narrow.Data(t, `query ($ids: [ID!]!) { apiKeys { totalCount nodes { name } } nodes(ids: $ids) { id } }`,
		gatewaytest.Variables{"ids": []string{inside.APIKey.ID, outside.APIKey.ID, all.APIKey.ID}}, &found)
	if found.APIKeys.TotalCount != 1 || len(found.APIKeys.Nodes) != 1 || found.Nodes[0] == nil || found.Nodes[1] != nil || found.Nodes[2] != nil {
		t.Errorf("found %+v", found)
	}
	var revoked struct{ RevokeAPIKey madeKey }
	for _, k := range []madeKey{outside, all} {
		narrow.Data(t, `mutation ($id: ID!) { revokeApiKey(input: {id: $id}) { apiKey { id } problems { code } } }`, gatewaytest.Variables{"id": k.APIKey.ID}, &revoked)
		if r := revoked.RevokeAPIKey; r.APIKey != nil || len(r.Problems) != 1 || r.Problems[0].Code != "API_KEY_NOT_FOUND" {
			t.Errorf("revokeApiKey = %+v", r)
		}
		if _, err := g.Keys.Principal(t.Context(), *k.Secret); err != nil {
			t.Errorf("it is no longer good: %v", err)
		}
	}
}

func TestCallersAreToldWhoTheyAre(t *testing.T) {
	t.Parallel()
	g := gatewaytest.New(t)
	const query = `{ me { name kind scopes pipelines expiresAt } }`
	p := somebody(t, "key:abc", auth.Viewer.Scopes(), "orders")
	p.Kind, p.Expires = auth.Key, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for want, who := range map[string]*gatewaytest.Gateway{
		`{"me":{"name":"developer","kind":"DEVELOPER","scopes":["weather:read","records:read","payloads:write","records:replay","pipelines:write","keys:write","audit:read"],"pipelines":null,"expiresAt":null}}`: g,
		`{"me":{"name":"key:abc","kind":"KEY","scopes":["weather:read","records:read"],"pipelines":["orders"],"expiresAt":"2100-01-01T00:00:00Z"}}`:                                                               g.As(p),
	} {
		if got := who.Ask(t, query, nil); string(got.Data) != want {
			t.Errorf("me is %s, want %s", got.Data, want)
		}
	}
	if got := g.As(&auth.Principal{}).Error(t, query, nil); got.Extensions.Code != "UNAUTHENTICATED" {
		t.Errorf("nobody is told %+v", got)
	}
}
