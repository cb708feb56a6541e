// Package apt installs missing programs with apt-get, as root on Debian and its derivatives. Without root or apt-get,
// its error contains the command to run. `streamspace dev` and `make` call it, so that one command is enough on a new
// machine; `serve` and `agent` never do, because a production host is not theirs to change. app/needs lists what is
// required.
//
// An installation starts no services and creates no PostgreSQL cluster. One run of apt-get may take 15 minutes.
package apt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Need is something that a program requires on the machine.
type Need struct {
	// What names it in messages: "PostgreSQL 15 or later".
	What string
	// Package is the Debian package that contains it.
	Package string
	// Present reports whether the machine has it, from whatever source.
	Present func(context.Context) bool
}

// Program returns the need for a program on PATH.
func Program(name, pkg string) Need {
	return Need{What: name, Package: pkg, Present: func(context.Context) bool {
		_, err := exec.LookPath(name)
		return err == nil
	}}
}

// Ensure installs what is missing. It needs root and apt-get; without them its error contains the command to run. It
// writes a line to out for each package. When nothing is missing, it does not use the network.
func Ensure(ctx context.Context, out io.Writer, needs []Need) error {
	machine := host{root: os.Getuid() == 0, command: "apt-get", etc: "/etc", policy: "/usr/sbin/policy-rc.d"}
	return machine.ensure(ctx, out, needs)
}

// installTimeout bounds one run of apt-get: a browser is 100 MB, and a mirror may be slow.
const installTimeout = 15 * time.Minute

// host is the part of the machine that this package uses.
type host struct {
	root    bool
	command string // apt-get, on PATH or as a path
	etc     string
	policy  string // the script that decides whether an installation starts services
}

func (h host) ensure(ctx context.Context, out io.Writer, needs []Need) (err error) {
	missing := absent(ctx, needs)
	if len(missing) == 0 {
		return nil
	}
	packages := packagesOf(missing)
	if _, err := exec.LookPath(h.command); !h.root || err != nil {
		return fmt.Errorf("missing on this machine: %s; run: sudo apt-get install -y --no-install-recommends %s",
			names(missing), strings.Join(packages, " "))
	}
	fmt.Fprintf(out, "Installing %s (needed only once)\n", strings.Join(packages, ", "))
	if err := h.keepClustersOut(packages); err != nil {
		return err
	}
	restore, err := h.keepServicesDown()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, restore()) }()
	if err := h.install(ctx, out, packages); err != nil {
		return err
	}
	if still := absent(ctx, needs); len(still) > 0 {
		return fmt.Errorf("installed %s, but still missing: %s", strings.Join(packages, ", "), names(still))
	}
	return nil
}

// install tries with the machine's package lists, and once more after an update: a new machine has no lists, and old
// lists name versions that mirrors no longer have.
func (h host) install(ctx context.Context, out io.Writer, packages []string) error {
	args := append([]string{"install", "-y", "--no-install-recommends"}, packages...)
	first := h.run(ctx, out, args...)
	if first == nil || ctx.Err() != nil {
		return first
	}
	fmt.Fprintln(out, "  updating the package lists")
	if err := h.run(ctx, out, "update"); err != nil {
		return errors.Join(first, err)
	}
	return h.run(ctx, out, args...)
}

// run runs apt-get so that it asks no questions and waits for another run of it.
func (h host) run(ctx context.Context, out io.Writer, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, h.command, append([]string{"-o", "DPkg::Lock::Timeout=120"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8")
	// An interrupted apt-get stops between two packages. A killed one would leave a package half installed.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	said := &progress{out: out}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run apt-get %s: %w\n%s", strings.Join(args, " "), err, said.tail())
	}
	return nil
}

// absent returns the needs that the machine does not meet.
func absent(ctx context.Context, needs []Need) []Need {
	return slices.DeleteFunc(slices.Clone(needs), func(n Need) bool { return n.Present(ctx) })
}

// packagesOf returns the packages of the needs, sorted and without duplicates.
func packagesOf(needs []Need) []string {
	var all []string
	for _, n := range needs {
		all = append(all, n.Package)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func names(needs []Need) string {
	var all []string
	for _, n := range needs {
		all = append(all, n.What)
	}
	return strings.Join(all, ", ")
}
