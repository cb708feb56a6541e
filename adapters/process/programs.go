package process

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// Program is a program that sessions need on this host.
type Program struct {
	Name    string // of the file on PATH
	Package string // Debian's package that has it
}

const bubblewrap = "bwrap"

// Programs lists what sessions need, each with Debian's package of it. app/needs installs from the same list, so that
// it cannot disagree with the agent's check.
func Programs() []Program {
	return []Program{
		{"Xvnc", "tigervnc-standalone-server"},
		{"openbox", "openbox"},
		{"xterm", "xterm"},
		{bubblewrap, "bubblewrap"},
		{"setpriv", "util-linux"},
		{"prlimit", "util-linux"},
	}
}

// Missing lists those of Programs that are not on PATH.
func Missing() []Program {
	var missing []Program
	for _, p := range Programs() {
		if _, err := exec.LookPath(p.Name); err != nil {
			missing = append(missing, p)
		}
	}
	return missing
}

// installed fails when a program is missing; the error contains the command that installs it. Sessions without
// namespaces do not need bubblewrap.
func installed(unconfined bool) error {
	var names, packages []string
	for _, p := range Missing() {
		if unconfined && p.Name == bubblewrap {
			continue
		}
		names = append(names, p.Name)
		if !slices.Contains(packages, p.Package) {
			packages = append(packages, p.Package)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%s not found on PATH: apt-get install --yes %s",
		strings.Join(names, ", "), strings.Join(packages, " "))
}
