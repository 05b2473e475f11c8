package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"barograph/auth"
	"barograph/auth/apikey"
	"barograph/internal/postgres"
	"barograph/pipeline"
)

type keysCommand struct {
	Create keysCreate `cmd:"" help:"Make an API key and print its text, which nobody can see again."`
	List   keysList   `cmd:"" help:"List the API keys, without what is secret of them."`
	Revoke keysRevoke `cmd:"" help:"Make an API key good for nothing. Running gateways know within 10 seconds."`
}

type keysCreate struct {
	Name      string         `required:"" placeholder:"TEXT" help:"What it is for."`
	Role      string         `placeholder:"ROLE" help:"What it allows, by a name: viewer, producer, operator or admin."`
	Scope     []string       `placeholder:"SCOPE" help:"What it allows, one by one, as in records:read. May be given several times."`
	Pipelines []string       `placeholder:"NAME" help:"With which pipelines: names, and beginnings of names with a * behind, as in orders,eu-*. Without it, all."`
	ExpiresIn *time.Duration `placeholder:"TIME" help:"After how long it expires, as in 720h. Without it, never."`
}

// Run makes a key. Its text alone goes to the standard output.
func (c keysCreate) Run(e environment) error {
	var expires *time.Time
	if c.ExpiresIn != nil {
		if *c.ExpiresIn <= 0 {
			return errors.New("--expires-in is not after now: leave it out for a key that never expires")
		}
		expires = new(time.Now().Add(*c.ExpiresIn))
	}
	var role auth.Role
	if c.Role != "" {
		var err error
		if role, err = auth.ParseRole(c.Role); err != nil {
			return fmt.Errorf("--role: %w", err)
		}
	}
	draft, err := apikey.NewDraft(c.Name, role, c.Scope, c.Pipelines, expires)
	if err != nil {
		return plain(err)
	}
	return e.withKeys(func(ctx context.Context, keys *apikey.Store) error {
		made, text, err := keys.Create(ctx, draft)
		if err != nil {
			return plain(err)
		}
		if _, err := fmt.Fprintln(e.out, text); err != nil {
			return errors.Join(err, fmt.Errorf("nobody has seen the key: barograph keys revoke %s", made.ID))
		}
		_, err = fmt.Fprintf(e.notes, "made API key %s, which allows %s. Keep its text: nobody can see it again.\n", made.ID, allowed(made))
		return err
	})
}

// allowed tells what a key allows.
func allowed(k *apikey.Key) string {
	text := k.Scopes.String() + " with all pipelines"
	if !k.Reach.Everything() {
		text = fmt.Sprintf("%s with the pipelines %s alone", k.Scopes, strings.Join(k.Pipelines(), " "))
	}
	if k.ExpiresAt != nil {
		text += " until " + when(k.ExpiresAt)
	}
	return text
}

type keysList struct {
	All bool `help:"Those too that have expired or been revoked."`
}

// keysListed is how many keys one statement reads.
const keysListed = 1000

// Run lists the keys, the newest first.
func (c keysList) Run(e environment) error {
	return e.withKeys(func(ctx context.Context, keys *apikey.Store) error {
		now := time.Now()
		filter := apikey.Filter{Now: now}
		if !c.All {
			filter.Active = new(true)
		}
		table := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ID\tNAME\tSCOPES\tPIPELINES\tCREATED\tBY\tEXPIRES\tLAST USED\tREVOKED")
		stretch := apikey.Range{Limit: keysListed}
		for {
			page, err := keys.Page(ctx, filter, stretch)
			if err != nil {
				return err
			}
			for _, k := range page {
				listKey(table, k)
			}
			if len(page) < keysListed {
				return table.Flush()
			}
			stretch.After = new(page[len(page)-1].Cursor())
		}
	})
}

func listKey(table io.Writer, k *apikey.Key) {
	pipelines := "all"
	if !k.Reach.Everything() {
		pipelines = strings.Join(k.Pipelines(), ",")
	}
	_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, visible(k.Name), strings.Join(k.ScopeNames(), ","), pipelines,
		when(&k.CreatedAt), visible(k.CreatedBy), when(k.ExpiresAt), when(k.LastUsedAt), when(k.RevokedAt))
}

// visible returns a text as a terminal may show it. Whoever made a key may have a
// name that an issuer of tokens thought of.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

func when(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

type keysRevoke struct {
	ID string `arg:"" help:"The key's id, as the list has it, or its whole text."`
}

// Run revokes a key.
func (c keysRevoke) Run(e environment) error {
	id := c.ID
	if found, ok := apikey.ParseID(c.ID); ok {
		id = found
	}
	return e.withKeys(func(ctx context.Context, keys *apikey.Store) error {
		revoked, err := keys.Revoke(ctx, id)
		if err != nil {
			return plain(err)
		}
		_, err = fmt.Fprintf(e.out, "revoked %s (%s) at %s\n", revoked.ID, revoked.Name, when(revoked.RevokedAt))
		return err
	})
}

// withKeys opens the keys of the database for a command, which may do everything.
// A gateway may be running, on the private database too.
func (e environment) withKeys(do func(context.Context, *apikey.Store) error) error {
	d, err := joinDatabase(e.ctx, *e.settings, e.logger)
	if err != nil {
		return err
	}
	if err = postgres.Migrate(e.ctx, d.pools.API, e.logger); err == nil {
		err = do(auth.With(e.ctx, auth.Administrator), apikey.NewStore(d.pools, time.Now, rand.Reader, e.logger))
	}
	return errors.Join(err, d.close(e.ctx))
}

// plain returns the message of a refusal without its code, which is for programs.
func plain(err error) error {
	var several pipeline.Refusals
	if errors.As(err, &several) {
		var all []error
		for _, one := range several {
			all = append(all, errors.New(one.Message))
		}
		return errors.Join(all...)
	}
	var one *pipeline.Refusal
	if errors.As(err, &one) {
		return errors.New(one.Message)
	}
	return err
}
