select c.relname::text, format('`%s`', p.polname),
       case when p.polpermissive then '' else 'restricts ' end
         || case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
           when 'd' then 'delete' else 'all' end,
       (select string_agg(coalesce(replace(r.rolname, 'streamspace_', ''), 'public'), ', ' order by r.rolname)
          from unnest(p.polroles) x left join pg_roles r on r.oid = x),
       concat_ws('<br>', 'using `' || pg_get_expr(p.polqual, p.polrelid) || '`',
         'check `' || pg_get_expr(p.polwithcheck, p.polrelid) || '`'),
       coalesce(obj_description(p.oid, 'pg_policy'), '')
  from pg_policy p join pg_class c on c.oid = p.polrelid
 where c.relnamespace = to_regnamespace('app')
 order by 1, p.polpermissive, p.polname
