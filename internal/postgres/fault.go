package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"barograph/internal/fault"
)

// tooManyConnections is the SQLSTATE of a server that refuses one more.
const tooManyConnections = "53300"

// Fault gives an error of the database the kind a caller may know of: whether
// it took too long, is away for the moment, or is a bug of ours.
func Fault(err error) error {
	var (
		given   *fault.Error
		server  *pgconn.PgError
		connect *pgconn.ConnectError
	)
	switch {
	case err == nil, errors.As(err, &given):
		return err
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return fault.Wrap(err, fault.Timeout, "the database did not answer in time")
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &server) && server.Code == tooManyConnections:
		return fault.Wrap(err, fault.Overloaded, "the database has no room for another connection").After(time.Second)
	case errors.As(err, &connect), errors.Is(err, puddle.ErrClosedPool):
		return fault.Wrap(err, fault.Unavailable, "the database cannot be reached").After(time.Second)
	case errors.As(err, &server):
		if unavailable(server) {
			return fault.Wrap(err, fault.Unavailable, "the database is not available").After(time.Second)
		}
		return err
	case pgconn.SafeToRetry(err), closed(err):
		return fault.Wrap(err, fault.Unavailable, "the connection to the database was lost").After(time.Second)
	}
	return err
}

// unavailable reports whether the server's error is one that passes: with it the
// server ended the connection or itself, or by its SQLSTATE, connections are lost
// or refused, resources exhausted, files not to be read or written, it is an
// operator's intervention, a conflict of transactions, a lock not to be had, or a
// read-only server.
func unavailable(err *pgconn.PgError) bool {
	if err.SeverityUnlocalized == "FATAL" || err.SeverityUnlocalized == "PANIC" {
		return true
	}
	for _, class := range []string{"08", "53", "57", "58", "40", "55P03", "25006"} {
		if strings.HasPrefix(err.Code, class) {
			return true
		}
	}
	return false
}

// closed reports whether err is that of a connection that ended while in use.
func closed(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
