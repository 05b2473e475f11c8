package token_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"barograph/auth"
	"barograph/auth/token"
	"barograph/internal/fault"
)

// A141.
func TestTokensWithUnknownKeysBringAboutOneFetchAMinute(t *testing.T) {
	t.Parallel()
	on(t, jwks(public("first", jose.RS256, rsaKey())), func(s *stage) {
		s.accepts("a good one", s.token(nil))
		flood := func() {
			for n := range 1000 {
				s.refuses("an unknown key", encode(fmt.Sprintf(`{"alg":"RS256","kid":"%d"}`, n))+"."+encode(claims(nil))+"."+encode("x"))
			}
		}
		for minute := range 4 {
			flood()
			if got, want := s.issuer.calls(), minute+2; got != want {
				s.Errorf("in minute %d the issuer has been asked %d times, want %d", minute, got, want)
			}
			<-time.After(time.Minute)
		}
	})
}

func TestANewKeyIsGoodAtOnce(t *testing.T) {
	t.Parallel()
	on(t, jwks(public("first", jose.RS256, rsaKey())), func(s *stage) {
		s.accepts("one by the first key", s.token(nil))
		s.issuer.answers(http.StatusOK, jwks(public("first", jose.RS256, rsaKey()), public("second", jose.RS256, otherRSA())))
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				s.accepts("one by the second", sign(s, jose.RS256, otherRSA(), claims(map[string]any{"n": n}), map[string]any{"kid": "second"}))
			})
		}
		all.Wait()
		if n := s.issuer.calls(); n != 2 {
			s.Errorf("the issuer was asked %d times, want twice", n)
		}
		s.issuer.answers(http.StatusOK, jwks(public("second", jose.RS256, otherRSA())))
		<-time.After(6 * time.Minute)
		s.refuses("one by the key that is withdrawn", s.token(nil))
	})
}

func TestWhatWasOpenedEndsWithTheKeyOfItsToken(t *testing.T) {
	t.Parallel()
	first, second := public("first", jose.RS256, rsaKey()), public("second", jose.RS256, otherRSA())
	on(t, jwks(first, second, first), func(s *stage) {
		open := func(text string) context.Context {
			session, end := auth.Session(auth.With(s.Context(), s.accepts("a good one", text)))
			s.Cleanup(end)
			return session
		}
		ends := open(s.token(map[string]any{"exp": 253402300799}))
		stays := open(sign(s, jose.RS256, otherRSA(), claims(nil), map[string]any{"kid": "second"}))
		<-time.After(6 * time.Minute)
		if ends.Err() != nil {
			s.Errorf("it ended while its key was there: %v", context.Cause(ends))
		}
		s.issuer.answers(http.StatusOK, jwks(second))
		<-time.After(4*time.Minute - time.Second)
		remembered := s.token(nil)
		s.accepts("one that is remembered from now on", remembered)
		<-time.After(2 * time.Second) // in which the keys are fetched
		s.refuses("one that was remembered, by a key that is withdrawn", remembered)
		if fault.KindOf(context.Cause(ends)) != fault.Unauthenticated {
			s.Errorf("a key was withdrawn, and what its token opened has ended by %v", context.Cause(ends))
		}
		if stays.Err() != nil {
			s.Errorf("what the other key's token opened ended: %v", context.Cause(stays))
		}
	})
}

// The fetch under way may have begun before the issuer had the key.
func TestANewKeyIsLookedForAgainWhileKeysAreFetched(t *testing.T) {
	t.Parallel()
	on(t, jwks(public("first", jose.RS256, rsaKey())), func(s *stage) {
		s.accepts("one by the first key", s.token(nil))
		both := jwks(public("first", jose.RS256, rsaKey()), public("second", jose.RS256, otherRSA()))
		calls := 0
		s.issuer.does(func(*http.Request) (int, string) {
			if calls++; calls == 1 {
				<-time.After(time.Second)
				return http.StatusOK, jwks(public("first", jose.RS256, rsaKey()))
			}
			return http.StatusOK, both
		})
		<-time.After(5*time.Minute + 100*time.Millisecond) // by now, keys are being fetched
		s.accepts("one by the second", sign(s, jose.RS256, otherRSA(), claims(nil), map[string]any{"kid": "second"}))
	})
}

