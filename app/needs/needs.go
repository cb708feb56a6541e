// Package needs lists the programs and files that StreamSpace requires on the machine, each with its Debian package.
package needs

import (
	"context"
	"os"
	"os/exec"
	"runtime"

	"github.com/streamspace-dev/streamspace/adapters/apt"
	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/db/cluster"
)

// Database is what a private PostgreSQL server requires.
func Database() []apt.Need {
	return []apt.Need{{
		What:    "PostgreSQL 15 or later",
		Package: "postgresql",
		Present: func(ctx context.Context) bool {
			_, err := cluster.Find(ctx)
			return err == nil
		},
	}}
}

// Sessions is what a desktop requires: its programs, and a font for the terminals of the demo.
func Sessions() []apt.Need {
	var all []apt.Need
	for _, p := range process.Programs() {
		all = append(all, apt.Program(p.Name, p.Package))
	}
	if os.Geteuid() == 0 { // only root mounts file systems
		all = append(all, server("mkfs.ext4", "e2fsprogs"))
	}
	return append(all, apt.Need{
		What: "a monospaced font", Package: "fonts-dejavu-core",
		Present: func(context.Context) bool {
			_, err := os.Stat("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf")
			return err == nil
		},
	})
}

// Tests is what the tests require: all of the above, a browser, a pooler, two proxies, a mail server, the programs of
// the production guide (systemd checks the units and makes their user in a folder; it runs only in a virtual machine),
// the virtual machine, and a C compiler for Go's race detector.
func Tests() []apt.Need {
	all := append(Database(), Sessions()...)
	if runtime.GOARCH == "amd64" { // tools/vm.sh knows no other machine
		all = append(all, apt.Program("qemu-system-x86_64", "qemu-system-x86"))
	}
	return append(all,
		apt.Program("chromium", "chromium"),
		server("pgbouncer", "pgbouncer"), server("nginx", "nginx"), server("haproxy", "haproxy"),
		apt.Program("systemd-analyze", "systemd"),
		apt.Program("openssl", "openssl"),
		apt.Program("curl", "curl"),
		apt.Need{What: "a mail server", Package: "python3-aiosmtpd", Present: func(ctx context.Context) bool {
			return exec.CommandContext(ctx, "/usr/bin/python3", "-c", "import aiosmtpd").Run() == nil // Debian's, not PATH's
		}},
		apt.Program("gcc", "gcc"),
		apt.Need{What: "the C library's headers", Package: "libc6-dev", Present: func(context.Context) bool {
			_, err := os.Stat("/usr/include/stdlib.h")
			return err == nil
		}},
	)
}

// server is a program that may be in a folder that is not on every user's PATH.
func server(name, pkg string) apt.Need {
	return apt.Need{What: name, Package: pkg, Present: func(context.Context) bool {
		_, err := os.Stat("/usr/sbin/" + name)
		_, elsewhere := exec.LookPath(name)
		return err == nil || elsewhere == nil
	}}
}
