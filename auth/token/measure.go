package token

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

var fetches, _ = otel.Meter("barograph/auth/token").Int64Counter("barograph.auth.key_fetches",
	metric.WithDescription("How often the keys of issuers of tokens were fetched, by issuer and what came of it."))

// countFetch counts a fetch of an issuer's keys. Issuers are those of the
// settings, and so are few.
func countFetch(ctx context.Context, issuer string, err error) {
	outcome := "done"
	if err != nil {
		outcome = "failed"
	}
	fetches.Add(ctx, 1, metric.WithAttributes(attribute.String("issuer", issuer), attribute.String("outcome", outcome)))
}
