package server

import (
	"context"
	"net/http"
	"time"
)

// readyPatience bounds the question to the database.
const readyPatience = 2 * time.Second

// opsRoutes are for the operator: whether the process lives, whether it can answer requests, and its metrics.
func (p *parts) opsRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyPatience)
		defer cancel()
		if err := p.db.Ping(ctx); err != nil {
			p.log.WarnContext(ctx, "not ready", "error", err)
			answer(w, http.StatusServiceUnavailable, "the database does not answer")
			return
		}
		answer(w, http.StatusOK, "ready")
	})
	mux.Handle("GET /metrics", p.metrics.Handler())
	return mux
}

func answer(w http.ResponseWriter, status int, says string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(says + "\n"))
}
