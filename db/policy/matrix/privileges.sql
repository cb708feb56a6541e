-- A row for each role with a privilege on a table: the columns by command.
select c.relname::text, format('`%s`', coalesce(r.rolname, 'public')),
       coalesce(string_agg(x.columns, ', ' order by x.place) filter (where x.privilege_type = 'SELECT'), ''),
       coalesce(string_agg(x.columns, ', ' order by x.place) filter (where x.privilege_type = 'INSERT'), ''),
       coalesce(string_agg(x.columns, ', ' order by x.place) filter (where x.privilege_type = 'UPDATE'), ''),
       coalesce(string_agg(x.columns, ', ' order by x.place) filter (where x.privilege_type = 'DELETE'), ''),
       coalesce(string_agg(lower(x.privilege_type), ', ' order by x.place)
         filter (where x.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')), '')
  from pg_class c
  join (
    select c.oid, 0 as place, a.grantee, a.privilege_type, case a.privilege_type when 'DELETE' then 'rows'
      else 'every column' end as columns
      from pg_class c, aclexplode(c.relacl) a
    union all
    select c.attrelid, c.attnum, a.grantee, a.privilege_type, format('`%s`', c.attname)
      from pg_attribute c, aclexplode(c.attacl) a
  ) x on x.oid = c.oid and x.grantee <> c.relowner
  left join pg_roles r on r.oid = x.grantee
 where c.relnamespace = to_regnamespace('app') and c.relkind in ('r', 'p')
 group by 1, 2
 order by 1, 2
