-- Rules on tables.
create or replace function rls.rules_tables() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  relation as (select * from rls.catalogue_relations()),
  app_table as (select * from relation where space = 'app' and kind in ('r', 'p')),
  org_table as (select * from rls.catalogue_org_tables()),
  pin as (select * from rls.rules_pins())

-- R01 Every table in app has org_id, except the platform's own tables.
-- No policy can separate the rows of a table without org_id by organisation.
select 'R01', t.label, 'has no org_id'
  from app_table t
 where t.label not in (select object from pin where rule = 'R01')
   and not exists (select from org_table o where o.oid = t.oid)

-- R02 Every table is in app, except goose's. There are no foreign tables, and no sequence except goose's.
-- The other rules look only at the policies of tables in app.
union all
select 'R02', r.label, case r.kind when 'f' then 'a foreign table' when 'S' then 'a sequence' else 'a table' end
  from relation r
 where (r.space <> 'app' and r.kind in ('r', 'p') or r.kind in ('f', 'S'))
   and not exists (
     select from pin
      where pin.rule = 'R02' and pin.object = r.label
        and pin.text = (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
                          from pg_attribute a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped))

-- R03 Every table in app has row-level security enabled and forced.
-- When it is not enabled, PostgreSQL ignores the policies. When it is not forced, they do not bind the table's owner,
-- and a migration sees the rows of every organisation.
union all
select 'R03', t.label, case when t.rls then 'does not force row-level security' else 'has no row-level security' end
  from app_table t
 where not (t.rls and t.forced)

-- R12 No table in app is partitioned, is a partition, or inherits.
-- The policies of the parent table do not apply to a query on one of its parts.
union all
select 'R12', i.inhrelid::regclass::text, 'inherits from ' || i.inhparent::regclass
  from pg_inherits i join app_table t on t.oid in (i.inhparent, i.inhrelid)
union all
select 'R12', t.label, 'is partitioned' from app_table t where t.kind = 'p'
$rules$;
comment on function rls.rules_tables() is 'Rules: tables.';
