// Package intake takes payloads in: it finds out whether a payload may come in,
// and either processes it at once or leaves it to the workers. Both ways lead to
// the same records by the same rules; keeping them is package records', running a
// pipeline's steps package pipeline's.
package intake

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"barograph/internal/fault"
	"barograph/internal/operation"
	"barograph/pipeline"
	"barograph/records"
	"barograph/records/worker"
)

// SubmitLimit is how many payloads one call of Submit may have.
const SubmitLimit = 1000

// An Intake takes payloads in. It is safe for concurrent use.
type Intake struct {
	Config
	clock   clock
	backlog backlog

	attempts sync.WaitGroup  // under way
	stopping context.Context //nolint:containedctx // a signal: that those under way are to be given back
	stop     context.CancelFunc

	mu      sync.Mutex
	running bool // guarded by mu: whether attempts may begin
}

// A Config says what an intake rests on.
type Config struct {
	Writer       *records.Writer
	Catalog      *pipeline.Catalog
	Runner       *worker.Runner
	City         func(name string) *int64 // finds the gazetteer's id of a city, nil for none
	Now          func() time.Time
	BacklogLimit int           // unfinished records, beyond which Submit takes no more
	Drain        time.Duration // for which attempts go on once the intake is to stop
	Logger       *slog.Logger
}

// New returns an intake, which takes payloads in while its writer runs.
func New(c Config) *Intake {
	i := &Intake{Config: c, running: true, backlog: backlog{limit: c.BacklogLimit, count: c.Runner.Queue.Backlog}}
	i.stopping, i.stop = context.WithCancel(context.Background())
	return i
}

var (
	processPayload = operation.New("process payload")
	submitPayloads = operation.New("submit payloads")
)

// versionTries is how often a payload is prepared for a pipeline whose version
// changes each time meanwhile.
const versionTries = 5

var errChanging = fault.New(fault.Unavailable, "the pipeline keeps changing").After(time.Second)

// Run keeps an eye on the backlog until ctx is done, and then waits until what is
// being processed is finished or, when that takes too long, given back to the
// workers.
func (i *Intake) Run(ctx context.Context) error {
	i.backlog.run(ctx, i.Logger)
	i.mu.Lock()
	i.running = false
	i.mu.Unlock()
	defer i.stop()
	defer time.AfterFunc(i.Drain, i.stop).Stop()
	i.attempts.Wait()
	return nil
}

// A candidate is a payload that may come in, if its pipeline is what it was.
type candidate struct {
	payload   *pipeline.Payload
	admission pipeline.Admission
	city      *int64
	received  time.Time
}

// admit returns what a payload is to a program, or a *pipeline.Refusal.
func (i *Intake) admit(ctx context.Context, program *pipeline.Program, payload *pipeline.Payload, received time.Time) (*candidate, error) {
	admission, err := program.Admit(ctx, payload)
	if err != nil {
		return nil, err
	}
	c := &candidate{payload: payload, admission: admission, received: received}
	if admission.City != "" {
		c.city = i.City(admission.City)
	}
	return c, nil
}

// draft returns the draft of a candidate that has come to something.
func (c *candidate) draft(program *pipeline.Program, p records.Progress) records.Draft {
	p.PipelineVersion = program.Version
	if p.Attributes == nil {
		p.Attributes = c.admission.Attributes
	}
	return records.Draft{
		Key:         records.Key{Pipeline: program.Pipeline, PayloadID: c.payload.ID},
		Payload:     c.payload.JSON,
		Fingerprint: c.payload.Fingerprint,
		CityID:      c.city,
		OrderingKey: c.admission.OrderingKey,
		ReceivedAt:  c.received,
		Progress:    p,
	}
}

// queued returns the draft of a candidate that workers are to process.
func (c *candidate) queued(program *pipeline.Program) records.Draft {
	return c.draft(program, records.Progress{State: records.Queued, NextAttemptAt: &c.received})
}

// ordered reports whether others may have to be processed before the candidate.
func (c *candidate) ordered() bool {
	return c.admission.OrderingKey != nil && *c.admission.OrderingKey != ""
}

// current returns the program of a pipeline within reach that a caller named.
func (i *Intake) current(ctx context.Context, reach pipeline.Reach, name string) (*pipeline.Program, error) {
	program, err := i.Catalog.Current(ctx, reach, name)
	return program, at(err, "input", "pipeline")
}
