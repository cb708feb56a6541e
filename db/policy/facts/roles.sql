-- Our roles with their memberships, and any other role that bypasses row-level security. Superusers differ between
-- installations and are left out: no policy restricts them, and the report lists them.
with ours as (select * from pg_roles where rolname ~ '^streamspace_')
select concat_ws(' ', 'role', r.rolname,
         case when r.rolcanlogin then 'login' else 'nologin' end, case when r.rolinherit then 'inherit' else 'noinherit' end,
         case when r.rolsuper then 'superuser' end, case when r.rolcreatedb then 'createdb' end,
         case when r.rolcreaterole then 'createrole' end, case when r.rolreplication then 'replication' end,
         case when r.rolbypassrls then 'bypassrls' end,
         case when r.rolconnlimit <> -1 then 'connection limit ' || r.rolconnlimit end)
  from pg_roles r
 where r.rolname ~ '^streamspace_' or r.rolbypassrls and not r.rolsuper
union all
-- Since version 16 each membership has its own INHERIT and SET options. Before, the member's attribute decides.
select concat_ws(' ', 'grant', m.roleid::regrole, 'to', m.member::regrole, case when m.admin_option then 'with admin' end,
         case when (to_jsonb(m) ->> 'inherit_option')::boolean then 'with inherit' end,
         case when not (to_jsonb(m) ->> 'set_option')::boolean then 'without set' end)
  from pg_auth_members m
 where m.roleid in (select oid from ours) or m.member in (select oid from ours)
