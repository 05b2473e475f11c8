package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"barograph/internal/fault"
)

const (
	// analysisTimeout bounds what one caller may have counted.
	analysisTimeout = 20 * time.Second
	// statementTimeout ends on the server what a lost connection has left behind.
	statementTimeout = analysisTimeout + 5*time.Second
)

// Analyse lets do read as much as one analysis may take, all of it as it was at
// one moment, on the analytics pool. The error has its kind.
//
// What holds for the transaction alone is set in it: a pooler between here and
// the server may give the connection to somebody who writes.
func (p *Pools) Analyse(ctx context.Context, do func(context.Context, pgx.Tx) error) error {
	begin := fmt.Sprintf(`begin isolation level repeatable read, read only; set local statement_timeout = %d`, statementTimeout.Milliseconds())
	ctx, cancel := context.WithTimeout(ctx, analysisTimeout)
	defer cancel()
	err := pgx.BeginTxFunc(ctx, p.Analytics, pgx.TxOptions{BeginQuery: begin}, func(tx pgx.Tx) error { return do(ctx, tx) })
	if p.replica && unknown(err) {
		return fault.Wrap(err, fault.Unavailable, "the replica of the database has not come as far as the gateway").After(time.Second)
	}
	return Fault(err)
}

// unknown reports whether err says that there is no such table, column or
// function, as on a replica that has not received a migration yet.
func unknown(err error) bool {
	var server *pgconn.PgError
	if !errors.As(err, &server) {
		return false
	}
	switch server.Code {
	case "42P01", "42703", "42883":
		return true
	}
	return false
}
