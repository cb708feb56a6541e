package process_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// within leaves room for what the hogs below use. They stay within it: a session that exceeds a limit ends, and then
// disturbs nobody.
var within = process.Limits{Memory: 1 << 30, Disk: 512 << 20, Processes: 1000}

// steadyHog uses as much of its host as it may, and goes on.
type steadyHog struct {
	name, script string
	terminal     bool // it runs in a terminal
	side         int  // of its display, of which somebody views all; 0: nobody does
	ungrouped    bool // without control groups
}

var steadyHogs = []steadyHog{
	{name: "processors", script: spin(8)},
	{name: "processors without groups", script: spin(8), ungrouped: true},
	// It takes memory again that it has given back a moment before. A virtual machine whose host must find new memory
	// stands still meanwhile, whatever its kernel does.
	{name: "memory", script: "for i in 1 2 3 4; do perl -e '$_ = \"x\" x 1e8, undef $_ while 1' & done; wait"},
	{name: "fork bomb", script: "exec perl -e 'fork while 1'"}, // it goes on when the kernel refuses a process
	{name: "files", script: `for i in 1 2 3; do
		(while :; do head -c 120M /dev/zero >$i; sync $i; rm $i; done) &
	done; wait`},
	{name: "small files", script: "while :; do seq 10000 | xargs touch; seq 10000 | xargs rm; done"},
	{name: "display", script: `while :; do printf '\033[?5h\033[?5l'; done`, terminal: true, side: 4096},
	{name: "terminal", script: "yes", terminal: true, side: 1024},
	{name: "output", script: "yes & yes & yes & yes"},
}

// BenchmarkNeighbour measures the time from a key press until a terminal shows the letter: on a host with nothing else
// to do, and beside each hog.
func BenchmarkNeighbour(b *testing.B) {
	for _, hog := range steadyHogs {
		b.Run(hog.name, func(b *testing.B) {
			rt := open(b, process.Config{Dir: b.TempDir(), Limits: within})
			if hog.ungrouped {
				rt.Ungroup()
			}
			person := sitDown(b, rt)
			var quiet, beside []time.Duration
			for b.Loop() {
				quiet = append(quiet, person.types(b)...)
				leave := hog.start(b, rt)
				beside = append(beside, person.types(b)...)
				leave()
			}
			b.ReportMetric(0, "ns/op")
			for p, name := range map[int]string{50: "p50", 99: "p99"} {
				b.ReportMetric(percentile(quiet, p), "quiet-ms-"+name)
				b.ReportMetric(percentile(beside, p), "ms-"+name)
				b.ReportMetric(percentile(beside, p)/percentile(quiet, p), "of-quiet-"+name)
			}
		})
	}
}

// start starts the hog. leave ends it, and fails when a limit has ended it before.
func (hog steadyHog) start(b *testing.B, rt *process.Runtime) (leave func()) {
	b.Helper()
	w, unview := runtimetest.Workload(), func() {}
	w.Spec.Command, w.Spec.Width, w.Spec.Height = []string{"sh", "-c", hog.script}, hog.side, hog.side
	if hog.terminal {
		w.Spec.Command = append([]string{"xterm", "-e"}, w.Spec.Command...)
	}
	if err := rt.Start(b.Context(), w); err != nil {
		b.Fatal(err)
	}
	if hog.side > 0 {
		unview = viewAll(b, rt, w.Session, hog.side)
	}
	time.Sleep(time.Second) // until all of it runs
	return func() {
		if s := statusOf(b, rt, w); s.Phase != runtime.Running {
			b.Fatalf("the hog ended: %s", s.Reason)
		}
		unview()
		if err := rt.Stop(b.Context(), w.Session); err != nil {
			b.Fatal(err)
		}
	}
}

// typist types a letter into a terminal, and removes it again.
type typist struct {
	*viewer
	with, without []byte // the picture with the letter and without
}

// sitDown starts a terminal and waits until it shows what is typed.
func sitDown(b *testing.B, rt *process.Runtime) typist {
	b.Helper()
	w := runtimetest.Workload()
	w.Spec.Command = []string{"xterm", "-e", "cat"} // the terminal itself shows the letters, and removes them
	if err := rt.Start(b.Context(), w); err != nil {
		b.Fatal(err)
	}
	t := typist{viewer: view(b, rt, w.Session, 64, 32)}
	for {
		var all [4][]byte
		for i := range all {
			var err error
			if all[i], err = t.settle([]uint32{letterA, backspace}[i%2]); err != nil {
				b.Fatal(err)
			}
		}
		t.with, t.without = all[0], all[1]
		if bytes.Equal(all[0], all[2]) && bytes.Equal(all[1], all[3]) && !bytes.Equal(all[0], all[1]) {
			return t
		}
	}
}

// types returns how long each of some letters took until it was seen or had gone.
func (t typist) types(b *testing.B) (all []time.Duration) {
	b.Helper()
	const letters = 100
	for range letters {
		for _, key := range []struct {
			name    uint32
			picture []byte
		}{{letterA, t.with}, {backspace, t.without}} {
			// Without a rhythm, which the display's own could match. A person types a key in 100 to 200 ms.
			time.Sleep(20*time.Millisecond + rand.N(40*time.Millisecond))
			began := time.Now()
			if err := errors.Join(t.press(key.name), t.until(key.picture)); err != nil {
				b.Fatal(err)
			}
			all = append(all, time.Since(began))
		}
	}
	return all
}

// viewAll views a whole display and takes all that it sends, until leave is called.
func viewAll(b *testing.B, rt *process.Runtime, session uuid.UUID, side int) (leave func()) {
	b.Helper()
	v, done := view(b, rt, session, side, side), make(chan struct{})
	_ = v.conn.SetDeadline(time.Time{})
	go func() {
		defer close(done)
		for v.ask(1) == nil && v.read() == nil {
		}
	}()
	return func() { _ = v.conn.Close(); <-done }
}

// percentile is in milliseconds.
func percentile(all []time.Duration, p int) float64 {
	slices.Sort(all)
	return float64(all[(len(all)-1)*p/100].Microseconds()) / 1000
}

// TestSessionsWeighAsOneProgram looks at the group of all sessions, in which TestShareOfProcessors looks at each. A
// session that has many processes takes nothing from the other programs of its host.
func TestSessionsWeighAsOneProgram(t *testing.T) {
	t.Parallel()
	cfg := process.Config{Dir: t.TempDir(), Limits: within}
	rt := open(t, cfg)
	needs(t, rt, "cpu")
	for _, processors := range []int{0, 4000} {
		w := runtimetest.Workload()
		w.Spec.CPU = processors
		if err := rt.Start(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, folder := range groupsOf(t, cfg.Dir, w.Session) {
			all = append(all, filepath.Dir(folder))
		}
		if got := of(all, "cpu.shares", "cpu.weight"); got != "1024" && got != "100" {
			t.Errorf("with a session of %d processors the weight of all is %q", processors, got)
		}
	}
}
