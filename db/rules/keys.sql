-- The keys, which hold past the policies.
create or replace function rls.rules_keys() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  app_table as (select * from rls.catalogue_relations() where space = 'app' and kind in ('r', 'p')),
  org_table as (select * from rls.catalogue_org_tables()),
  pin as (select * from rls.rules_pins())

-- R08 org_id is a uuid, required, and by default the organisation that was entered.
-- A row without one belongs to nobody; a query that had to name one could name another.
select 'R08', t.label, format('%s is %s%s, default %s', t.key_name, t.key_type::regtype,
         case when t.key_required then ' not null' else '' end, coalesce(t.key_default, 'none'))
  from org_table t
 where not t.key_required or t.key_type <> 'uuid'::regtype
    or t.name <> 'organizations' and t.key_default is distinct from 'rls.current_org_id()'

-- R09 Every table of app has a primary key, and an org table's begins with org_id.
-- Otherwise an id that is taken in one organisation is taken in all, and a foreign key could not carry org_id.
union all
select 'R09', t.label, coalesce('its primary key is ' || pg_get_indexdef(i.indexrelid), 'has no primary key')
  from app_table t left join org_table o on o.oid = t.oid left join pg_index i on i.indrelid = t.oid and i.indisprimary
 where i.indkey is null or o.oid is not null and i.indkey[0] <> o.key or not (i.indisvalid and i.indimmediate)

-- R10 Every other unique index or exclusion of an org table begins with org_id, but the pinned ones.
-- A duplicate is refused whatever the policies say, and so tells of another organisation's row. Those pinned are of random
-- ids and of secrets' hashes, which are looked up before an organisation is known.
union all
select 'R10', t.label, pg_get_indexdef(i.indexrelid)
  from org_table t join pg_index i on i.indrelid = t.oid
 where (i.indisunique or i.indisexclusion) and not i.indisprimary and i.indkey[0] <> t.key
   and pg_get_indexdef(i.indexrelid) not in (select text from pin where rule = 'R10')

-- R11 A foreign key of an org table pairs the two org_id and is valid; the platform's tables have none.
-- Foreign keys are checked past the policies: one without org_id reaches, or asks for, another organisation's row.
union all
select 'R11', k.conrelid::regclass::text, k.conname || ' ' || pg_get_constraintdef(k.oid)
  from pg_constraint k left join org_table t on t.oid = k.conrelid join org_table f on f.oid = k.confrelid
 where k.contype = 'f'
   and (t.oid is null or not k.convalidated
        or not exists (select from unnest(k.conkey, k.confkey) x (here, there) where x.here = t.key and x.there = f.key))
$rules$;
comment on function rls.rules_keys() is 'Rules: the keys, which hold past the policies.';
