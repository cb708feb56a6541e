-- Extensions that operators live with. They were read: each may be installed outside of app and rls, stops neither a start
-- nor an audit, and is a note in the audit's report, which says what to look out for.
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
comment on function rls.rules_extensions() is 'The extensions that are notes in the audit, with what to look out for.';

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
comment on function rls.rules_reviewed() is 'What belongs to an extension that was reviewed. In app and rls it is looked at all the same.';

create or replace function rls.rules_notes() returns table (rule text, object text, detail text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select 'R36', e.extname::text, x.about
    from pg_extension e join rls.rules_extensions() x on x.name = e.extname
   order by 2
$$;
comment on function rls.rules_notes() is 'What breaks no rule, and an auditor is told of.';

-- A start compares the manifest, which leaves out what belongs to these extensions.
grant execute on function rls.rules_extensions(), rls.rules_reviewed() to streamspace_app, streamspace_login,
  streamspace_agent, streamspace_operator, streamspace_system, streamspace_auditor, streamspace_backup;
grant execute on function rls.rules_notes() to streamspace_auditor;
