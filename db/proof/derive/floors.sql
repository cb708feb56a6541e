-- Attempts to cross after several mistakes at once: every privilege on a table is granted, a policy allows every row, and no
-- trigger fires. The floor, which no policy can widen, must still hold.
with target as (
  select format('app.%I', c.relname) as name, quote_ident(a.attname) as key
    from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
     and a.attname = case c.relname when 'organizations' then 'id' else 'org_id' end
   where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
)
select a.want,
       format('create policy careless on %s to public using (true) with check (true); '
         'grant select, insert, update, delete on %1$s to streamspace_app, streamspace_agent, streamspace_system; '
         'alter table %1$s disable trigger user', t.name) as first,
       w.caller, format(a.text, t.name, t.key) as statement
  from target t
 cross join (values ('admin'), ('report'), ('service')) w (caller)
 cross join (values
   ('ok 0', 'select from %s where %s <> {acme}'),
   ('ok 0', 'update %s set %2$s = %2$s where %2$s <> {acme}'),
   ('ok 0', 'delete from %s where %s <> {acme}'),
   ('42501 policy', 'insert into %s (%s) values ({globex})')) a (want, text)
