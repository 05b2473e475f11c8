// Package resolvers answers the schema's fields: each resolver checks what it
// is asked, calls one domain method or one loader, and returns.
package resolvers

import (
	"context"
	"log/slog"
	"time"

	"barograph/auth"
	"barograph/auth/apikey"
	"barograph/gazetteer"
	"barograph/graph/generated"
	"barograph/internal/audit"
	"barograph/pipeline"
	"barograph/records"
	"barograph/records/intake"
	"barograph/weather"
)

// Root has what resolvers call on. What can be batched they get from the
// operation's loaders.
type Root struct {
	Gazetteer *gazetteer.Gazetteer
	Weather   *weather.Service
	Pipelines *pipeline.Store
	Catalog   *pipeline.Catalog
	Records   *records.Store
	Indexer   Indexer
	Intake    *intake.Intake
	Queue     *records.Queue
	Feed      *records.Feed
	Keys      *apikey.Store
	Audit     *audit.Store
	Now       func() time.Time
	Logger    *slog.Logger
}

// An Indexer is told that a definition has changed, whose ranges take indexes. It
// never waits.
type Indexer interface{ Wake() }

var _ generated.ResolverRoot = (*Root)(nil)

type (
	queryResolver        struct{ *Root }
	mutationResolver     struct{ *Root }
	subscriptionResolver struct{ *Root }
	cityResolver         struct{ *Root }
	pipelineResolver     struct{ *Root }
	recordResolver       struct{ *Root }
	auditEventResolver   struct{}
)

// Query resolves what can be read.
func (r *Root) Query() generated.QueryResolver { return queryResolver{r} }

// Mutation resolves what can be changed.
func (r *Root) Mutation() generated.MutationResolver { return mutationResolver{r} }

// Subscription resolves what can be watched.
func (r *Root) Subscription() generated.SubscriptionResolver { return subscriptionResolver{r} }

// City resolves what a city is joined with.
func (r *Root) City() generated.CityResolver { return cityResolver{r} }

// Pipeline resolves what a pipeline is joined with.
func (r *Root) Pipeline() generated.PipelineResolver { return pipelineResolver{r} }

// Record resolves what a record is joined with.
func (r *Root) Record() generated.RecordResolver { return recordResolver{r} }

// AuditEvent resolves what an event does not say of itself.
func (r *Root) AuditEvent() generated.AuditEventResolver { return auditEventResolver{} }

// reach returns the pipelines that whoever asks may see.
func reach(ctx context.Context) pipeline.Reach { return auth.From(ctx).Reach }

// now returns the time to the microsecond, as the database keeps it.
func (r *Root) now() time.Time { return r.Now().UTC().Truncate(time.Microsecond) }
