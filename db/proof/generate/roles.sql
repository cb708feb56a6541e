-- Roles with more attributes, or with another membership.
with ours as (select oid, rolname as name, rolcanlogin from pg_roles where rolname ~ '^streamspace_')
select 'role-attribute', format('%s: %s', o.name, x.attribute), format('alter role %s %s', o.name, x.attribute)
  from ours o join pg_roles r using (oid),
       lateral (values ('superuser', r.rolsuper), ('bypassrls', r.rolbypassrls), ('createrole', r.rolcreaterole), ('createdb', r.rolcreatedb),
                       ('replication', r.rolreplication), ('login', r.rolcanlogin)) x (attribute, has)
 where not x.has
union all
select 'role-member', format('%s of %s', o.name, r.rolname), format('grant %s to %s', r.rolname, o.name)
  from ours o, pg_roles r
 where (r.rolname ~ '^streamspace_' or r.rolname ~ '^pg_' and r.rolname <> 'pg_database_owner') and o.oid <> r.oid
   and not pg_has_role(o.oid, r.oid, 'member') and not pg_has_role(r.oid, o.oid, 'member')
union all -- an unknown role that may more
select 'role-new', x.name, x.sql
  from (values ('one that bypasses row-level security', 'create role stranger login bypassrls'),
               ('one that may create roles', 'create role stranger login createrole'),
               ('a member of the owner', 'create role stranger login in role streamspace_owner'),
               ('a member of the definer', 'create role stranger login in role streamspace_definer')) x (name, sql)
 -- from PostgreSQL 16 on, a role joins only those that it made
 where x.name <> 'one that may create roles' or current_setting('server_version_num')::int < 160000
union all -- set as a connection begins
select 'role-setting', format('%s: %s', o.name, x.setting), format('alter role %s set %s', o.name, x.setting)
  from ours o, (values ('app.org_id = ''a0000000-0000-0000-0000-000000000001'''), ('app.role = ''owner'''), ('session_replication_role = replica'),
                       ('search_path = app, public')) x (setting)
 where o.rolcanlogin
union all
select 'database-setting', x.setting, format('alter database %I set %s', current_database(), x.setting)
  from (values ('app.org_id = ''a0000000-0000-0000-0000-000000000001'''), ('app.role = ''owner'''), ('session_replication_role = replica'),
               ('search_path = app, public')) x (setting)
union all -- a server parameter that only a superuser sets
select 'parameter-grant', format('%s to %s', x.parameter, g.name), format('grant set on parameter %s to %s', x.parameter, g.name)
  from (values ('session_replication_role'), ('session_preload_libraries'), ('log_statement')) x (parameter),
       (select name::text from ours where rolcanlogin union all select 'public') g
