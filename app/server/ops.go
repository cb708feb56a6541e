package server

import (
	"context"
	"net/http"
	"time"
)

// readyTimeout bounds the database ping of the readiness check.
const readyTimeout = 2 * time.Second

// opsRoutes serves the operators' routes: the liveness check, the readiness check and the metrics. Only readiness asks
// the database. A liveness check that did would restart every control plane when the database is down.
func (p *parts) opsRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := p.db.Ping(ctx); err != nil {
			p.log.WarnContext(ctx, "not ready: the database does not respond", "error", err)
			respond(w, http.StatusServiceUnavailable, "the database does not respond")
			return
		}
		respond(w, http.StatusOK, "ready")
	})
	mux.Handle("GET /metrics", p.metrics.Handler())
	return mux
}

// respond writes one line of text. Probes read only the status; the line is for a person.
func respond(w http.ResponseWriter, status int, says string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(says + "\n"))
}
