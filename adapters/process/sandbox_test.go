package process

import (
	"os"
	"os/exec"
	"slices"
	"testing"
)

// TestFlatSandbox makes a user namespace inside a sandbox without the filter, where only the sandbox itself can refuse
// it. The agent uses such a sandbox where it is not root.
func TestFlatSandbox(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("TestAsOrdinaryUser runs it")
	}
	if flat, err := confinable(t.Context()); err != nil || !flat {
		t.Skipf("this machine's sandboxes cannot be flat (%v)", err)
	}
	for _, flat := range []bool{true, false} {
		args := slices.Concat(sandbox(0, flat), seal(), []string{"unshare", "--user", "true"})
		out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
		if (err != nil) != flat {
			t.Errorf("flat %v: a namespace inside ends with %v: %s", flat, err, out)
		}
	}
}
