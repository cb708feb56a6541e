package proof

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// What a migration adds is weakened from its first day. Seen to fail with each of the queries of generate/ taken out.
func TestWhatIsAddedIsWeakened(t *testing.T) {
	t.Parallel()
	conn := dbtest.Own(t).Superuser(t)
	if _, err := conn.Exec(t.Context(), `
		create table app.notes (
			org_id uuid not null default rls.current_org_id(), id uuid not null, owner_id uuid not null,
			body text not null default '',
			constraint notes_pkey primary key (org_id, id), constraint notes_body check (length(body) < 100),
			constraint notes_of_member foreign key (org_id, owner_id)
				references app.memberships (org_id, user_id) on delete cascade
		);
		create unique index notes_body_once on app.notes (org_id, body);
		alter table app.notes enable row level security;
		alter table app.notes force row level security;
		create policy tenant_floor on app.notes as restrictive for all to streamspace_app
			using ((select rls.current_org_id()) is not null and org_id = (select rls.current_org_id()));
		create policy org_select on app.notes for select to streamspace_app using (org_id = (select rls.current_org_id()));
		grant select on app.notes to streamspace_app;
		create function rls.keep_note() returns trigger
			language plpgsql security definer set search_path = pg_catalog, pg_temp
			as 'begin if new.body is null or new.body = old.body then raise exception ''no''; end if; return new; end';
		create trigger keep_note before insert or update on app.notes for each row execute function rls.keep_note();
		create role streamspace_guest login noinherit`); err != nil {
		t.Fatal(err)
	}
	mutants, err := Generate(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, m := range mutants {
		if strings.Contains(m.ID(), "note") || strings.Contains(m.ID(), "guest") {
			got[m.ID()] = true
		}
	}
	want := []string{
		"table-rls-off app.notes",
		"table-force-off app.notes",
		"table-owner app.notes is streamspace_login",
		"table-grant app.notes: insert to streamspace_app",
		"table-grant app.notes: select to public",
		"table-grant app.notes: select to streamspace_guest",
		"column-grant app.notes.body: update to streamspace_app",
		"column-default app.notes.body",
		"constraint-drop app.notes: notes_body",
		"constraint-drop app.notes: notes_of_member",
		"index-drop app.notes_body_once of app.notes",
		"key-without-org app.notes: notes_pkey",
		"reference-without-org app.notes: notes_of_member",
		"reference-action app.notes: notes_of_member without on delete",
		"constraint-unchecked app.notes",
		"policy-drop app.notes: tenant_floor",
		"policy-permissive app.notes: tenant_floor",
		"policy-using-true app.notes: org_select",
		"policy-using-without app.notes: tenant_floor org_id = (SELECT rls.current_org_id() AS current_org_id)",
		"policy-to app.notes: org_select public",
		"policy-to app.sessions: org_select streamspace_guest",
		"trigger-drop app.notes: keep_note",
		"trigger-event app.notes: keep_note without insert",
		"function-invoker rls.keep_note",
		"function-setting rls.keep_note without search_path",
		"function-never rls.keep_note: new.body is null or new.body = old.body",
		"function-without rls.keep_note: new.body IS NULL",
		"function-grant rls.scope to streamspace_guest",
		"role-attribute streamspace_guest: bypassrls",
		"role-member streamspace_guest of streamspace_owner",
		"role-setting streamspace_guest: app.role = 'owner'",
	}
	var missing []string
	for _, id := range want {
		if !got[id] {
			missing = append(missing, id)
		}
	}
	if diff := cmp.Diff([]string(nil), missing); diff != "" {
		t.Errorf("not weakened:\n%s", diff)
	}
}
