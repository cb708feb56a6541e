select relname::text, coalesce(obj_description(oid, 'pg_class'), '')
  from pg_class
 where relnamespace = to_regnamespace('app') and relkind in ('r', 'p')
 order by 1
