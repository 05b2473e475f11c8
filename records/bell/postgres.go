package bell

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"barograph/internal/postgres"
)

const (
	channel   = "barograph_bell"
	pause     = 5 * time.Millisecond // between two notifications, at least
	sendLimit = 5 * time.Second      // for one of them
	waitLeast = 100 * time.Millisecond
	waitMost  = 10 * time.Second // before the listener connects again
)

// Postgres is a line by LISTEN and NOTIFY. A notification takes a lock that all
// of a server share until its transaction ends, so that it is never sent by a
// transaction that does anything else, nor more often than every few
// milliseconds.
type Postgres struct {
	pools  *postgres.Pools
	node   string // who sends, so as not to hear oneself
	logger *slog.Logger
}

// NewPostgres returns a line in the database of the pools. Nodes have names that
// differ, without spaces.
func NewPostgres(pools *postgres.Pools, node string, logger *slog.Logger) *Postgres {
	return &Postgres{pools, node, logger}
}

var _ Line = (*Postgres)(nil)

// Carry sends and listens until ctx is done.
func (p *Postgres) Carry(ctx context.Context, rings <-chan struct{}, take func() Tone, heard func(Tone)) error {
	var both errgroup.Group
	both.Go(func() error { p.send(ctx, rings, take); return nil })
	both.Go(func() error { p.listen(ctx, heard); return nil })
	return both.Wait()
}

// send notifies the others of what rings, until ctx is done.
func (p *Postgres) send(ctx context.Context, rings <-chan struct{}, take func() Tone) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-rings:
		case <-ctx.Done():
			return
		}
		if err := p.notify(ctx, take()); err != nil && ctx.Err() == nil {
			p.logger.DebugContext(ctx, "the other nodes were not told of a change: they find it by themselves", "err", err)
		}
		timer.Reset(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
	}
}

func (p *Postgres) notify(ctx context.Context, tone Tone) error {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	_, err := p.pools.API.Exec(ctx, `select pg_notify($1, $2)`, channel, strconv.Itoa(int(tone))+" "+p.node)
	return err
}

// listen tells of what others notify until ctx is done. After each connection
// that was lost, or was not to be had, it waits longer for the next one, and
// believes that everything has rung meanwhile.
func (p *Postgres) listen(ctx context.Context, heard func(Tone)) {
	wait := waitLeast
	for {
		began := time.Now()
		err := p.hear(ctx, heard)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > waitMost {
			wait = waitLeast
		}
		p.logger.InfoContext(ctx, "listening for changes made by other nodes anew", "after", wait, "err", err)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		wait = min(2*wait, waitMost)
	}
}

// hear tells of what others notify on one connection, while it lasts.
func (p *Postgres) hear(ctx context.Context, heard func(Tone)) error {
	config := p.pools.API.Config().ConnConfig
	config.RuntimeParams["application_name"] = "barograph bell"
	// A peer that is gone without a word is noticed by its silence: nothing is
	// ever sent on this connection that could fail.
	alive := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}
	config.DialFunc = alive.DialContext
	config.Tracer = nil
	connecting, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	conn, err := pgx.ConnectConfig(connecting, config)
	if err != nil {
		return postgres.Fault(fmt.Errorf("connect: %w", err))
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // it is lost, or not needed any more
	}()
	if _, err := conn.Exec(connecting, `listen `+channel); err != nil {
		return postgres.Fault(fmt.Errorf("listen: %w", err))
	}
	heard(Changed | Due)
	for {
		notification, err := conn.WaitForNotification(ctx)
		if err != nil {
			return postgres.Fault(fmt.Errorf("wait for a notification: %w", err))
		}
		if tone, ok := p.understand(notification.Payload); ok {
			heard(tone)
		}
	}
}

// understand returns what another node said. Whatever else is said on the
// channel, by a newer version perhaps, may mean anything.
func (p *Postgres) understand(text string) (Tone, bool) {
	number, node, _ := strings.Cut(text, " ")
	tone, err := strconv.ParseUint(number, 10, 8)
	if err != nil {
		return Changed | Due, true
	}
	return Tone(tone), node != p.node
}
