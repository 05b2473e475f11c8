package records

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"barograph/internal/operation"
	"barograph/internal/postgres"
	"barograph/internal/seal"
)

// A Vault is a database whose records are sealed by a keyset that opens them. It
// is safe for concurrent use.
type Vault struct {
	base *Base
	ring *seal.Ring
	pace pace
}

// What the known text says. It is sealed, so that nobody can make a database
// whose records are sealed look like one that still has some in the clear.
const (
	sealing = "some records may still be in the clear"
	sealed  = "the records are sealed"
)

// checkContext is that of the known text. No context of a record is like it.
var checkContext = []byte("seal check")

// openingWork is what gateways do one at a time while they find out which keyset
// is a database's.
const openingWork = "barograph: open the vault"

var (
	openVault   = operation.New("open vault")
	sealRecords = operation.New("seal records in the clear")
)

// OpenVault makes sure that the keyset which load returns is the database's, and
// that no record is in the clear: those that an earlier version of the gateway
// left so are sealed first. It has to be called before anything else is done with
// records. What load is told is whether records have been sealed in the database:
// only if not may it make a keyset. One gateway at a time is in here.
func OpenVault(ctx context.Context, pools *postgres.Pools, logger *slog.Logger, load func(sealed bool) (*seal.Ring, error)) (*Vault, error) {
	return operation.Value(ctx, openVault, logger, func(ctx context.Context) (*Vault, error) {
		v := &Vault{base: &Base{Pools: pools, Logger: logger}, pace: usualPace}
		waits := func() {
			logger.InfoContext(ctx, "waits for another gateway, which is making sure that the records are sealed")
		}
		return v, pools.InTurn(ctx, openingWork, waits, func(ctx context.Context, conn *pgx.Conn) error { return v.open(ctx, conn, load) })
	})
}

// Keys returns the keyset.
func (v *Vault) Keys() *seal.Ring { return v.ring }

// open finds the database in one of three states: it says by its known text how
// far it is; or it says nothing, and no record is sealed, as in a new one or that
// of an earlier version; or it has lost the known text, as after a migration was
// taken back and forth.
func (v *Vault) open(ctx context.Context, conn *pgx.Conn, load func(sealed bool) (*seal.Ring, error)) error {
	text, err := readCheck(ctx, conn)
	if err != nil {
		return err
	}
	var sample *Record
	if text == nil {
		if sample, err = sampleSealed(ctx, conn); err != nil {
			return err
		}
	}
	if v.ring, err = load(text != nil || sample != nil); err != nil {
		return err
	}
	v.base.Sealer = v.ring
	switch {
	case text != nil:
		said, err := v.ring.Open(text, checkContext)
		if err != nil {
			return v.mismatch(text, err)
		}
		if string(said) == sealing {
			return v.sealAll(ctx, conn)
		}
		return nil
	case sample != nil:
		if _, err := v.base.open(sample.Key, payloadPart, sample.Payload); err != nil {
			return v.mismatch(sample.Payload, err)
		}
		if err := v.refuseClear(ctx, conn); err != nil {
			return err
		}
		if err := v.allSealed(ctx, conn); err != nil {
			return err
		}
		return v.say(ctx, conn, sealed)
	}
	if err := v.say(ctx, conn, sealing); err != nil {
		return err
	}
	return v.sealAll(ctx, conn)
}

// mismatch says what is wrong with the keyset, for whoever has to find another.
func (v *Vault) mismatch(text []byte, err error) error {
	keys, by := v.ring.Keyset(), "something else"
	if id, is := seal.KeyOf(text); is {
		by = "key " + id.String()
	}
	if errors.Is(err, seal.ErrUnknownKey) {
		return fmt.Errorf("the database is sealed by %s, and the keyset has only %v: give the keyset that the database was sealed with", by, keys.Keys())
	}
	return fmt.Errorf("the database is sealed by %s, and the key of that name in the keyset does not open it: "+
		"give the keyset that the database was sealed with, and if this is it, the table seal_check was changed: %w", by, err)
}

// readCheck returns the known text as it is sealed, nil if there is none.
func readCheck(ctx context.Context, conn *pgx.Conn) (text []byte, err error) {
	err = conn.QueryRow(ctx, `select sealed from seal_check`).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return text, postgres.Fault(err)
}

// sampleSealed returns a record that is sealed, nil if there is none.
func sampleSealed(ctx context.Context, conn *pgx.Conn) (*Record, error) {
	const query = `select ` + columns + ` from records r where substring(r.payload for 1) = '\x01' limit 1`
	var r Record
	into, _ := r.fields() // it stays sealed
	err := conn.QueryRow(ctx, query).Scan(into...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &r, postgres.Fault(err)
}

// say keeps a known text.
func (v *Vault) say(ctx context.Context, conn *pgx.Conn, text string) error {
	const statement = `insert into seal_check (sealed) values ($1) on conflict (one) do update set sealed = excluded.sealed`
	sealed, err := v.ring.Seal([]byte(text), checkContext)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement, sealed)
	return postgres.Fault(err)
}

// sealAll seals the records that are in the clear.
func (v *Vault) sealAll(ctx context.Context, conn *pgx.Conn) error {
	return sealRecords.Run(ctx, v.base.Logger, func(ctx context.Context) error {
		if err := v.refuseClear(ctx, conn); err != nil {
			return err
		}
		w, said := walk{base: v.base, keys: v.ring.Keyset(), clear: true}, time.Now()
		for !w.done {
			if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return w.step(ctx, tx) }); err != nil {
				return postgres.Fault(err)
			}
			if w.failure != nil {
				return fmt.Errorf("a record is neither in the clear nor sealed by the keyset: %w", w.failure)
			}
			if w.renewed > 0 && (w.done || time.Since(said) > progressInterval) {
				said = time.Now()
				v.base.Logger.InfoContext(ctx, "seals the records that an earlier version left in the clear", "sealed", w.renewed, "done", w.done)
			}
		}
		if err := v.allSealed(ctx, conn); err != nil {
			return err
		}
		return v.say(ctx, conn, sealed)
	})
}

// refuseClear makes the database itself refuse more records in the clear, which a
// gateway of an earlier version may still try to add.
func (v *Vault) refuseClear(ctx context.Context, conn *pgx.Conn) error {
	const statement = `
		alter table records drop constraint if exists records_sealed_check, add constraint records_sealed_check
		check (substring(payload for 1) = '\x01' and substring(result for 1) = '\x01') not valid`
	_, err := conn.Exec(ctx, statement)
	return postgres.Fault(err)
}

// allSealed fails when a record is in the clear that was there before.
func (v *Vault) allSealed(ctx context.Context, conn *pgx.Conn) error {
	const checkViolation = "23514"
	_, err := conn.Exec(ctx, `alter table records validate constraint records_sealed_check`)
	var server *pgconn.PgError
	if errors.As(err, &server) && server.Code == checkViolation {
		return errors.New("some records are sealed and some are in the clear, which no version of this program leaves behind: " +
			"those in the clear were put into the database by somebody else, and nothing is served until they are gone")
	}
	return postgres.Fault(err)
}
