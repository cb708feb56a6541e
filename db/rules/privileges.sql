-- Rules on privileges.
create or replace function rls.rules_privileges() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  ours as (select * from rls.catalogue_roles()),
  service as (select * from ours where name not in ('streamspace_owner', 'streamspace_definer')), -- owns nothing
  org_table as (select * from rls.catalogue_org_tables()),
  function as (select * from rls.catalogue_functions()),
  named_grants as (select * from rls.catalogue_grants()),
  pin as (select * from rls.rules_pins())

-- R26 No role may update org_id, and no role that serves may insert it.
-- A row whose org_id changes is lost to one organisation and given to another.
select 'R26', g.label, g.what || ' to ' || g.who
  from named_grants g join org_table t on t.oid = g.oid
 where g.privilege = 'UPDATE' and (g.column is null or g.column = t.key_name)
    or g.privilege = 'INSERT' and (g.column is null or g.column = t.key_name) and g.grantee in (select oid from service)

-- R27 No role may write a column that the database fills: numbers, actors, times, hashes, generations.
-- A role that could write them could rewrite history or exceed a quota.
union all
select 'R27', g.label, g.what || ' to ' || g.who
  from named_grants g
  join (select object, string_to_array(text, ' ') as columns from pin where rule = 'R27 filled') filled on filled.object = g.label
 where g.privilege in ('INSERT', 'UPDATE')
   and (g.column is null and g.privilege = 'INSERT' or g.column = any (filled.columns))
   and (g.label, g.what || ' to ' || g.who) not in (select object, text from pin where rule = 'R27')

-- R28 Only the definer and the backup role read hashes of secrets.
-- With a hash, a password can be guessed offline, and a query that compares hashes finds the holder of a secret.
union all
select 'R28', g.label, g.what || ' to ' || g.who
  from named_grants g
 where g.privilege = 'SELECT' and g.who not in ('streamspace_definer', 'streamspace_backup')
   and (g.column in ('secret_hash', 'password_hash')
        or g.column is null and exists (
          select from pg_attribute a where a.attrelid = g.oid and a.attname in ('secret_hash', 'password_hash')))

-- R29 No role may truncate, reference, create triggers on or maintain another role's table, or pass a grant on.
-- Policies do not apply to any of these.
union all
select 'R29', g.label, format('%s to %s%s', g.what, g.who, case when g.is_grantable then ', who may grant it' else '' end)
  from named_grants g
 where g.is_grantable or g.privilege not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE')

-- R30 In our schemas only our roles have grants: on tables, columns, functions and the schemas themselves.
-- PUBLIC includes every role, and this design knows nothing about the roles of another application.
union all
select 'R30', g.label, g.what || ' to ' || g.who
  from named_grants g
 where g.space in ('app', 'rls') and g.grantee not in (select oid from ours)
union all
select 'R30', f.label, 'execute to ' || x.grantee::regrole
  from function f, aclexplode(f.acl) x
 where x.grantee <> 0 and x.grantee not in (select oid from ours) and x.grantee <> f.owner
union all
select 'R30', n.nspname, format('%s to %s', lower(x.privilege_type), coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_namespace n, aclexplode(n.nspacl) x
 where n.nspname in ('app', 'rls') and x.grantee not in (select oid from ours)

-- R31 Neither our roles nor PUBLIC may call set_config, take advisory locks, use large objects, notify, or end others' work.
-- set_config could enter any organisation from inside a query. The others reach other connections, or store data that
-- no policy covers. Pinned are set_config for the definer and the backup role, and the lock with which migrations wait
-- for each other. An administrator without a superuser cannot revoke what initdb granted to PUBLIC (db/managed.sql).
union all
select 'R31', p.oid::regprocedure::text, 'execute to ' || coalesce(nullif(x.grantee, 0)::regrole::text, 'public')
  from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
 where p.pronamespace = to_regnamespace('pg_catalog') and x.grantee <> p.proowner
   and (p.proname in ('set_config', 'loread', 'lowrite', 'pg_notify', 'pg_cancel_backend', 'pg_terminate_backend')
        or p.proname like 'lo\_%' or p.proname like 'pg\_advisory%' or p.proname like 'pg\_try\_advisory%')
   and (x.grantee = 0 or x.grantee in (select oid from ours))
   and (p.oid::regprocedure::text, x.grantee::regrole::text) not in (select object, text from pin where rule = 'R31')
   and not (x.grantee = 0 and (select rls.administrator_v1()) is not null
            and p.proacl is not distinct from (select i.initprivs from pg_init_privs i where i.classoid = 'pg_proc'::regclass
                                                  and i.objoid = p.oid))

-- R32 Only the owner of a schema, and the definer in rls, may create objects here. No other role may create temporary tables.
-- An object belongs to the role that creates it and has no policies. A search_path may find it before ours.
union all
select 'R32', n.nspname, 'create to ' || coalesce(nullif(x.grantee, 0)::regrole::text, 'public')
  from pg_namespace n, aclexplode(n.nspacl) x
 where n.nspname !~ '^pg_temp' and x.privilege_type = 'CREATE' and x.grantee <> n.nspowner
   and (n.nspname, x.grantee::regrole::text) not in (select object, text from pin where rule = 'R32')
union all
select 'R32', 'this database',
       format('%s to %s', lower(x.privilege_type), coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x
 where d.datname = current_database() and x.grantee <> d.datdba
   and (x.privilege_type <> 'CONNECT' or x.grantee = 0)

-- R33 By default only the backup role may read new tables, and PUBLIC may not execute new functions of ours.
-- Default privileges take effect without a grant that a reviewer would see.
union all
select 'R33', d.defaclrole::regrole::text, format('%s on later %s to %s', lower(x.privilege_type), d.defaclobjtype,
         coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_default_acl d, aclexplode(d.defaclacl) x
 where x.grantee <> d.defaclrole
   and (d.defaclrole::regrole::text, format('%s on later %s to %s', lower(x.privilege_type), d.defaclobjtype,
         coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))) not in (select object, text from pin where rule = 'R33')
union all
select 'R33', o.name, 'public may execute its later functions'
  from ours o
 where o.name in ('streamspace_owner', 'streamspace_definer')
   and not exists (
     select from pg_default_acl d where d.defaclrole = o.oid and d.defaclobjtype = 'f' and d.defaclnamespace = 0)

-- R34 No role, except a superuser, has a grant to set or alter a server parameter.
-- Some parameters disable triggers or load a library.
union all
select 'R34', a.parname, format('%s to %s', lower(x.privilege_type), coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_parameter_acl a, aclexplode(a.paracl) x
 where x.grantee <> 10
$rules$;
comment on function rls.rules_privileges() is 'Rules: privileges.';
