-- Privileges on what is not a table: schemas, the database, what will be made later, and functions of PostgreSQL's own.
with service as (
  select oid, rolname as name from pg_roles where rolname ~ '^streamspace_' and rolname not in ('streamspace_owner', 'streamspace_migrator')
),
grantee as (select oid, name::text from service union all select 0, 'public')
select 'schema-grant', format('%s: %s to %s', n.nspname, lower(p.privilege), g.name),
       format('grant %s on schema %I to %s', p.privilege, n.nspname, g.name)
  from pg_namespace n, grantee g, (values ('USAGE'), ('CREATE')) p (privilege)
 where n.nspname in ('app', 'rls', 'public')
   and not exists (select from aclexplode(n.nspacl) x where x.grantee = g.oid and x.privilege_type = p.privilege)
union all
select 'database-grant', format('%s to %s', lower(p.privilege), g.name), format('grant %s on database %I to %s', p.privilege, d.datname, g.name)
  from pg_database d, grantee g, (values ('CONNECT'), ('CREATE'), ('TEMPORARY')) p (privilege)
 where d.datname = current_database()
   and (p.privilege <> 'CONNECT' or g.oid = 0 or (select r.rolcanlogin from pg_roles r where r.oid = g.oid)) -- the others do not log in
   and not exists (select from aclexplode(d.datacl) x where x.grantee = g.oid and x.privilege_type = p.privilege)
union all
select 'later-grant', format('%s of %s on %s to %s', lower(p.privilege), o.owner, p.what, g.name),
       case when not has_schema_privilege(case g.oid when 0 then o.oid else g.oid end, 'app', 'usage')
            then format('grant usage on schema app to %s; ', g.name) else '' end
       || format('alter default privileges for role %s grant %s on %s to %s', o.owner, p.privilege, p.what, g.name)
  from (select oid, rolname as owner from pg_roles where rolname in ('streamspace_owner', 'streamspace_definer')) o, grantee g,
       (values ('SELECT', 'tables'), ('INSERT', 'tables'), ('EXECUTE', 'functions')) p (privilege, what)
 where g.name <> o.owner and not (o.owner = 'streamspace_definer' and p.what = 'tables') -- it may create none
   and not exists (
     select from pg_default_acl a, aclexplode(a.defaclacl) x
      where a.defaclrole = o.oid and x.grantee = g.oid and x.privilege_type = p.privilege)
union all -- what database.sql revoked from PUBLIC
select 'function-grant', format('%s to %s', p.oid::regprocedure, g.name), format('grant execute on function %s to %s', p.oid::regprocedure, g.name)
  from pg_proc p left join pg_init_privs i on i.classoid = 'pg_proc'::regclass and i.objoid = p.oid, grantee g
 where p.pronamespace = 'pg_catalog'::regnamespace
   and exists (select from aclexplode(coalesce(i.initprivs, acldefault('f', p.proowner))) x where x.grantee = 0)
   and not exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x where x.grantee in (0, g.oid))
union all -- and what PostgreSQL itself keeps from PUBLIC
select 'function-grant', p.oid::regprocedure || ' to public', format('grant execute on function %s to public', p.oid::regprocedure)
  from pg_proc p join pg_init_privs i on i.classoid = 'pg_proc'::regclass and i.objoid = p.oid
 where p.pronamespace = 'pg_catalog'::regnamespace
   and not exists (select from aclexplode(i.initprivs) x where x.grantee = 0)
   and not exists (select from aclexplode(p.proacl) x where x.grantee = 0)
