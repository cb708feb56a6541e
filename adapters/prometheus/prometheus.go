// Package prometheus collects the control plane's metrics and serves them in Prometheus' text format. app/server makes
// one Metrics, gives it to the packages that count (it implements adapters/http.Observer and modules/audit.Counter),
// and serves its Handler on the operators' address.
//
// No metric has an organisation or a user as a label. There would be too many time series, and an operator who may read
// metrics may not read an organisation's data. All labels have a fixed set of values: routes are patterns, and unknown
// methods and statuses are "other".
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

// Sources has the functions that are called at each scrape. A nil function leaves its metrics out.
type Sources struct {
	Pools    func() []Pool
	Sessions CountSessions
	Agents   func() int // connected to this process
	Streams  func() int // open on this process
}

// Metrics has all metrics of the control plane, in a registry of its own. Prometheus' global registry would let any
// dependency add metrics, and tests share them. It is safe for concurrent use.
type Metrics struct {
	registry   *prometheus.Registry
	log        *slog.Logger
	requests   *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	refusals   *prometheus.CounterVec
	violations prometheus.Gauge
}

// buckets are in seconds. The smallest fits a point read, the largest a login that waits for its password check.
var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15}

// New makes the metrics that are counted. Watch adds the metrics that are read at a scrape. It is a separate step,
// because their sources may themselves need Metrics.
func New(log *slog.Logger) (*Metrics, error) {
	m := &Metrics{
		registry: prometheus.NewRegistry(), log: log,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "streamspace_http_requests_total", Help: "Requests that got a response.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "streamspace_http_request_duration_seconds", Buckets: buckets,
			Help: "Time from a request's headers to the end of its response, without streams and agents' connections.",
		}, []string{"route", "method", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "streamspace_tenancy_refusals_total", Help: "Refused requests for another organisation's resource.",
		}, []string{"resource"}),
		violations: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "streamspace_policy_violations",
			Help: "Findings in the database's catalogue: broken rules and differences from the manifest. Alert when not zero.",
		}),
	}
	return m, m.register(m.requests, m.duration, m.refusals, m.violations,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// register fails when two metrics have the same name, which is a mistake in this program.
func (m *Metrics) register(all ...prometheus.Collector) error {
	for _, each := range all {
		if err := m.registry.Register(each); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}

// Watch adds the metrics that are read from the sources. Call it once.
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
		{"streamspace_agents_connected", "Agents that have a control connection to this process.", s.Agents},
		{"streamspace_streams_open", "Streams of desktops that are open on this process.", s.Streams},
	} {
		if g.count != nil {
			all = append(all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help},
				func() float64 { return float64(g.count()) }))
		}
	}
	return m.register(all...)
}

// Responded counts a request. The route is a pattern. Unknown methods and statuses count as "other".
func (m *Metrics) Responded(route, method string, status int, took time.Duration) {
	method, class := methodLabel(method), statusLabel(status)
	m.requests.WithLabelValues(route, method, class).Inc()
	if status != http.StatusSwitchingProtocols { // how long a desktop is used says nothing about latency
		m.duration.WithLabelValues(route, method, class).Observe(took.Seconds())
	}
}

// Refusals implements audit.Counter. The metric begins at zero, so that the first refusal is an increase that an alert
// sees.
func (m *Metrics) Refusals(resource string) func() { return m.refusals.WithLabelValues(resource).Inc }

// Violations sets the number of findings in the database's catalogue.
func (m *Metrics) Violations(n int) { m.violations.Set(float64(n)) }

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(m.log.Handler(), slog.LevelError),
		// A database that does not respond must not hide the other metrics.
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4, // each scrape may query the database
	})
}

// methodLabel bounds the values of the label, because the client chooses the method.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return method
	default:
		return "other"
	}
}

// statusLabel returns the class of a status. The exact status would multiply the series of each route; the request's
// log line has it.
func statusLabel(status int) string {
	if status < 100 || status > 599 {
		return "other"
	}
	return [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}[status/100-1]
}
