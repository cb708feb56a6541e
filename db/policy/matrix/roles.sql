select format('`%s`', rolname),
       concat_ws(', ', case when rolcanlogin then 'log in' end, case when rolbypassrls then 'bypass row-level security' end,
         (select 'become ' || string_agg(format('`%s`', m.roleid::regrole), ', ') from pg_auth_members m
           where m.member = r.oid)),
       coalesce(shobj_description(oid, 'pg_authid'), '')
  from pg_roles r
 where rolname ~ '^streamspace_'
 order by rolname
