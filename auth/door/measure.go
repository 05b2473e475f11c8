package door

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"barograph/auth"
)

// An outcome is what became of a credential.
type outcome uint8

const (
	accepted  outcome = iota
	refused           // it is no good
	failed            // it could not be checked
	malformed         // it is none, or there are two
	absent            // there is none, where one is wanted
	outcomes
)

var names = [...]string{accepted: "accepted", refused: "refused", failed: "failed", malformed: "malformed", absent: "absent"}

// counts are how often credentials of a kind had an outcome: that of what is
// none of any kind is nobody. They are read when somebody looks, for every
// request is counted.
var counts [auth.Certificate + 1][outcomes]atomic.Int64

var _, _ = otel.Meter("barograph/auth/door").Int64ObservableCounter("barograph.auth.authentications",
	metric.WithDescription("Credentials that came with requests and WebSockets, by their kind and what became of them."),
	metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
		for kind := range counts {
			for outcome := range counts[kind] {
				if n := counts[kind][outcome].Load(); n > 0 {
					o.Observe(n, metric.WithAttributes(
						attribute.String("kind", auth.Kind(kind).String()), attribute.String("outcome", names[outcome])))
				}
			}
		}
		return nil
	}))

func count(kind auth.Kind, o outcome) { counts[kind][o].Add(1) }
