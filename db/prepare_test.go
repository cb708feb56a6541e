package db_test

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/cluster"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

func TestPreparingSaysWhatTheAdministratorLacks(t *testing.T) {
	t.Parallel()
	d := dbtest.OwnManaged(t)
	super := d.Superuser(t)
	for _, c := range []struct{ name, before, database, want string }{
		{"no database", "select", "elsewhere", "there is no database elsewhere: create it"},
		{"no CREATEROLE", "alter role dba nocreaterole", "streamspace",
			"dba may not create roles: connect as a superuser or"},
		{"another's database", "alter role dba createrole; alter database streamspace owner to postgres; " +
			"grant connect on database streamspace to dba", "streamspace",
			"dba does not own the database, postgres does: connect as its owner"},
	} {
		run(t, super, c.before)
		config := d.Config(dbtest.Administrator)
		config.Database = c.database
		if _, err := db.Prepare(t.Context(), config, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// Both kinds of administrator may prepare again at any time, and put right what was changed by hand.
func TestPreparingAgainPutsRightWhatChanged(t *testing.T) {
	t.Parallel()
	for _, administrator := range []string{cluster.Superuser, dbtest.Administrator} {
		t.Run(administrator, func(t *testing.T) {
			t.Parallel()
			open, broken := dbtest.Own, "alter role streamspace_app superuser bypassrls replication; "
			if administrator == dbtest.Administrator {
				open, broken = dbtest.OwnManaged, ""
			}
			d := open(t)
			auditor := d.Connect(t, "streamspace_auditor")
			run(t, d.Superuser(t), broken+"alter role streamspace_agent createdb inherit; alter role streamspace_owner login; "+
				"grant temporary on database streamspace to public; grant create on schema public to public")
			if len(violations(t, auditor)) == 0 {
				t.Fatal("nothing is broken")
			}
			var progress strings.Builder
			left, err := db.Prepare(t.Context(), d.Config(administrator), &progress)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string(nil), violations(t, auditor)); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
			if managed := administrator == dbtest.Administrator; managed != (len(left) == 3) {
				t.Errorf("what stays: %v", left)
			}
			for _, want := range []string{"roles: ", "database streamspace: "} {
				if !strings.Contains(progress.String(), want) {
					t.Errorf("progress: %s", &progress)
				}
			}
		})
	}
}
