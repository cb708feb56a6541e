-- Reviewed extensions. Each may be installed outside of app and rls. It does not stop a start or fail an audit. The audit's
-- report has a note that says what to watch for.
create or replace function rls.rules_extensions() returns table (name text, about text)
  language plpgsql stable
as $$
#variable_conflict use_column
begin
  return query
    select * from (values
      ('pg_stat_statements',
       'its view shows each role the texts of its own statements, and a member of pg_read_all_stats or a superuser those of all '
       'roles. Constants are replaced by parameters, but not in statements such as SET or ALTER ROLE: keep secrets out of '
       'those. Texts of statements tell of every organisation: grant the view to no role that serves'),
      ('pgaudit',
       'it writes statements, and with pgaudit.log_parameter their values, to the server''s log: that log then holds data of '
       'every organisation'),
      ('pg_repack',
       'it copies whole tables past the policies, as a superuser. While it works on a table, its trigger and its log table are '
       'findings; they are gone when it has ended'),
      ('pgstattuple', 'it tells how full a table is, of all organisations together, to members of pg_stat_scan_tables')
    ) e (name, about);
end
$$;
comment on function rls.rules_extensions() is 'The reviewed extensions, each with the note for the audit''s report.';

create or replace function rls.rules_reviewed() returns table (class oid, object oid)
  language plpgsql stable
as $$
#variable_conflict use_column
begin
  return query
    select d.classid, d.objid
      from pg_catalog.pg_extension e
      join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_extension'::regclass and d.refobjid = e.oid
     where d.deptype = 'e' and e.extname::text in (select x.name from rls.rules_extensions() x);
end
$$;
comment on function rls.rules_reviewed() is 'Objects of reviewed extensions. Those in app and rls are checked all the same.';

create or replace function rls.rules_notes() returns table (rule text, object text, detail text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select 'R36', e.extname::text, x.about
    from pg_extension e join rls.rules_extensions() x on x.name = e.extname
   order by 2
$$;
comment on function rls.rules_notes() is 'Notes for the auditor: they break no rule.';

-- Each program compares the manifest when it starts. The manifest leaves out the objects of these extensions.
grant execute on function rls.rules_extensions(), rls.rules_reviewed() to streamspace_app, streamspace_login,
  streamspace_agent, streamspace_operator, streamspace_system, streamspace_auditor, streamspace_backup;
grant execute on function rls.rules_notes() to streamspace_auditor;
