package records

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"barograph/internal/operation"
	"barograph/internal/postgres"
)

const (
	writeTries = 3
	retryWait  = 5 * time.Millisecond // before the second try, and more before the next
)

var acceptDrafts = operation.New("accept batch")

// accept fills in what became of a batch. When the database refuses the batch
// for what is in it, halves of it are tried, until the draft at fault stands
// alone.
func (w *Writer) accept(ctx context.Context, batch []*item, callers trace.SpanStartOption) {
	if len(batch) == 0 {
		return
	}
	batches.Record(ctx, int64(len(batch)))
	err := acceptDrafts.Run(ctx, w.base.Logger, func(ctx context.Context) error {
		return postgres.Fault(w.tryAccept(ctx, batch))
	}, callers, trace.WithAttributes(attribute.Int("drafts", len(batch))))
	if err == nil {
		return
	}
	batch = unsettled(batch)
	if half := len(batch) / 2; dataError(err) && half > 0 {
		w.accept(ctx, batch[:half], callers)
		w.accept(ctx, batch[half:], callers)
		return
	}
	for _, s := range batch {
		s.err = err
	}
}

// unsettled returns those of the batch of which nothing is known.
func unsettled(batch []*item) []*item {
	var rest []*item
	for _, s := range batch {
		if !s.settled {
			rest = append(rest, s)
		}
	}
	return rest
}

// tryAccept writes the batch, and what is left of it again where somebody else's
// change at the same time is all that was wrong.
func (w *Writer) tryAccept(ctx context.Context, batch []*item) error {
	return again(ctx, w.base.Logger, "accepting payloads again", func() error {
		attempt, cancel := context.WithTimeout(ctx, w.timeout)
		defer cancel()
		err := w.base.acceptBatch(attempt, batch)
		batch = unsettled(batch)
		return err
	})
}

// again does something, and does it again where somebody else's change at the
// same time is all that was wrong.
func again(ctx context.Context, logger *slog.Logger, what string, do func() error) (err error) {
	for try := range writeTries {
		if try > 0 {
			logger.WarnContext(ctx, what, "err", err)
			time.Sleep(retryWait << try)
		}
		if err = do(); !errors.Is(err, errChanging) && !conflictOfTransactions(err) {
			return err
		}
	}
	return err
}

// dataError reports whether the database refused a value: SQLSTATE class 22, 23 or 54.
func dataError(err error) bool { return hasClass(err, "22", "23", "54") }

// conflictOfTransactions reports whether trying again is all that is needed: class
// 40, and a statement that an operator cancelled.
func conflictOfTransactions(err error) bool { return hasClass(err, "40", "57014") }

func hasClass(err error, classes ...string) bool {
	var server *pgconn.PgError
	if !errors.As(err, &server) {
		return false
	}
	return slices.ContainsFunc(classes, func(class string) bool { return strings.HasPrefix(server.Code, class) })
}
