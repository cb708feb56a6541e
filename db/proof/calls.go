package proof

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// calls are the functions of ours, by their arguments, and the roles that each is for.
var calls = []struct{ function, roles string }{
	{"rls.current_org_id()", scoped}, {"rls.current_user_id()", scoped}, {"rls.current_credential_id()", scoped},
	{"rls.current_agent_id()", scoped}, {"rls.current_session_id()", scoped},
	{"rls.is_admin()", scoped}, {"rls.is_owner()", scoped}, {"rls.is_viewer()", scoped}, {"rls.no_org()", scoped},
	{"rls.audit_hash(bytea, app.audit_log)", "app system"},
	{"rls.number_event()", ""}, {"rls.chain_audit()", ""}, {"rls.admit_session()", ""}, {"rls.keep_session()", ""},
	{"rls.follow_quota()", ""}, {"rls.keep_an_owner()", ""},
	{"rls.scope(uuid)", ""}, {"rls.already_inside()", ""}, {"rls.enter_operator(uuid, text)", ""},
	{"rls.enter(uuid, uuid, text, uuid, boolean)", "app"},
	{"rls.session_is_foreign(uuid)", "app"}, {"rls.template_is_foreign(uuid)", "app"},
	{"rls.enter_service(uuid, text)", "system"}, {"rls.sessions_overdue(int)", "system"},
	{"rls.orgs_with_expired_credentials(int)", "system"}, {"rls.count_sessions()", "system"},
	{"rls.enter_report(uuid, bigint, uuid)", "agent"}, {"rls.connect_agent(uuid, bytea, bigint, boolean)", "agent"},
	{"rls.placements(uuid, bigint, uuid, int)", "agent"},
	{"rls.user_by_email(text)", "login"}, {"rls.memberships_of(uuid)", "login"},
	{"rls.sign_in(uuid, uuid, uuid, bytea, timestamptz)", "login"}, {"rls.credential_of(bytea)", "login"},
	{"rls.consume_ticket(bytea)", "login"},
	{"rls.create_user(uuid, text, text, text)", "operator"}, {"rls.set_password(uuid, text)", "operator"},
	{"rls.find_user(text)", "operator"}, {"rls.find_org(text)", "operator"},
	{"rls.create_org(text, uuid, text, text, text, uuid, bigint, bigint)", "operator"},
	{"rls.add_member(text, uuid, uuid, text)", "operator"}, {"rls.enrol_agent(uuid, text, bytea)", "operator"},
	{"rls.serve_org(text, uuid, uuid)", "operator"},
	{"rls.add_template(text, uuid, uuid, text, text, text, jsonb)", "operator"},
	{"rls.publish_template(uuid, text, text, text, jsonb)", "operator"},
}

// scoped are the roles that enter an organisation.
const scoped = "app agent system"

// servers are PostgreSQL's own functions that would set a scope from inside a query, reach another connection, or
// keep data where no policy covers it; nobody who serves may call one.
const servers = `
set_config(text, text, boolean) pg_cancel_backend(int) pg_terminate_backend(int, bigint) pg_notify(text, text)
pg_advisory_lock(bigint) pg_advisory_lock(int, int) pg_advisory_lock_shared(bigint)
pg_advisory_lock_shared(int, int) pg_advisory_xact_lock(bigint) pg_advisory_xact_lock(int, int)
pg_advisory_xact_lock_shared(bigint) pg_advisory_xact_lock_shared(int, int) pg_try_advisory_lock(bigint)
pg_try_advisory_lock(int, int) pg_try_advisory_lock_shared(bigint) pg_try_advisory_lock_shared(int, int)
pg_try_advisory_xact_lock(bigint) pg_try_advisory_xact_lock(int, int) pg_try_advisory_xact_lock_shared(bigint)
pg_try_advisory_xact_lock_shared(int, int) pg_advisory_unlock(bigint) pg_advisory_unlock(int, int)
pg_advisory_unlock_shared(bigint) pg_advisory_unlock_shared(int, int) pg_advisory_unlock_all() lo_creat(int)
lo_create(oid) lo_from_bytea(oid, bytea) lo_open(oid, int) lo_close(int) lo_get(oid) lo_get(oid, bigint, int)
lo_put(oid, bigint, bytea) lo_lseek(int, int, int) lo_lseek64(int, bigint, int) lo_tell(int) lo_tell64(int)
lo_truncate(int, int) lo_truncate64(int, bigint) lo_unlink(oid) loread(int, int) lowrite(int, bytea)`

// kept are those that PostgreSQL itself gives to nobody: files, logs, replication, other sessions' memory. Some of
// them only say how the server is built.
const kept = `
lo_import(text) lo_import(text, oid) lo_export(oid, text) pg_read_file(text)
pg_read_file(text, bigint, bigint) pg_read_file(text, bigint, bigint, boolean) pg_read_binary_file(text)
pg_read_binary_file(text, bigint, bigint) pg_read_binary_file(text, bigint, bigint, boolean)
pg_stat_file(text) pg_stat_file(text, boolean) pg_ls_dir(text) pg_ls_dir(text, boolean, boolean)
pg_ls_logdir() pg_ls_waldir() pg_ls_tmpdir() pg_ls_tmpdir(oid) pg_ls_archive_statusdir()
pg_ls_replslotdir(text) pg_ls_logicalmapdir() pg_ls_logicalsnapdir() pg_hba_file_rules()
pg_ident_file_mappings() pg_show_all_file_settings() pg_current_logfile() pg_current_logfile(text)
pg_rotate_logfile() pg_reload_conf() pg_log_backend_memory_contexts(int) pg_get_backend_memory_contexts()
pg_get_shmem_allocations() pg_config() pg_switch_wal() pg_create_restore_point(text) pg_promote(boolean, int)
pg_backup_start(text, boolean) pg_backup_stop(boolean) pg_wal_replay_pause() pg_wal_replay_resume()
pg_stat_reset() pg_stat_reset_shared(text) pg_stat_reset_slru(text) pg_stat_reset_single_table_counters(oid)
pg_stat_reset_single_function_counters(oid) pg_stat_reset_replication_slot(text)
pg_stat_reset_subscription_stats(oid) pg_stat_have_stats(text, oid, oid) pg_replication_origin_create(text)
pg_replication_origin_drop(text) pg_replication_origin_oid(text) pg_replication_origin_session_setup(text)
pg_replication_origin_session_reset() pg_replication_origin_session_is_setup()
pg_replication_origin_session_progress(boolean) pg_replication_origin_xact_setup(pg_lsn, timestamptz)
pg_replication_origin_xact_reset() pg_replication_origin_advance(text, pg_lsn)
pg_replication_origin_progress(text, boolean) pg_show_replication_origin_status()`