// A135: what is left aside of a set is no key, whatever tokens say. A token that names
// none is good where there is a single one.
func TestSymmetricKeysInASetAreNone(t *testing.T) {
	t.Parallel()
	oct := jose.JSONWebKey{KeyID: "oct", Algorithm: "HS256", Use: "sig", Key: []byte("hunter2hunter2hunter2hunter2hunter2")}
	unnamed := func(s *stage) string { return sign(s, jose.RS256, rsaKey(), claims(nil), nil) }
	on(t, jwks(oct, public("first", jose.RS256, rsaKey())), func(s *stage) {
		s.accepts("one by the only key", unnamed(s))
	})
	on(t, jwks(public("second", jose.RS256, otherRSA()), public("first", jose.RS256, rsaKey())), func(s *stage) {
		s.refuses("one by one of two keys", unnamed(s))
	})
}

// A135: nor is a key looked for that verifies by a symmetric method.
func TestNoKeyIsLookedForBySymmetricMethods(t *testing.T) {
	t.Parallel()
	on(t, jwks(public("first", jose.RS256, rsaKey())), func(s *stage) {
		s.accepts("a good one", s.token(nil))
		for _, method := range []string{"HS256", "HS384", "HS512", "none"} {
			s.refuses(method, encode(`{"alg":"`+method+`","kid":"new"}`)+"."+encode(claims(nil))+"."+encode("x"))
			if n := s.issuer.calls(); n != 1 {
				s.Fatalf("for %s the issuer was asked again", method)
			}
		}
	})
}

// A146.
func TestKeysStayWhileTheIssuerFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"is away":         {0, ""},
		"fails":           {500, "hunter2"},
		"answers HTML":    {200, "<html>hunter2</html>"},
		"has no keys":     {200, `{"keys":[]}`},
		"has none at all": {200, `{}`},
		"has null":        {200, `null`},
		"has symmetric":   {200, jwks(jose.JSONWebKey{KeyID: "first", Algorithm: "HS256", Key: []byte("hunter2")})},
		"has small keys":  {200, `{"keys":[{"kty":"RSA","kid":"first","n":"AQAB","e":"AQAB"}]}`},
		"says keys twice": {200, `{"keys":[],` + jwks(public("first", jose.RS256, rsaKey()))[1:]},
		"answers 10 MB":   {200, jwks(public("first", jose.RS256, rsaKey())) + strings.Repeat(" ", 10<<20)},
		"has huge keys":   {200, `{"keys":[{"kty":"RSA","kid":"first","n":"` + strings.Repeat("_", 1368) + `","e":"AQAB"}]}`},
		"has 101 keys":    {200, `{"keys":[` + strings.Repeat(`{},`, 100) + jwks(public("first", jose.RS256, rsaKey()))[len(`{"keys":[`):]},
		"sends elsewhere": {302, "https://evil.example/keys"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on(t, jwks(public("first", jose.RS256, rsaKey())), func(s *stage) {
				s.accepts("before", s.token(nil))
				calls := 0
				s.issuer.does(func(*http.Request) (int, string) {
					if calls++; calls < 10 {
						return c.status, c.body
					}
					return http.StatusInternalServerError, "" // for a day, that is quicker
				})
				<-time.After(time.Minute)
				s.accepts("for a while", s.token(nil))
				<-time.After(23 * time.Hour)
				s.accepts("for a day", s.token(nil))
				<-time.After(2 * time.Hour)
				if _, err := s.verifier.Principal(s.Context(), s.token(nil)); fault.KindOf(err) != fault.Unavailable {
					s.Errorf("after a day: %v, want UNAVAILABLE", err)
				}
				if !strings.Contains(s.log.String(), "level=WARN") || strings.Contains(s.log.String(), "hunter2") {
					s.Errorf("it logged %.500s", s.log)
				}
				s.issuer.answers(http.StatusOK, jwks(public("first", jose.RS256, rsaKey())))
				<-time.After(2 * time.Minute)
				s.accepts("when all is well again", s.token(nil))
			})
		})
	}
}

func TestTokensWaitForTheFirstKeys(t *testing.T) {
	t.Parallel()
	on(t, "", func(s *stage) {
		s.issuer.does(func(*http.Request) (int, string) {
			<-time.After(3 * time.Second)
			return http.StatusOK, jwks(public("first", jose.RS256, rsaKey()))
		})
		s.accepts("one that came at once", s.token(nil))
	})
	on(t, "nothing", func(s *stage) {
		synctest.Wait()
		if _, err := s.verifier.Principal(s.Context(), s.token(nil)); fault.KindOf(err) != fault.Unavailable || fault.Of(err).RetryAfter == 0 {
			s.Errorf("without keys: %v, want UNAVAILABLE, and when to try again", err)
		}
	})
}

