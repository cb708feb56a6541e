// Package needs lists what of the machine's own StreamSpace uses, each with Debian's package that brings it.
package needs

import (
	"context"
	"os"
	"os/exec"

	"github.com/streamspace-dev/streamspace/adapters/apt"
	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/db/cluster"
)

// Database is a PostgreSQL server to run privately.
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

// Sessions are the programs of which a desktop is made, and the font of the demo's terminals.
func Sessions() []apt.Need {
	var all []apt.Need
	for _, p := range process.Programs() {
		all = append(all, apt.Program(p.Name, p.Package))
	}
	return append(all, apt.Need{
		What: "a monospaced font", Package: "fonts-dejavu-core",
		Present: func(context.Context) bool {
			_, err := os.Stat("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf")
			return err == nil
		},
	})
}

// Tests is everything that the tests run: the above, a browser, a pooler, and a C compiler, which Go's race detector
// links with.
func Tests() []apt.Need {
	all := append(Database(), Sessions()...)
	return append(all,
		apt.Program("chromium", "chromium"),
		apt.Need{What: "PgBouncer", Package: "pgbouncer", Present: func(context.Context) bool {
			_, err := os.Stat("/usr/sbin/pgbouncer") // which is not on every user's PATH
			_, elsewhere := exec.LookPath("pgbouncer")
			return err == nil || elsewhere == nil
		}},
		apt.Program("gcc", "gcc"),
		apt.Need{What: "the C library's headers", Package: "libc6-dev", Present: func(context.Context) bool {
			_, err := os.Stat("/usr/include/stdlib.h")
			return err == nil
		}},
	)
}
