package gatewaytest

import (
	"crypto/rand"
	"net/http"
	"sync"

	"barograph/auth"
	"barograph/auth/door"
)

// As returns the gateway as the principal asks it. Without it, a developer does.
func (g *Gateway) As(p *auth.Principal) *Gateway {
	other := *g
	other.as = http.Header{asHeader: {g.known.add(p)}}
	return &other
}

// With returns the gateway as whoever sends the text of an API key asks it: the
// door of the binary lets them in, or does not.
func (g *Gateway) With(key string) *Gateway {
	other := *g
	other.as = http.Header{"Authorization": {"Bearer " + key}}
	return &other
}

// Header returns the headers of a request of whoever asks, for those that a test
// sends by itself.
func (g *Gateway) Header() http.Header {
	if g.as == nil {
		return http.Header{}
	}
	return g.as.Clone()
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

// handler serves each request as that of the principal it names. Those with a
// credential go through a door.
func (k *principals) handler(next http.Handler, in *door.Door, refuse door.Refusal) http.Handler {
	credentials := in.Handler(next, refuse, nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			credentials.ServeHTTP(w, r)
			return
		}
		p := auth.Anyone
		if known, ok := k.byName.Load(r.Header.Get(asHeader)); ok {
			p = known.(*auth.Principal) //nolint:forcetypeassert // nothing else is in it
		}
		auth.As(p, next).ServeHTTP(w, r)
	})
}
