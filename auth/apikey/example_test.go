package apikey_test

import (
	"context"
	"fmt"

	"barograph/auth"
	"barograph/auth/apikey"
)

// Whoever may do something may make a key that allows as much, and no more.
func ExampleStore_Create() {
	_ = func(ctx context.Context, keys *apikey.Store) error {
		draft, err := apikey.NewDraft("nightly import", auth.Producer, nil, []string{"orders", "eu-*"}, nil)
		if err != nil {
			return err
		}
		made, text, err := keys.Create(auth.With(ctx, auth.Administrator), draft)
		if err != nil {
			return err
		}
		fmt.Println(made.Prefix(), "is the beginning of", text)
		p, err := keys.Principal(ctx, text)
		if err != nil {
			return err
		}
		fmt.Println(p.Name, "may", p.Scopes)
		<-p.Revoked // once somebody revokes it
		return nil
	}
}

func ExampleParseID() {
	const mistyped = "barograph_3flndafffl_ihckvk7qpc6cvxj4jzpabcrha7zawz3zwlkrendak4uvgsx"
	_, ok := apikey.ParseID(mistyped)
	fmt.Println(ok)
	// Output: false
}
