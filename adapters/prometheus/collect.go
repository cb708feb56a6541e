package prometheus

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Pool is the state of a pool of database connections. It is this package's own type, so that it need not know pgx.
type Pool struct {
	Name     string // the kind of work: app, login, agent or system
	Acquired int    // in use
	Idle     int
	Total    int // in use, idle, or being opened
	Max      int
	// Waits counts the callers that had to wait for a connection, and Waited sums up their waits. Both only grow.
	Waits  int64
	Waited time.Duration
}

// pools collects the pools' figures at each scrape.
type pools struct {
	read                           func() []Pool
	connections, most, waits, wait *prometheus.Desc
}

// newPools makes the collector. All its series have the label "pool".
func newPools(read func() []Pool) *pools {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("streamspace_pool_"+name, help, append([]string{"pool"}, labels...), nil)
	}
	return &pools{
		read:        read,
		connections: desc("connections", "Connections to the database, by state.", "state"),
		most:        desc("max_connections", "Maximum size of the pool."),
		waits:       desc("acquire_waits_total", "Acquires that had to wait for a connection."),
		wait:        desc("acquire_wait_seconds_total", "Time that acquires waited for a connection."),
	}
}

// Describe implements prometheus.Collector.
func (p *pools) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{p.connections, p.most, p.waits, p.wait} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (p *pools) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, s := range p.read() {
		gauge(p.connections, float64(s.Acquired), s.Name, "acquired")
		gauge(p.connections, float64(s.Idle), s.Name, "idle")
		gauge(p.connections, float64(max(0, s.Total-s.Acquired-s.Idle)), s.Name, "constructing")
		gauge(p.most, float64(s.Max), s.Name)
		out <- prometheus.MustNewConstMetric(p.waits, prometheus.CounterValue, float64(s.Waits), s.Name)
		out <- prometheus.MustNewConstMetric(p.wait, prometheus.CounterValue, s.Waited.Seconds(), s.Name)
	}
}

const (
	// countTimeout bounds the count over all organisations; a scrape has a deadline of its own.
	countTimeout = 2 * time.Second
	// countEvery is how long a count is cached, because several scrapers must not multiply the load.
	countEvery = 5 * time.Second
)

// CountSessions counts the sessions of all organisations by their state.
type CountSessions func(ctx context.Context) (map[string]int64, error)

// states are reported even when no session is in them, because a missing series is not zero.
// Ended sessions are history, not load, and are not counted.
var states = []string{"pending", "starting", "running", "terminating"}

// sessionCounts collects the number of sessions in each state.
type sessionCounts struct {
	count CountSessions
	desc  *prometheus.Desc

	mu   sync.Mutex // held during a count, so that concurrent scrapes share one
	last map[string]int64
	err  error
	at   time.Time
}

// newSessions makes the collector. It counts only when it is scraped.
func newSessions(count CountSessions) *sessionCounts {
	return &sessionCounts{count: count, desc: prometheus.NewDesc("streamspace_sessions",
		"Sessions of all organisations, by state.", []string{"state"}, nil)}
}

// Describe implements prometheus.Collector.
func (s *sessionCounts) Describe(out chan<- *prometheus.Desc) { out <- s.desc }

// Collect implements prometheus.Collector. A failed count is an error of this metric, not a zero.
func (s *sessionCounts) Collect(out chan<- prometheus.Metric) {
	counts, err := s.counted()
	if err != nil {
		out <- prometheus.NewInvalidMetric(s.desc, fmt.Errorf("count sessions: %w", err))
		return
	}
	for _, state := range states {
		out <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, float64(counts[state]), state)
	}
}

// counted returns the cached count, or counts again when it is older than countEvery. An error is cached as well, so
// that a database in trouble is not asked more often.
func (s *sessionCounts) counted() (map[string]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.at.IsZero() && time.Since(s.at) < countEvery {
		return s.last, s.err
	}
	//nolint:forbidigo // a scrape has no context that reaches here; the deadline bounds it
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	s.last, s.err = s.count(ctx)
	s.at = time.Now()
	return s.last, s.err
}
