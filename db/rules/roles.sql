-- Rules on roles, what they own and their settings.
create or replace function rls.rules_roles() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  ours as (select * from rls.catalogue_roles()),
  service as (select * from ours where name not in ('streamspace_owner', 'streamspace_definer')), -- owns nothing
  relation as (select * from rls.catalogue_relations()),
  administrator as (select rls.administrator_v1() as oid), -- db/managed.sql says what it can do
  pin as (select * from rls.rules_pins())

-- R13 Our roles have no SUPERUSER, CREATEROLE, CREATEDB, REPLICATION or BYPASSRLS.
-- Each of these attributes bypasses every policy, or can create a role that does.
select 'R13', r.rolname, array_to_string(array[
         case when r.rolsuper then 'superuser' end, case when r.rolcreaterole then 'createrole' end,
         case when r.rolcreatedb then 'createdb' end, case when r.rolreplication then 'replication' end,
         case when r.rolbypassrls then 'bypassrls' end, case when r.rolcanlogin then 'login' end], ', ')
  from pg_roles r
 where r.rolname ~ '^streamspace_'
   and (r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls
        or r.rolcanlogin and r.rolname in ('streamspace_owner', 'streamspace_definer'))

-- R14 No other role, except superusers and the administrator, bypasses row-level security or could give itself one of ours.
-- BYPASSRLS reads every organisation. Before PostgreSQL 16, CREATEROLE can join the owner. The files of the server hold
-- the tables.
union all
select 'R14', r.rolname, case when r.rolbypassrls then 'bypasses row-level security' else 'may create, and so join, roles' end
  from pg_roles r
 where not r.rolsuper and r.rolname !~ '^streamspace_' and r.oid is distinct from (select a.oid from administrator a)
   and (r.rolbypassrls or r.rolcreaterole and current_setting('server_version_num')::int < 160000)
union all
select 'R14', m.member::regrole::text, 'is a member of ' || m.roleid::regrole
  from pg_auth_members m join pg_roles r on r.oid = m.member and not r.rolsuper
 where m.roleid::regrole::text in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
   and r.rolname !~ '^streamspace_'

-- R15 The migrator may become the owner, and the owner the definer. Our roles have no other members or memberships.
-- A member has, or can take, all rights of the role, including its policies. From PostgreSQL 16 on the administrator keeps
-- ADMIN on each role that it made, but has and takes none of its rights.
union all
select 'R15', m.member::regrole::text,
       format('is a member of %s%s', m.roleid::regrole, case when m.admin_option then ', and may add others' end)
  from pg_auth_members m
 where (m.member in (select oid from ours) or m.roleid in (select oid from ours))
   and (m.admin_option or (m.member::regrole::text, m.roleid::regrole::text) not in (
     select object, text from pin where rule = 'R15'))
   and (m.member = (select a.oid from administrator a)
        and to_jsonb(m) @> '{"inherit_option": false, "set_option": false}') is not true

-- R16 Roles that serve own nothing. The definer owns only functions, and the owner owns everything else.
-- An object's owner can grant, alter and drop it, and so remove what protects it.
union all
select 'R16', pg_describe_object(d.classid, d.objid, d.objsubid), 'is owned by ' || o.name
  from pg_shdepend d join ours o on o.oid = d.refobjid
 where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o'
   and d.dbid in (0, (select oid from pg_database where datname = current_database()))
   and (o.oid in (select oid from service)
        or o.name = 'streamspace_definer' and d.classid not in ('pg_proc'::regclass, 'pg_default_acl'::regclass))
union all
select 'R16', r.label, 'is owned by ' || r.owner::regrole
  from relation r
 where r.space in ('app', 'rls') and r.owner not in (select oid from ours)
union all
select 'R16', n.nspname, 'is owned by ' || n.nspowner::regrole
  from pg_namespace n
 where n.nspname in ('app', 'rls') and n.nspowner::regrole::text <> 'streamspace_owner'

-- R17 No setting of a role or of this database sets app.* or disables what the policies rely on.
-- Such a setting applies as soon as a connection begins: an organisation that was never entered, triggers that do not
-- fire, or other functions.
union all
select 'R17', format('%s in %s', case when s.setrole = 0 then 'everybody' else s.setrole::regrole::text end,
         case when s.setdatabase = 0 then 'every database' else 'this database' end), c
  from pg_db_role_setting s, unnest(s.setconfig) c
 where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
   and (c ~* '^app\.' or lower(split_part(c, '=', 1)) in (
     'row_security', 'session_replication_role', 'role', 'session_authorization', 'search_path',
     'session_preload_libraries', 'local_preload_libraries'))
$rules$;
comment on function rls.rules_roles() is 'Rules: roles, what they own and their settings.';
