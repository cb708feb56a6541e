package process_test

import (
	"testing"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// TestProgramsEnd tells a desktop that its user closes from a program that fails.
func TestProgramsEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command []string
		reason  string
		output  bool
	}{
		"without an error":         {[]string{"sh", "-c", "echo done; sleep 1"}, runtime.Closed, false},
		"with an error":            {[]string{"sh", "-c", "echo broken; sleep 1; exit 3"}, "desktop_exited", true},
		"by exit of a terminal":    {[]string{"xterm", "-e", "sh", "-c", "sleep 1; exit 3"}, runtime.Closed, false},
		"by the menu of a desktop": {[]string{"sh", "-c", "sleep 1; openbox --exit; sleep 60"}, runtime.Closed, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := open(t, process.Config{Dir: t.TempDir()})
			w := runtimetest.Workload()
			w.Spec.Command = c.command
			if err := rt.Start(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			if s := exited(t, rt); s.Reason != c.reason || (s.Output != "") != c.output {
				t.Errorf("the reason is %q, want %q; output: %q", s.Reason, c.reason, s.Output)
			}
		})
	}
}
