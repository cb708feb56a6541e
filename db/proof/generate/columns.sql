-- Each column without its default, each constraint gone, and keys that carry the organisation without it.
with tables as (
  select c.oid, n.nspname || '.' || c.relname as label, n.nspname as space
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = 'app' and c.relkind in ('r', 'p')
),
columns as ( -- of a key, in its order
  select k.oid, string_agg(quote_ident(a.attname), ', ' order by x.n) as here,
         string_agg(quote_ident(a.attname), ', ' order by x.n) filter (where a.attname <> 'org_id') as here_alone,
         string_agg(quote_ident(b.attname), ', ' order by x.n) filter (where a.attname <> 'org_id') as there_alone,
         bool_or(a.attname = 'org_id') as has_org
    from pg_constraint k, unnest(k.conkey, k.confkey) with ordinality x (here, there, n)
    join pg_attribute a on a.attnum = x.here
    left join pg_attribute b on b.attnum = x.there
   where a.attrelid = k.conrelid and (b.attrelid is null or b.attrelid = k.confrelid)
   group by k.oid
),
actions (code, words) as (values ('c'::"char", 'cascade'), ('n', 'set null'), ('d', 'set default'), ('r', 'restrict'))
select 'column-default', t.label || '.' || a.attname, format('alter table %s alter %I drop default', t.label, a.attname)
  from tables t join pg_attribute a on a.attrelid = t.oid and a.atthasdef and a.attgenerated = ''
union all
select 'constraint-drop', format('%s: %s', t.label, k.conname), format('alter table %s drop constraint %I cascade', t.label, k.conname)
  from tables t join pg_constraint k on k.conrelid = t.oid and k.contype in ('c', 'f', 'p', 'u', 'x')
union all
select 'index-drop', i.indexrelid::regclass::text || ' of ' || t.label, 'drop index ' || i.indexrelid::regclass
  from tables t join pg_index i on i.indrelid = t.oid
 where i.indisunique and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
union all
select 'key-without-org', format('%s: %s', t.label, k.conname),
       format('alter table %s drop constraint %I cascade; alter table %s add constraint %I %s (%s)', t.label, k.conname, t.label, k.conname,
              case k.contype when 'p' then 'primary key' else 'unique' end, c.here_alone)
  from tables t join pg_constraint k on k.conrelid = t.oid and k.contype in ('p', 'u') join columns c on c.oid = k.oid
 where c.has_org and c.here_alone is not null
union all
select 'reference-without-org', format('%s: %s', t.label, k.conname),
       format('create unique index on %s (%s); alter table %s drop constraint %I; alter table %s add constraint %I foreign key (%s) references %s (%s)%s',
              k.confrelid::regclass, c.there_alone, t.label, k.conname, t.label, k.conname, c.here_alone, k.confrelid::regclass, c.there_alone,
              coalesce(' on update ' || u.words, '') || coalesce(' on delete ' || d.words, ''))
  from tables t join pg_constraint k on k.conrelid = t.oid and k.contype = 'f' join columns c on c.oid = k.oid
  left join actions u on u.code = k.confupdtype left join actions d on d.code = k.confdeltype
 where c.has_org and c.here_alone is not null
union all
select 'reference-action', format('%s: %s without on %s', t.label, k.conname, x.event),
       format('alter table %s drop constraint %I; alter table %s add constraint %I %s', t.label, k.conname, t.label, k.conname,
              regexp_replace(pg_get_constraintdef(k.oid), ' ON ' || upper(x.event) || ' (CASCADE|SET NULL( \([^)]*\))?|SET DEFAULT|RESTRICT)', ''))
  from tables t join pg_constraint k on k.conrelid = t.oid and k.contype = 'f',
       lateral (values ('update', k.confupdtype), ('delete', k.confdeltype)) x (event, action)
 where x.action <> 'a'
union all -- a key's own triggers, which check it
select 'constraint-unchecked', t.label, format('alter table %s disable trigger all', t.label)
  from tables t where exists (select from pg_constraint k where k.conrelid = t.oid and k.contype = 'f')
