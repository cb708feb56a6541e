package process_test

import (
	"testing"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/fault"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// TestLimitsOfTemplates runs each hog on a host that gives more, with a template that does not, and beside it a session
// whose template states nothing.
func TestLimitsOfTemplates(t *testing.T) {
	t.Parallel()
	for name, hog := range hogs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt := open(t, process.Config{Dir: t.TempDir(), Limits: process.Limits{Memory: 4 << 30}})
			w := runtimetest.Workload()
			w.Spec.Command = []string{"sh", "-c", hog.script}
			w.Spec.Memory, w.Spec.Disk = int(small.Memory>>20), int(small.Disk>>20)
			if err := rt.Start(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			ends(t, rt, w, hog.reason)
		})
	}
}

// TestAboveTheHost starts what asks for more than the host gives a session. Another host may give it.
func TestAboveTheHost(t *testing.T) {
	t.Parallel()
	rt := open(t, process.Config{Dir: t.TempDir(), Limits: process.Limits{
		Memory: 512 << 20, Disk: 512 << 20, CPU: 1000, Processes: 200,
	}})
	for says, spec := range map[string]runtime.Spec{
		"The template asks for 513 MiB of memory, and this host gives a session 512.":                {Memory: 513},
		"The template asks for 513 MiB of disk space, and this host gives a session 512.":            {Disk: 513},
		"The template asks for 1001 thousandths of a processor, and this host gives a session 1000.": {CPU: 1001},
		"The template asks for 201 processes, and this host gives a session 200.":                    {Processes: 201},
	} {
		w := runtimetest.Workload()
		w.Spec = spec
		got := fault.Of(rt.Start(t.Context(), w))
		if got.Code != "above_host_limit" || got.Kind != fault.Unavailable || got.Message != says {
			t.Errorf("%+v: %s %q", spec, got.Code, got.Message)
		}
	}
	w := runtimetest.Workload()
	w.Spec.Memory, w.Spec.Disk, w.Spec.CPU, w.Spec.Processes = 512, 512, 1000, 200
	if err := rt.Start(t.Context(), w); err != nil {
		t.Error(err)
	}
}
