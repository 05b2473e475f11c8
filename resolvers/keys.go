package resolvers

import (
	"context"

	"barograph/auth"
	"barograph/auth/apikey"
	"barograph/graph/wire"
)

func (r queryResolver) Me(ctx context.Context) (*wire.Caller, error) {
	return wire.NewCaller(auth.From(ctx)), nil
}

func (r queryResolver) APIKeys(
	ctx context.Context, filter wire.APIKeyFilter, first *int, after *string, last *int, before *string,
) (*wire.APIKeyConnection, error) {
	window := wire.Window{First: first, Last: last, After: after, Before: before}
	n, fromEnd, err := window.Length()
	if err != nil {
		return nil, err
	}
	stretch := apikey.Range{Limit: n + 1, FromEnd: fromEnd}
	if stretch.After, err = wire.ParseAPIKeyCursor("after", after); err != nil {
		return nil, err
	}
	if stretch.Before, err = wire.ParseAPIKeyCursor("before", before); err != nil {
		return nil, err
	}
	which := apikey.Filter{Reach: auth.From(ctx).Reach, Active: filter.Active, Now: r.now()}
	found, err := r.Keys.Page(ctx, which, stretch)
	if err != nil {
		return nil, err
	}
	return wire.NewConnection(window, found, wire.APIKeyCursor, func(ctx context.Context) (int, error) {
		return r.Keys.Count(ctx, which)
	}), nil
}

func (r mutationResolver) CreateAPIKey(ctx context.Context, input wire.CreateAPIKeyInput) (*wire.APIKeyResult, error) {
	var role auth.Role
	if input.Role != nil {
		role = *input.Role
	}
	draft, err := apikey.NewDraft(input.Name, role, input.Scopes, input.Pipelines, input.ExpiresAt)
	if err != nil {
		return keyResult(nil, nil, err)
	}
	made, text, err := r.Keys.Create(ctx, draft)
	return keyResult(made, &text, err)
}

func (r mutationResolver) RevokeAPIKey(ctx context.Context, input wire.RevokeAPIKeyInput) (*wire.APIKeyResult, error) {
	id, _ := apikey.ParseGlobalID(input.ID) // what is none is of no key
	revoked, err := r.Keys.Revoke(ctx, id)
	return keyResult(revoked, nil, err)
}

// keyResult returns the result of a change: the key, with its text if it is new,
// or the refusals.
func keyResult(k *apikey.Key, text *string, err error) (*wire.APIKeyResult, error) {
	problems, err := wire.AllRefused(err)
	switch {
	case err != nil:
		return nil, err
	case len(problems) > 0:
		return &wire.APIKeyResult{Problems: problems}, nil
	}
	return &wire.APIKeyResult{APIKey: k, Secret: text, Problems: problems}, nil
}
