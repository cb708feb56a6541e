-- Rules on keys. PostgreSQL checks them without policies.
create or replace function rls.rules_keys() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  app_table as (select * from rls.catalogue_relations() where space = 'app' and kind in ('r', 'p')),
  org_table as (select * from rls.catalogue_org_tables()),
  pin as (select * from rls.rules_pins())

-- R08 org_id is a required uuid. Its default is the organisation that was entered.
-- A row without org_id belongs to no organisation. A query that had to name the organisation could name the wrong one.
select 'R08', t.label, format('%s is %s%s, default %s', t.key_name, t.key_type::regtype,
         case when t.key_required then ' not null' else '' end, coalesce(t.key_default, 'none'))
  from org_table t
 where not t.key_required or t.key_type <> 'uuid'::regtype
    or t.name <> 'organizations' and t.key_default is distinct from 'rls.current_org_id()'

-- R09 Every table in app has a primary key. On an org table it begins with org_id.
-- Otherwise an id used in one organisation could not be used in another, and foreign keys could not include org_id.
union all
select 'R09', t.label, coalesce('its primary key is ' || pg_get_indexdef(i.indexrelid), 'has no primary key')
  from app_table t left join org_table o on o.oid = t.oid left join pg_index i on i.indrelid = t.oid and i.indisprimary
 where i.indkey is null or o.oid is not null and i.indkey[0] <> o.key or not (i.indisvalid and i.indimmediate)

-- R10 Every other unique index or exclusion constraint of an org table begins with org_id, except the pinned ones.
-- PostgreSQL refuses a duplicate even when a policy hides the existing row, so the error reveals a row of another
-- organisation. The pinned indexes are on random ids and on hashes of secrets, which are looked up before the
-- organisation is known.
union all
select 'R10', t.label, pg_get_indexdef(i.indexrelid)
  from org_table t join pg_index i on i.indrelid = t.oid
 where (i.indisunique or i.indisexclusion) and not i.indisprimary and i.indkey[0] <> t.key
   and pg_get_indexdef(i.indexrelid) not in (select text from pin where rule = 'R10')

-- R11 Every foreign key of an org table matches org_id with org_id and is valid. The platform's tables have no foreign keys.
-- PostgreSQL checks foreign keys without policies. Without org_id, a key could point at, or test for, another
-- organisation's row.
union all
select 'R11', k.conrelid::regclass::text, k.conname || ' ' || pg_get_constraintdef(k.oid)
  from pg_constraint k left join org_table t on t.oid = k.conrelid join org_table f on f.oid = k.confrelid
 where k.contype = 'f'
   and (t.oid is null or not k.convalidated
        or not exists (select from unnest(k.conkey, k.confkey) x (here, there) where x.here = t.key and x.there = f.key))
$rules$;
comment on function rls.rules_keys() is 'Rules: keys, which PostgreSQL checks without policies.';
