-- Schemas, except PostgreSQL's own. The names of administrators differ between installations: the line says only that the
-- owner is one.
select format('schema %s owned by %s', n.nspname, case when r.rolsuper
  or r.rolname = 'pg_database_owner' then 'the administrator' else r.rolname end)
  from pg_namespace n join pg_roles r on r.oid = n.nspowner
 where (n.oid >= 16384 or n.nspname = 'public') and n.nspname !~ '^pg_(toast|temp)'
   and (n.nspname in ('app', 'rls') or (n.tableoid, n.oid) not in (select r.class, r.object from rls.rules_reviewed() r))
