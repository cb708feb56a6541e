-- What Go needs to write each trigger anew. A foreign key's own are the constraint's.
select t.tgrelid::regclass::text as on_table, quote_ident(t.tgname) as name, pg_get_triggerdef(t.oid) as definition
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
 where not t.tgisinternal and n.nspname = 'app'
