package resolvers

import (
	"context"

	"barograph/auth"
	"barograph/graph/wire"
	"barograph/internal/audit"
)

func (r queryResolver) AuditEvents(
	ctx context.Context, filter wire.AuditEventFilter, first *int, after *string, last *int, before *string,
) (*wire.AuditEventConnection, error) {
	window := wire.Window{First: first, Last: last, After: after, Before: before}
	n, fromEnd, err := window.Length()
	if err != nil {
		return nil, err
	}
	stretch := audit.Range{Limit: n + 1, FromEnd: fromEnd}
	if stretch.After, err = wire.ParseAuditEventCursor("after", after); err != nil {
		return nil, err
	}
	if stretch.Before, err = wire.ParseAuditEventCursor("before", before); err != nil {
		return nil, err
	}
	which := audit.Filter{
		Actor: filter.Actor, Action: filter.Action, Pipeline: filter.Pipeline, Since: filter.Since, Before: filter.Before,
		Within: auth.From(ctx).Reach.Like(),
	}
	found, err := r.Audit.Page(ctx, which, stretch)
	if err != nil {
		return nil, err
	}
	return wire.NewConnection(window, found, wire.AuditEventCursor, func(ctx context.Context) (int, error) {
		return r.Audit.Count(ctx, which)
	}), nil
}

func (auditEventResolver) ID(_ context.Context, e *audit.Event) (string, error) {
	return wire.AuditEventID(e), nil
}

func (auditEventResolver) ActorKind(_ context.Context, e *audit.Event) (auth.Kind, error) {
	return auth.ParseKind(e.ActorKind), nil
}
