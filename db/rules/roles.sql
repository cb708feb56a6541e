-- The roles, what they own and what is set for them.
create or replace function rls.rules_roles() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  ours as (select * from rls.catalogue_roles()),
  service as (select * from ours where name not in ('streamspace_owner', 'streamspace_definer')), -- owns nothing
  relation as (select * from rls.catalogue_relations()),
  pin as (select * from rls.rules_pins())

-- R13 No role of ours is a superuser or may make roles, databases or replicas; only the backup's bypasses row-level security.
-- Each of these looks past every policy, or makes somebody who does.
select 'R13', r.rolname, array_to_string(array[
         case when r.rolsuper then 'superuser' end, case when r.rolcreaterole then 'createrole' end,
         case when r.rolcreatedb then 'createdb' end, case when r.rolreplication then 'replication' end,
         case when r.rolbypassrls then 'bypassrls' end, case when r.rolcanlogin then 'login' end], ', ')
  from pg_roles r
 where r.rolname ~ '^streamspace_'
   and (r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication
        or r.rolbypassrls and r.rolname <> 'streamspace_backup'
        or r.rolcanlogin and r.rolname in ('streamspace_owner', 'streamspace_definer'))

-- R14 No other role but a superuser bypasses row-level security, or could give itself a role of ours.
-- BYPASSRLS reads every organisation; before PostgreSQL 16 CREATEROLE may join the owner; server files hold the tables.
union all
select 'R14', r.rolname, case when r.rolbypassrls then 'bypasses row-level security' else 'may create, and so join, roles' end
  from pg_roles r
 where not r.rolsuper and r.rolname !~ '^streamspace_'
   and (r.rolbypassrls or r.rolcreaterole and current_setting('server_version_num')::int < 160000)
union all
select 'R14', m.member::regrole::text, 'is a member of ' || m.roleid::regrole
  from pg_auth_members m join pg_roles r on r.oid = m.member and not r.rolsuper
 where m.roleid::regrole::text in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
   and r.rolname !~ '^streamspace_'

-- R15 The migrator may become the owner and the owner the definer; there is no other membership that touches a role of ours.
-- A member has, or can take, all that the role has, policies included.
union all
select 'R15', m.member::regrole::text,
       format('is a member of %s%s', m.roleid::regrole, case when m.admin_option then ', and may add others' end)
  from pg_auth_members m
 where (m.member in (select oid from ours) or m.roleid in (select oid from ours))
   and (m.admin_option or (m.member::regrole::text, m.roleid::regrole::text) not in (
     select object, text from pin where rule = 'R15'))

-- R16 Roles that serve own nothing, the definer nothing but functions, and the rest is the owner's.
-- An owner may grant, alter and drop what is theirs, and so lift what holds them.
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

-- R17 No setting of a role or of this database says app.*, or turns off what the policies rest on.
-- It would be there as a connection begins: an organisation that nobody entered, triggers that do not fire, other functions.
union all
select 'R17', format('%s in %s', case when s.setrole = 0 then 'everybody' else s.setrole::regrole::text end,
         case when s.setdatabase = 0 then 'every database' else 'this database' end), c
  from pg_db_role_setting s, unnest(s.setconfig) c
 where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
   and (c ~* '^app\.' or lower(split_part(c, '=', 1)) in (
     'row_security', 'session_replication_role', 'role', 'session_authorization', 'search_path',
     'session_preload_libraries', 'local_preload_libraries'))
$rules$;
comment on function rls.rules_roles() is 'Rules: the roles, what they own and what is set for them.';
