package events

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/org"
)

const (
	// service is the name of this work when it enters an organisation.
	service = "distribute events"
	// pollInterval is how late an event is noticed whose wake was lost, or that no process of ours has written.
	pollInterval = time.Second
	// lookInterval is the least time between two looks that other replicas cause.
	lookInterval = 5 * time.Millisecond
	// pollTimeout bounds one look at the database.
	pollTimeout = 3 * time.Second
	// outage is how long subscriptions stay open while the database does not answer: until then an end of an access
	// would not be noticed.
	outage = 15 * time.Second
	// drainTimeout is how long subscriptions may take to close when the server stops.
	drainTimeout  = 5 * time.Second
	drainInterval = 20 * time.Millisecond
)

// Faults of subscriptions.
var (
	// ErrSlow ends a subscription whose client has not read for too long.
	ErrSlow = fault.New(fault.Exhausted, "slow_reader",
		"The client reads too slowly. Go on after the last event that arrived.")
	// ErrStopping ends subscriptions when the server stops.
	ErrStopping = fault.New(fault.Unavailable, "server_stopping", "The server is restarting.").RetryIn(2 * time.Second)
	// ErrOutage ends subscriptions when the database does not answer.
	ErrOutage = fault.New(fault.Unavailable, "database_away", "The server cannot read events at the moment.").
			RetryIn(5 * time.Second)
	// ErrTokenExpired ends a subscription whose access token has expired.
	ErrTokenExpired = fault.New(fault.Unauthenticated, "stream_token_expired",
		"The access token or the sign-in has expired. Go on with a new one after the last event that arrived.")
	// ErrForeign refuses a subscription that names another organisation.
	ErrForeign = fault.New(fault.Forbidden, "other_orgs_stream", "This is not your organisation's.")
)

// Topic is the bus topic of new events of an organisation.
func Topic(id org.ID) string { return "events:" + id.String() }

// Config has everything that a Feed needs. No field may be left out.
type Config struct {
	Read      org.Reading[Queries]
	AsService org.ReadingAsService[ServiceQueries]
	Newest    Newest
	Bus       bus.Bus
	Log       *slog.Logger
}

// Feed distributes the logs of organisations to subscribers and watches. For each organisation that has any, one reader
// reads new events, encodes each once and puts it into the queue of each subscriber who may see it. It is safe for
// concurrent use.
type Feed struct {
	config  Config
	started chan *reader  // readers that Run has to run
	stopped chan struct{} // closed when Run ends

	mu      sync.Mutex
	readers map[org.ID]*reader
	open    open
}

// NewFeed makes a feed. Run must be called, too.
func NewFeed(c Config) *Feed {
	return &Feed{
		config: c, started: make(chan *reader), stopped: make(chan struct{}), readers: map[org.ID]*reader{}, open: open{},
	}
}

// Run reads events until ctx is done, and then ends all subscriptions. It returns nil.
func (f *Feed) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { f.poll(ctx) })
	for {
		select {
		case <-ctx.Done():
			close(f.stopped) // no reader starts from here on
			f.endAll(ErrStopping)
			return f.drain()
		case r := <-f.started:
			running.Go(func() { r.run(ctx) })
		}
	}
}

// drain waits until the clients were told that the server stops.
func (f *Feed) drain() error {
	deadline := time.NewTimer(drainTimeout)
	defer deadline.Stop()
	again := time.NewTicker(drainInterval)
	defer again.Stop()
	for f.Open() > 0 {
		select {
		case <-deadline.C:
			return errors.New("an event stream did not end within 5 seconds of the shutdown")
		case <-again.C:
		}
	}
	return nil
}

// Open returns how many subscriptions are open, for a metric.
func (f *Feed) Open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open[key{kind: "all"}]
}

// join returns the organisation's reader. Whoever joins must leave.
func (f *Feed) join(id org.ID) (*reader, error) {
	f.mu.Lock()
	r, there := f.readers[id]
	if !there {
		r = newReader(f.config, id)
		f.readers[id] = r
	}
	r.users++
	f.mu.Unlock()
	if there {
		return r, nil
	}
	select {
	case f.started <- r:
		return r, nil
	case <-f.stopped:
		r.stop()
		f.leave(r)
		return nil, ErrStopping
	}
}

// leave ends the reader that no one needs any more.
func (f *Feed) leave(r *reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.users--; r.users == 0 {
		delete(f.readers, r.org)
		close(r.idle)
	}
}

// all returns the readers that run.
func (f *Feed) all() []*reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Values(f.readers))
}

// poll compares the readers with the log when another replica has written something, and each second, all in one
// statement. So a lost wake delays an event by a second.
func (f *Feed) poll(ctx context.Context) {
	woken, stop := f.config.Bus.Watch(bus.Elsewhere)
	defer stop()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	answered := time.Now()
	for {
		select { // wakes that arrive meanwhile are one look
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-woken:
		}
		pause.Reset(lookInterval)
		err := f.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			answered = time.Now()
		case time.Since(answered) > outage:
			f.config.Log.ErrorContext(ctx, "the database does not answer: the event streams end", "error", err)
			f.endAll(ErrOutage)
		}
	}
}

// look wakes the readers that are behind the log.
func (f *Feed) look(ctx context.Context) error {
	readers := f.all()
	if len(readers) == 0 {
		return nil
	}
	ids, before := make([]org.ID, len(readers)), make([]int64, len(readers))
	for i, r := range readers {
		ids[i], before[i] = r.org, r.knows()
	}
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	asked := time.Now()
	newest, err := f.config.Newest(ctx, ids)
	if err != nil {
		return err
	}
	for i, r := range readers {
		if n, known := newest[r.org]; known {
			r.compare(n, before[i], asked)
		} else {
			r.lose()
		}
	}
	return nil
}

func (f *Feed) endAll(err error) {
	for _, r := range f.all() {
		r.endAll(err)
	}
}
