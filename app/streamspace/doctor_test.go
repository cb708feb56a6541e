package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	desktops "github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/app/agent"
)

// examined runs the doctor as a program: behind the command before, with the environment. It returns what each check
// found, and the exit status.
func examined(t *testing.T, environ []string, before ...string) (map[string]desktops.Finding, int) {
	t.Helper()
	dir, err := os.MkdirTemp("", "streamspace-doctor-") // where other users can reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, program)
	if err := os.Symlink(self, file); err != nil {
		t.Fatal(err)
	}
	args := slices.Concat(before, []string{file, "agent", "doctor", "--json"})
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	var out, said bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = environ, &out, &said
	_ = cmd.Run()
	var r agent.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s%s", err, &out, &said)
	}
	status := cmd.ProcessState.ExitCode()
	if r.OK != (status == 0) {
		t.Errorf("ok is %v, and the exit status %d", r.OK, status)
	}
	all := map[string]desktops.Finding{}
	for _, f := range r.Findings {
		if (f.State == desktops.OK) != (f.Follows == "" && f.Mend == "") {
			t.Errorf("a finding says too little or too much: %+v", f)
		}
		all[f.Check] = f
	}
	return all, status
}

// TestDoctor examines this host as it is, which starts desktops in other tests, and without a program.
func TestDoctor(t *testing.T) {
	t.Parallel()
	path := "PATH=" + os.Getenv("PATH")
	all, status := examined(t, []string{path, "STREAMSPACE_DATA=" + t.TempDir()})
	if status != 0 || all["desktop"].State != desktops.OK || all["data folder"].State != desktops.OK {
		t.Errorf("the exit status is %d: %+v", status, all)
	}

	without := t.TempDir()
	for _, p := range desktops.Programs() {
		file, err := exec.LookPath(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Package == "bubblewrap" {
			continue
		}
		if err := os.Symlink(file, filepath.Join(without, p.Name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, unconfined := range []string{"false", "true"} {
		all, status := examined(t, []string{"PATH=" + without, "STREAMSPACE_AGENT_UNCONFINED=" + unconfined})
		if unconfined == "true" {
			if all["bubblewrap"].State != desktops.OK || all["namespaces"].State != desktops.Warning {
				t.Errorf("without namespaces: %+v", all)
			}
			continue
		}
		if status != 1 || all["desktop"].State != desktops.Failure || all["namespaces"].State != desktops.Failure {
			t.Errorf("without bubblewrap the exit status is %d: %+v", status, all)
		}
		if mend := all["packages"].Mend; mend != "apt-get install --yes bubblewrap" {
			t.Errorf("without bubblewrap the advice is %q", mend)
		}
	}
}

func TestDoctorFindsNoControlPlane(t *testing.T) {
	t.Parallel()
	all, status := examined(t, []string{
		"PATH=" + os.Getenv("PATH"), "STREAMSPACE_CONTROL_URL=http://user:secret@127.0.0.1:1",
		"STREAMSPACE_DATA=/proc/streamspace",
	})
	for _, check := range []string{"control plane", "data folder"} {
		if f := all[check]; status != 1 || f.State != desktops.Failure || strings.Contains(f.Found, "secret") {
			t.Errorf("the exit status is %d: %+v", status, f)
		}
	}
}

// TestTheAgentsUnitAllowsEnough examines this host with the capabilities of the agent's unit alone, and finds
// everything that this host's root can do.
func TestTheAgentsUnitAllowsEnough(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can drop capabilities")
	}
	environ := []string{"PATH=" + os.Getenv("PATH"), "STREAMSPACE_DATA=" + t.TempDir(), "STREAMSPACE_AGENT_SLOTS=1"}
	m := &machine{T: t}
	u := readUnit(t, "../../deploy/systemd/streamspace-agent.service")
	bounded, status := examined(t, environ, m.dropTo(u)...)
	if status != 0 {
		t.Errorf("with the capabilities of the unit the exit status is %d", status)
	}
	free, _ := examined(t, environ)
	for check, f := range free {
		if bounded[check].State != f.State {
			t.Errorf("root's %s is %s; with the capabilities of the unit it is %+v", check, f.State, bounded[check])
		}
	}
}
