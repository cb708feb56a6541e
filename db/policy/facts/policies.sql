-- Every policy in full.
select concat_ws(' ', 'policy', p.polname, 'on', p.polrelid::regclass,
         'as', case when p.polpermissive then 'permissive' else 'restrictive' end, 'for', case p.polcmd
           when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
         'to', (select string_agg(coalesce(r.rolname, 'public'), ', ' order by r.rolname)
                  from unnest(p.polroles) x left join pg_roles r on r.oid = x),
         case when p.polqual is not null then 'using ' || pg_get_expr(p.polqual, p.polrelid) end,
         case when p.polwithcheck is not null then 'with check ' || pg_get_expr(p.polwithcheck, p.polrelid) end)
  from pg_policy p
