package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// rewrite writes the log of an organisation anew from its fourth entry on, as a superuser can: with a chain that fits,
// and its head.
const rewrite = `do $$
declare
  e app.audit_log;
  was bytea;
begin
  set local session_replication_role = replica;
  update app.audit_log set subject = 'nothing' where org_id = '{org}' and seq = 4;
  select hash into was from app.audit_log where org_id = '{org}' and seq = 3;
  for e in select * from app.audit_log where org_id = '{org}' and seq > 3 order by seq loop
    e.previous := was;
    e.hash := rls.audit_hash(was, e);
    update app.audit_log set previous = e.previous, hash = e.hash where org_id = e.org_id and seq = e.seq;
    was := e.hash;
  end loop;
  update app.org_heads set audit_hash = was where org_id = '{org}';
end $$`

// shorten removes the last entry of a log, as a superuser can: with its head.
const shorten = `do $$
begin
  set local session_replication_role = replica;
  delete from app.audit_log where org_id = '{org}'
    and seq = (select audit_seq from app.org_heads where org_id = '{org}');
  update app.org_heads h set (audit_seq, audit_hash) = (select a.seq, a.hash from app.audit_log a
    where a.org_id = h.org_id order by seq desc limit 1) where h.org_id = '{org}';
end $$`

// remove removes an organisation, as a superuser can.
const remove = `do $$
begin
  set local session_replication_role = replica;
  delete from app.audit_log where org_id = '{org}';
  delete from app.org_heads where org_id = '{org}';
  delete from app.organizations where id = '{org}';
end $$`

// Someone who controls the database can write a log anew so that its chain fits. Only heads that were kept elsewhere
// show it. They also show a log that was shortened, and one that was removed.
func TestKeptHeadsShowAChangedLog(t *testing.T) {
	t.Parallel()
	d := newDesk(t, dbtest.Own(t), "keeps heads")
	orgs := map[string]*dbtest.Org{}
	for _, name := range []string{"intact", "changed", "rewritten", "shortened", "removed"} {
		orgs[name] = d.db.NewOrg(t, dbtest.Spec{})
	}
	heads := filepath.Join(d.files, "heads")
	result := func(name, line string, more ...string) string {
		t.Helper()
		_, out, _ := d.run("audit verify --output json "+line, more...)
		for text := range strings.Lines(out) {
			var row struct{ Org, Result string }
			if err := json.Unmarshal([]byte(text), &row); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if row.Org == orgs[name].Slug {
				return row.Result
			}
		}
		return ""
	}
	change := func(name, sql string) {
		t.Helper()
		if _, err := d.super.Exec(t.Context(), strings.ReplaceAll(sql, "{org}", orgs[name].ID.String())); err != nil {
			t.Fatal(err)
		}
	}
	d.does("audit heads --heads " + heads)
	d.does("org suspend " + orgs["rewritten"].Slug) // what is written later changes nothing about it
	d.does("audit verify --heads " + heads)

	change("rewritten", rewrite)
	change("shortened", shorten)
	change("removed", remove)
	d.does("audit verify") // without the heads, nothing shows it
	d.does("audit heads --heads " + heads)
	change("changed", `do $$ begin set local session_replication_role = replica;
		update app.audit_log set subject = 'nothing' where org_id = '{org}' and seq = 2; end $$`)
	status, out, said := d.run("audit verify", "--heads", heads)
	if status != 1 || !strings.Contains(said, errChanged.Error()) {
		t.Errorf("status %d: %s\n%s", status, said, out)
	}
	if got := strings.Count(out, "intact"); got != 1 {
		t.Errorf("%d logs are intact:\n%s", got, out)
	}
	for name, want := range map[string]string{
		"intact": "intact", "changed": "entry 2 was changed", "rewritten": "or one before it was rewritten",
		"shortened": "the log ends with entry ", "removed": "was removed with its organisation",
	} {
		if got := result(name, "--heads "+heads); !strings.Contains(got, want) {
			t.Errorf("%s: %q", name, got)
		}
		if name == "removed" {
			continue // its slug names nothing any more
		}
		if got := result(name, "--heads "+heads+" --org "+orgs[name].Slug); !strings.Contains(got, want) {
			t.Errorf("%s alone: %q", name, got)
		}
	}
	if status, _, _ := d.run("audit verify --org", orgs["changed"].Slug); status != 1 {
		t.Errorf("a changed log, without the heads: status %d", status)
	}
	d.does("audit verify --heads "+heads, "--org", orgs["intact"].Slug)
	d.logged(orgs["intact"]) // reading hashes is no act
}

func TestHeadsAreAppendedOrPrinted(t *testing.T) {
	t.Parallel()
	d := newDesk(t, dbtest.Own(t), "prints heads")
	o := d.db.NewOrg(t, dbtest.Spec{})
	printed := d.does("audit heads")
	var head struct {
		Org, Slug, Hash string
		Seq             int64
	}
	if err := json.Unmarshal([]byte(printed), &head); err != nil {
		t.Fatal(err)
	}
	d.shows(head.Hash, "select encode(audit_hash, 'hex') from app.org_heads where org_id = $1 and audit_seq = $2",
		o.ID.UUID, head.Seq)
	if head.Org != o.ID.String() || head.Slug != o.Slug {
		t.Errorf("%+v", head)
	}
	file := d.file("heads", printed, 0o600)
	d.does("audit heads --heads " + file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if rest, ok := strings.CutPrefix(string(b), printed); !ok || strings.Count(rest, "\n") != 1 {
		t.Errorf("%q, first %q", b, printed)
	}
	d.input = printed
	out := d.does("audit verify --heads -")
	if !strings.HasPrefix(out, "ORG ") || !strings.Contains(out, "  1      intact\n") {
		t.Error(out)
	}
	d.input = printed[:len(printed)/2]
	d.refuses("line 1: not the head of an audit log", "audit verify --heads -")
	d.refuses("no such file", "audit verify --heads "+filepath.Join(d.files, "none"))
	d.refuses("no such file", "audit heads --heads "+filepath.Join(d.files, "none", "heads"))
	d.refuses("There is no such organisation", "audit verify --org unknown")
}
