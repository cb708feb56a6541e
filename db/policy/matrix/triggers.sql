select c.relname::text, format('`%s`', t.tgname), format('`%s`', t.tgfoid::regprocedure),
  coalesce(obj_description(t.tgfoid, 'pg_proc'), '')
  from pg_trigger t join pg_class c on c.oid = t.tgrelid
 where not t.tgisinternal and c.relnamespace = to_regnamespace('app')
 order by 1, 2