// serving are the roles that may log in to this database.
var serving = []string{"app", "login", "agent", "operator", "system", "auditor", "backup"}

// functions are attempts to call what a role is not for. The arguments are null: who may call is asked before they
// are looked at.
func functions() []attempt {
	var out []attempt
	try := func(role, call string) {
		name, _, _ := strings.Cut(call[strings.Index(call, ".")+1:], "(")
		out = append(out, attempt{"42501 " + name, []string{actAs + role, "select " + call}})
	}
	for _, role := range serving {
		for _, c := range calls {
			if !slices.Contains(strings.Fields(c.roles), role) {
				try(role, withNulls(c.function))
			}
		}
	}
	for _, c := range calls {
		out = append(out, attempt{"42501", []string{actAs + "app", "alter function " + c.function + " cost 1"}})
	}
	for call := range signatures(servers) {
		for _, role := range append(slices.Clone(serving), "definer") {
			if !strings.HasPrefix(call, "set_config") || role != "definer" && role != "backup" {
				try(role, withNulls("pg_catalog."+call))
			}
		}
	}
	for call := range signatures(kept) {
		try("app", withNulls("pg_catalog."+call))
	}
	return out
}

// signatures splits a list of them.
func signatures(list string) func(func(string) bool) {
	return strings.SplitSeq(strings.ReplaceAll(strings.Join(strings.Fields(list), " "), ") ", ")\n"), "\n")
}

// withNulls makes a call of a signature. The planner must not see that they are null: it would leave the call out.
func withNulls(signature string) string {
	name, arguments, _ := strings.Cut(strings.TrimSuffix(signature, ")"), "(")
	var nulls []string
	for _, t := range strings.Split(arguments, ",") {
		switch t = strings.TrimSpace(t); {
		case t == "":
		case strings.HasPrefix(t, "app."): // whoever may not name the type may still pass it
			nulls = append(nulls, "null")
		default:
			nulls = append(nulls, "nullif(g, 1)::text::"+t)
		}
	}
	return name + "(" + strings.Join(nulls, ", ") + ") from generate_series(1, 1) g"
}

// powers are PostgreSQL's own roles that read, write or end what is another's.
var powers = []string{
	"pg_read_all_data", "pg_write_all_data", "pg_monitor", "pg_read_all_settings", "pg_read_all_stats",
	"pg_stat_scan_tables",
	"pg_read_server_files", "pg_write_server_files", "pg_execute_server_program", "pg_signal_backend", "pg_checkpoint",
}

// becomings are attempts to become somebody else, and a look around for what no role should find: tables, views,
// sequences and functions that nobody has told of.
func becomings() []attempt {
	const ours = "app login agent operator system auditor backup definer owner migrator"
	allowed := []string{"owner definer", "migrator owner", "migrator definer"}
	var out []attempt
	for role := range strings.FieldsSeq(ours) {
		as := actAs + role
		become := func(other string) { out = append(out, attempt{"42501", []string{as, "set local role " + other}}) }
		for other := range strings.FieldsSeq(ours) {
			if other != role && !slices.Contains(allowed, role+" "+other) {
				become("streamspace_" + other)
			}
		}
		for _, power := range powers {
			become(power)
		}
		become("postgres")
		if role == "owner" || role == "migrator" {
			continue
		}
		out = append(out, attempt{"ok 0", []string{as, unknownTables()}}, attempt{"ok 0", []string{as, unknownFunctions()}})
	}
	return out
}

// unknownTables looks for what can be read and has not been told of above.
func unknownTables() string {
	var known []string
	for _, t := range slices.Sorted(maps.Keys(tables)) {
		known = append(known, "'"+place(t)+"'")
	}
	return fmt.Sprintf(`select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.oid >= 16384 and n.nspname || '.' || c.relname not in (%s, 'rls.goose_db_version_id_seq')
		  and has_schema_privilege(n.oid, 'usage')
		  and (c.relkind = 'S' and has_sequence_privilege(c.oid, 'usage, select')
		       or c.relkind in ('r', 'p', 'v', 'm', 'f') and has_any_column_privilege(c.oid, 'select, insert, update'))`,
		strings.Join(known, ", "))
}

// unknownFunctions looks for what can be called.
func unknownFunctions() string {
	known := []string{"'rls.check_catalogue'"}
	for _, c := range calls {
		name, _, _ := strings.Cut(c.function, "(")
		known = append(known, "'"+name+"'")
	}
	return fmt.Sprintf(`select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
		where p.oid >= 16384 and n.nspname || '.' || p.proname not in (%s)
		  and has_schema_privilege(n.oid, 'usage') and has_function_privilege(p.oid, 'execute')`, strings.Join(known, ", "))
}
