-- Schemas but PostgreSQL's own. Whoever administers the server or the database is called that.
select format('schema %s owned by %s', n.nspname, case when r.rolsuper
  or r.rolname = 'pg_database_owner' then 'the administrator' else r.rolname end)
  from pg_namespace n join pg_roles r on r.oid = n.nspowner
 where (n.oid >= 16384 or n.nspname = 'public') and n.nspname !~ '^pg_(toast|temp)'
   and (n.nspname in ('app', 'rls') or (n.tableoid, n.oid) not in (select r.class, r.object from rls.rules_reviewed() r))
