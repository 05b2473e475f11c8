package gatewaytest

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"barograph/auth"
)

// As returns the gateway as the principal asks it. Without it, a developer does.
func (g *Gateway) As(p *auth.Principal) *Gateway {
	other := *g
	other.as = g.known.add(p)
	return &other
}

// Header returns the headers of a request of whoever asks, for those that a test
// sends by itself.
func (g *Gateway) Header() http.Header {
	header := http.Header{}
	if g.as != "" {
		header.Set(asHeader, g.as)
	}
	return header
}

// asHeader says which principal sends a request.
const asHeader = "X-Test-As"

// Principals are those that a test asks as.
type principals struct{ byName sync.Map }

func (k *principals) add(p *auth.Principal) string {
	name := rand.Text()
	k.byName.Store(name, p)
	return name
}

// handler serves each request as that of the principal it names: of nobody, where
// that one has expired, as whatever reads credentials has it.
func (k *principals) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := auth.Anyone
		if known, ok := k.byName.Load(r.Header.Get(asHeader)); ok {
			p = known.(*auth.Principal) //nolint:forcetypeassert // nothing else is in it
			if !p.Expires.IsZero() && p.Expires.Before(time.Now()) {
				p = &auth.Principal{}
			}
		}
		auth.As(p, next).ServeHTTP(w, r)
	})
}
