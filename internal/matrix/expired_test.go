package matrix_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"barograph/auth"
	"barograph/auth/apikey"
	"barograph/internal/gatewaytest"
)

// expired returns the text of an API key that allows what a principal may do, and
// was good until a second ago.
func (s *stage) expired(t *testing.T, p *auth.Principal) string {
	t.Helper()
	key, text, err := s.Keys.Create(auth.With(t.Context(), auth.Administrator), apikey.Draft{Name: "expired " + p.Name, Scopes: p.Scopes, Reach: p.Reach})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Base.Pools.API.Exec(t.Context(), `update api_keys set expires_at = now() - interval '1 second' where id = $1`, key.ID); err != nil {
		t.Fatal(err)
	}
	return text
}

// tryExpired tries fields with a credential that was good: the door refuses it, be
// the field for everybody.
func (s *stage) tryExpired(t *testing.T, c cell, as *gatewaytest.Gateway) (decided int) {
	text, err := s.text(c, own, s.id())
	if err != nil {
		t.Error(err)
		return 0
	}
	body, _ := json.Marshal(map[string]string{"query": text})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, as.URL, strings.NewReader(string(body)))
	if err != nil {
		t.Error(err)
		return 0
	}
	req.Header = as.Header()
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer res.Body.Close() //nolint:errcheck // nothing is left to do about it
	var answer gatewaytest.Answer
	err = json.NewDecoder(res.Body).Decode(&answer)
	if res.StatusCode != http.StatusUnauthorized || err != nil || answer.Data != nil || len(answer.Errors) != 1 ||
		answer.Errors[0].Extensions.Code != "UNAUTHENTICATED" || !strings.Contains(answer.Errors[0].Message, "expired") {
		t.Errorf("%s as %q, who has expired: %s %+v, %v, want 401", c.route, c.caller.name, res.Status, answer, err)
	}
	return len(c.fields)
}