func TestKeysAreWhereTheIssuerSays(t *testing.T) {
	t.Parallel()
	keys := jwks(public("first", jose.RS256, rsaKey()))
	for name, c := range map[string]struct {
		metadata string
		good     bool
	}{
		"elsewhere, by https": {`{"issuer":"` + issuerName + `","jwks_uri":"https://keys.example/1"}`, true},
		"in the clear":        {`{"issuer":"` + issuerName + `","jwks_uri":"http://keys.example/1"}`, false},
		"in a file":           {`{"issuer":"` + issuerName + `","jwks_uri":"file:///etc/keys"}`, false},
		"of another issuer":   {`{"issuer":"https://evil.example","jwks_uri":"https://keys.example/1"}`, false},
		"nowhere":             {`{"issuer":"` + issuerName + `"}`, false},
		"in no JSON":          {`hunter2`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on(t, "", func(s *stage) {
				_, err := s.verifier.Principal(s.Context(), s.token(nil))
				if (err == nil) != c.good {
					s.Errorf("a token: %v", err)
				}
				if asked := s.issuer.asked[0]; asked != issuerName+"/.well-known/openid-configuration" {
					s.Errorf("it asks %s", asked)
				}
			}, func(config *token.Config) {
				config.Issuers[0].JWKS = ""
				config.Transport.(*issuer).answer = func(r *http.Request) (int, string) {
					if strings.HasPrefix(r.URL.Path, "/.well-known/") {
						return http.StatusOK, c.metadata
					}
					return http.StatusOK, keys
				}
			})
		})
	}
}

func TestARedirectStaysOnItsHost(t *testing.T) {
	t.Parallel()
	on(t, "", func(s *stage) {
		s.accepts("after a redirect", s.token(nil))
	}, func(config *token.Config) {
		config.Transport.(*issuer).answer = func(r *http.Request) (int, string) {
			if r.URL.Path == "/keys" {
				return http.StatusFound, "/moved"
			}
			return http.StatusOK, jwks(public("first", jose.RS256, rsaKey()))
		}
	})
	for _, to := range []string{"http://issuer.example/keys", "https://evil.example/keys", "/keys"} {
		on(t, "", func(s *stage) {
			if _, err := s.verifier.Principal(s.Context(), s.token(nil)); fault.KindOf(err) != fault.Unavailable {
				s.Errorf("keys from %s: %v", to, err)
			}
			for _, asked := range s.issuer.asked {
				if asked != keysPlace {
					s.Errorf("it asks %s", asked)
				}
			}
		}, func(config *token.Config) {
			config.Transport.(*issuer).answer = func(*http.Request) (int, string) { return http.StatusFound, to }
		})
	}
}

func BenchmarkPrincipal(b *testing.B) {
	verify := func(b *testing.B, method jose.SignatureAlgorithm, key any, set string, distinct int) {
		from := &issuer{}
		from.answers(http.StatusOK, set)
		v, err := token.New(token.Config{
			Issuers: []token.Issuer{{Name: issuerName, JWKS: keysPlace}}, Audiences: []string{"barograph"}, Transport: from, Now: time.Now,
		})
		if err != nil {
			b.Fatal(err)
		}
		go func() { _ = v.Run(b.Context()) }()
		texts := make([]string, distinct)
		for n := range texts {
			texts[n] = sign(b, method, key, claims(map[string]any{"n": n}), ofFirst)
		}
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			if _, err := v.Principal(b.Context(), texts[n%distinct]); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("known", func(b *testing.B) {
		verify(b, jose.RS256, rsaKey(), jwks(public("first", jose.RS256, rsaKey())), 1)
	})
	b.Run("new RS256", func(b *testing.B) {
		verify(b, jose.RS256, rsaKey(), jwks(public("first", jose.RS256, rsaKey())), 15_000)
	})
	b.Run("new ES256", func(b *testing.B) {
		verify(b, jose.ES256, ecKey(), jwks(public("first", jose.ES256, ecKey())), 15_000)
	})
}
