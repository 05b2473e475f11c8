// Package redislink connects to a Redis that only ever helps: one that is slow,
// frozen or gone is left alone as soon as that shows, and tried again beside the
// work and not in its way. What is kept there, and what is done without it, is
// left to those who use it.
package redislink

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// Patience is how long those may wait for Redis who have something else to do.
	Patience = 40 * time.Millisecond
	// Diligence is how long what nobody waits for may take: connections, writes.
	Diligence = 500 * time.Millisecond

	connections = 32
)

// A Config says what a link needs.
type Config struct {
	URL    string                                     // redis://, rediss:// or unix://
	What   string                                     // is in it, for the log: "the shared weather cache"
	Probe  func(context.Context, *redis.Client) error // says why Redis cannot do what is asked of it, in time
	Logger *slog.Logger
}

// A Link is to one Redis. It is safe for concurrent use. Whoever opens one closes
// it.
type Link struct {
	client *redis.Client
	config Config
	up     atomic.Bool
	fallen chan struct{} // has a token when up has become false
	stop   context.CancelFunc
	task   sync.WaitGroup
}

// Open returns a link. It fails where the URL is malformed; that nothing answers
// there is logged.
func Open(ctx context.Context, config Config) (*Link, error) {
	options, err := redis.ParseURL(config.URL)
	if err != nil {
		return nil, errors.New("it is malformed: want redis://HOST:PORT, rediss://HOST:PORT or unix:///PATH") // the cause repeats it, and its password
	}
	redis.SetLogger(silence{}) // whoever is concerned is told here, once
	restrain(options)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	l := &Link{client: redis.NewClient(options), config: config, fallen: make(chan struct{}, 1), stop: stop}
	l.up.Store(true)
	if err := config.Probe(ctx, l.client); err != nil {
		l.Fall(err)
	}
	l.task.Go(func() { l.watch(running) })
	return l, nil
}

// restrain keeps go-redis from trying again and again: its defaults would make a
// frozen Redis cost 20 seconds. It also keeps it from TLS before 1.3.
func restrain(o *redis.Options) {
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = Diligence, Diligence, Diligence
	o.PoolTimeout, o.PoolSize = Diligence, connections
	o.ContextTimeoutEnabled = true // most have less time
	o.MaxRetries, o.DialerRetries = -1, 1
	o.DisableIdentity = true
	if o.TLSConfig != nil {
		o.TLSConfig.MinVersion = tls.VersionTLS13
	}
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// Client returns what asks Redis. Those who ask look whether the link is up, give
// a deadline, and say when it failed.
func (l *Link) Client() *redis.Client { return l.client }

// Close ends what the link does by itself, and its connections.
func (l *Link) Close() {
	l.stop()
	l.task.Wait()
	_ = l.client.Close() // it has nothing left to lose
}

// silence is a logger of go-redis.
type silence struct{}

// Printf says nothing.
func (silence) Printf(context.Context, string, ...any) {}
