package process_test

import (
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// BenchmarkStart is a session's way from a start to its display's greeting, to its first frame, and its end: with all
// that holds it, and with parts of that left out. BenchmarkStartParts measures single parts.
func BenchmarkStart(b *testing.B) {
	limits := process.Limits{Memory: 1 << 30, Disk: 1 << 30, CPU: 2000}
	for _, c := range []struct {
		name      string
		cfg       process.Config
		ungrouped bool
	}{
		{"confined", process.Config{Dir: b.TempDir(), Limits: limits}, false},
		{"without limits", process.Config{Dir: b.TempDir()}, false},
		{"without groups", process.Config{Dir: b.TempDir()}, true},
		{"unconfined", process.Config{Dir: enterable(b), Unconfined: true}, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			rt := open(b, c.cfg)
			if c.ungrouped {
				rt.Ungroup()
			}
			var starting, painting, stopping time.Duration
			for b.Loop() {
				w := runtimetest.Workload()
				began := time.Now()
				if err := rt.Start(b.Context(), w); err != nil {
					b.Fatal(err)
				}
				started := time.Now()
				view(b, rt, w.Session, 1280, 800)
				painted := time.Now()
				if err := rt.Stop(b.Context(), w.Session); err != nil {
					b.Fatal(err)
				}
				starting += started.Sub(began)
				painting += painted.Sub(began)
				stopping += time.Since(painted)
			}
			perOp := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(b.N) }
			b.ReportMetric(perOp(starting), "start-ms/op")
			b.ReportMetric(perOp(painting), "first-frame-ms/op")
			b.ReportMetric(perOp(stopping), "stop-ms/op")
		})
	}
}
