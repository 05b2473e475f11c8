package resolvers

import (
	"context"
	"time"

	"barograph/graph/wire"
	"barograph/internal/fault"
	"barograph/pipeline"
	"barograph/records"
)

const (
	statsLimit = 366 * 24 * 60 * 60 // seconds
	widthLimit = 31 * 24 * 60 * 60  // seconds
)

func (r pipelineResolver) Stats(ctx context.Context, p *pipeline.Pipeline, seconds int) (*records.Stats, error) {
	if err := wire.Within("seconds", seconds, statsLimit); err != nil {
		return nil, err
	}
	now := r.now()
	return r.Root.Records.Stats(ctx, reach(ctx), p.Name, now.Add(-time.Duration(seconds)*time.Second), now)
}

func (r pipelineResolver) Series(ctx context.Context, p *pipeline.Pipeline, buckets, bucketSeconds int) ([]records.Bucket, error) {
	if err := wire.Within("buckets", buckets, records.BucketLimit); err != nil {
		return nil, err
	}
	if err := wire.Within("bucketSeconds", bucketSeconds, widthLimit); err != nil {
		return nil, err
	}
	return r.Root.Records.Series(ctx, reach(ctx), p.Name, buckets, time.Duration(bucketSeconds)*time.Second, r.now())
}

func (r queryResolver) RecordStats(ctx context.Context, filter wire.RecordFilter, groupBy *string, of string, first int) (*records.Groups, error) {
	if err := wire.Within("first", first, records.GroupLimit); err != nil {
		return nil, err
	}
	if groupBy != nil && !records.ValidAttribute(*groupBy) {
		return nil, fault.New(fault.BadInput, "groupBy: no attribute has such a name")
	}
	if !records.ValidAttribute(of) {
		return nil, fault.New(fault.BadInput, "of: no attribute has such a name")
	}
	which, err := r.filter(ctx, records.Filter{}, filter)
	if err != nil {
		return nil, err
	}
	return r.Root.Records.Group(ctx, reach(ctx), which, groupBy, of, first)
}
