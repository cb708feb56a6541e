package db_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// latency matches what pgbench prints.
var latency = regexp.MustCompile(`latency average = ([\d.]+) ms`)

// BenchmarkStatements measures the SQL of a request alone, without our program: pgbench runs the scripts of bench/ on
// one connection. The difference to empty.sql is what an organisation's isolation costs in each transaction.
func BenchmarkStatements(b *testing.B) {
	d, err := dbtest.Open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() })
	o := d.NewOrg(b, dbtest.Spec{})
	member := d.Connect(b, "streamspace_app")
	session := uuid.New()
	if _, err := member.Exec(b.Context(), "begin"); err != nil {
		b.Fatal(err)
	}
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{"select rls.enter($1, $2, $3, $4, false)",
			[]any{o.ID.UUID, o.Member.User.UUID, string(o.Member.Role), o.Member.Credential.UUID}},
		{`insert into app.sessions (id, owner_id, name, template_id, template_name, template_title, spec)
			values ($1, $2, 'bench', $3, 'desk', 'Desk', '{}')`, []any{session, o.Member.User.UUID, o.Template}},
		{"commit", nil},
	} {
		if _, err := member.Exec(b.Context(), s.sql, s.args...); err != nil {
			b.Fatalf("%s: %v", s.sql, err)
		}
	}
	if _, err := d.Superuser(b).Exec(b.Context(), "vacuum analyze"); err != nil {
		b.Fatal(err)
	}
	binaries, err := cluster.Find(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	pgbench, err := binaries.Program("pgbench")
	if err != nil {
		b.Skip(err)
	}
	scripts, err := filepath.Glob("bench/*.sql")
	if err != nil || len(scripts) == 0 {
		b.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		b.Run(filepath.Base(script), func(b *testing.B) {
			// #nosec G204 -- the program of the server, with values that were made here
			cmd := exec.CommandContext(b.Context(), pgbench, "--no-vacuum", "--protocol=prepared", "--file="+script,
				"--transactions="+strconv.Itoa(max(b.N, 1000)),
				"--define=org="+o.ID.String(), "--define=usr="+o.Member.User.String(), "--define=role="+string(o.Member.Role),
				"--define=credential="+o.Member.Credential.String(), "--define=session="+session.String(),
				d.DSN("streamspace_app"))
			out, err := cmd.CombinedOutput()
			if err != nil {
				b.Fatalf("pgbench: %v\n%s", err, out)
			}
			m := latency.FindSubmatch(out)
			if m == nil {
				b.Fatalf("pgbench says no latency:\n%s", out)
			}
			ms, err := strconv.ParseFloat(string(m[1]), 64)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(ms*1000, "µs/tx")
			b.ReportMetric(0, "ns/op")
		})
	}
}
