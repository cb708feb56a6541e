select format('`%s`', p.oid::regprocedure), case when p.prosecdef then 'the definer' else 'its caller' end,
       coalesce((select string_agg(coalesce(replace(r.rolname, 'streamspace_', ''), 'public'), ', ' order by r.rolname)
                   from aclexplode(p.proacl) a left join pg_roles r on r.oid = a.grantee
                  where a.grantee <> p.proowner), 'only its owner'),
       coalesce(obj_description(p.oid, 'pg_proc'), '')
  from pg_proc p
 where p.pronamespace = to_regnamespace('rls')
 order by p.oid::regprocedure::text
