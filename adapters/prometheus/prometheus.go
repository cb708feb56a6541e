// Package prometheus counts what happens and serves it as metrics. No metric has an organisation or a user as a label:
// there are too many of them, and who may read metrics is not who may read theirs.
package prometheus

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Sources are where the gauges are read at a scrape. A nil function leaves its metrics out.
type Sources struct {
	Pools    func() []Pool
	Sessions CountSessions
	Agents   func() int // connected to this replica
	Streams  func() int // open on this replica
}

// Metrics is a registry of its own with all of the control plane's metrics.
type Metrics struct {
	registry *prometheus.Registry
	log      *slog.Logger
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	breaches prometheus.Gauge
}

// buckets are in seconds, from a point read to what a login may wait for its turn.
var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15}

// New makes the metrics that are counted as things happen. Those that are read are added by Watch, for what they are
// read from may count here itself.
func New(log *slog.Logger) (*Metrics, error) {
	m := &Metrics{
		registry: prometheus.NewRegistry(), log: log,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "streamspace_http_requests_total", Help: "Requests that were answered.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "streamspace_http_request_duration_seconds", Buckets: buckets,
			Help: "Time from a request's headers to its answer's end; streams and agents' connections are left out.",
		}, []string{"route", "method", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "streamspace_tenancy_refusals_total", Help: "Requests for another organisation's resource.",
		}, []string{"resource"}),
		breaches: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "streamspace_policy_violations",
			Help: "What of the database's catalogue breaks a rule or differs from the manifest; any is a reason to look.",
		}),
	}
	return m, m.register(m.requests, m.duration, m.refusals, m.breaches,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

func (m *Metrics) register(all ...prometheus.Collector) error {
	for _, each := range all {
		if err := m.registry.Register(each); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}

// Watch adds the metrics that are read from the sources. It is called once.
func (m *Metrics) Watch(s Sources) error {
	var all []prometheus.Collector
	if s.Pools != nil {
		all = append(all, newPools(s.Pools))
	}
	if s.Sessions != nil {
		all = append(all, newSessions(s.Sessions))
	}
	for _, g := range []struct {
		name, help string
		count      func() int
	}{
		{"streamspace_agents_connected", "Agents that have a control connection to this replica.", s.Agents},
		{"streamspace_streams_open", "Desktops' streams that are open on this replica.", s.Streams},
	} {
		if g.count != nil {
			all = append(all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help},
				func() float64 { return float64(g.count()) }))
		}
	}
	return m.register(all...)
}

// Answered counts a request. The route is a pattern; a method or a status that is not HTTP's own is counted as "other".
func (m *Metrics) Answered(route, method string, status int, took time.Duration) {
	method, class := methodLabel(method), statusLabel(status)
	m.requests.WithLabelValues(route, method, class).Inc()
	if status != http.StatusSwitchingProtocols { // how long a desktop is used says nothing about latency
		m.duration.WithLabelValues(route, method, class).Observe(took.Seconds())
	}
}

// Refusals implements audit.Counter. The metric begins at zero, so that the first refusal is an increase that an alert
// sees.
func (m *Metrics) Refusals(resource string) func() { return m.refusals.WithLabelValues(resource).Inc }

// Violations says how much of the database's catalogue is not as it must be.
func (m *Metrics) Violations(n int) { m.breaches.Set(float64(n)) }

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(m.log.Handler(), slog.LevelError),
		// A database that does not answer must not hide everything else.
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
	})
}

// known bounds the label: the client chooses the method.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return method
	default:
		return "other"
	}
}

func statusLabel(status int) string {
	if status < 100 || status > 599 {
		return "other"
	}
	return [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}[status/100-1]
}
