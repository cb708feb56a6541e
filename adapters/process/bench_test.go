package process_test

import (
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// BenchmarkStart is a session's way from a start to its display's greeting, and its end.
func BenchmarkStart(b *testing.B) {
	for name, cfg := range map[string]process.Config{
		"confined": {Dir: b.TempDir()}, "unconfined": {Dir: enterable(b), Unconfined: true},
	} {
		b.Run(name, func(b *testing.B) {
			rt := open(b, cfg)
			var starting, stopping time.Duration
			for b.Loop() {
				w := runtimetest.Workload()
				began := time.Now()
				if err := rt.Start(b.Context(), w); err != nil {
					b.Fatal(err)
				}
				started := time.Now()
				if err := rt.Stop(b.Context(), w.Session); err != nil {
					b.Fatal(err)
				}
				starting += started.Sub(began)
				stopping += time.Since(started)
			}
			b.ReportMetric(float64(starting.Milliseconds())/float64(b.N), "start-ms/op")
			b.ReportMetric(float64(stopping.Milliseconds())/float64(b.N), "stop-ms/op")
		})
	}
}
