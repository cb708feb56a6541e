-- What an administrator without a superuser cannot take away, what an attacker could do with it, and what stands before it.
-- `streamspace admin database prepare` ends with this list, and the audit has it as notes. Where a superuser owns the database
-- it has no rows, and each of these is a violation of the rule.
with administrator as (
  select r.oid, r.rolname, r.rolbypassrls
    from pg_database d join pg_roles r on r.oid = d.datdba
   where d.datname = current_database() and r.rolcreaterole and not r.rolsuper -- as rls.administrator_v1(), which migrations make
), left_to_public as (
  select p.oid, p.proname
    from pg_proc p
   where p.pronamespace = 'pg_catalog'::regnamespace
     and (p.proname in ('set_config', 'loread', 'lowrite', 'pg_notify', 'pg_cancel_backend', 'pg_terminate_backend')
          or p.proname like 'lo\_%' or p.proname like 'pg\_advisory%' or p.proname like 'pg\_try\_advisory%')
     and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
                  where x.grantee = 0 and x.privilege_type = 'EXECUTE')
)
select 'R14' as rule, a.rolname::text as object,
       'administers this database: it may take each of our roles, and so read and change the rows of every organisation. Use it '
       'for administration alone, and give no program its password' as detail
  from administrator a
union all
select 'R14', a.rolname, 'bypasses row-level security: a program that connected as it would see every organisation'
  from administrator a where a.rolbypassrls
union all
select 'R31', 'set_config(text,text,boolean)',
       'stays executable by PUBLIC: an attacker who could put an expression into a query of ours could set another organisation '
       'inside it. No query of ours is built from text (a linter and a test check it), so that there is no place for an '
       'expression'
  from left_to_public f, administrator a where f.proname = 'set_config'
union all
select 'R31', 'pg_terminate_backend, pg_advisory_lock, lo_create, pg_notify and ' || count(*) - 4 || ' more',
       'stay executable by PUBLIC: an attacker who could run a statement as one of our roles could end the work of other '
       'connections of the same role, hold an advisory lock that migrations wait for, or store large objects that no policy covers. '
       'They reach no row of a table'
  from left_to_public f, administrator a where f.proname <> 'set_config'
having count(*) > 0
 order by 1, 2;
