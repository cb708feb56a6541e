-- What a role that enters may do with a table it may not do before it has entered: the server raises, whatever the plan looks at
-- and however empty the table. A statement without a condition reads the whole table; one for a place that does not exist reads
-- none of it. The platform's tables raise as their rows are looked at.
with role as (
  select oid, replace(rolname, 'streamspace_', '') as caller
    from pg_roles where rolname in ('streamspace_app', 'streamspace_agent', 'streamspace_system')
),
target as (
  select c.oid, format('app.%I', c.relname) as name,
         exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_floor') as floored
    from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
),
may as (
  select r.caller, t.name, t.floored, p.privilege, has_table_privilege(r.oid, t.oid, 'select') as reads_all,
         (select quote_ident(a.attname) from pg_attribute a where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
             and has_column_privilege(r.oid, t.oid, a.attnum, p.privilege) order by a.attnum desc limit 1) as granted
    from role r cross join target t cross join (values ('select'), ('insert'), ('update')) p (privilege)
  union all
  select r.caller, t.name, t.floored, 'delete', has_table_privilege(r.oid, t.oid, 'select'), 'all'
    from role r cross join target t where has_table_privilege(r.oid, t.oid, 'delete')
)
select '42501 scope' as want, '' as first, caller,
       case privilege when 'select' then 'select from ' || name
                      when 'insert' then format('insert into %s (%s) values (default)', name, granted)
                      when 'update' then format('update %s set %s = default', name, granted)
                      else 'delete from ' || name end as statement
  from may where granted is not null
union all
select '42501 scope', '{by_place}', caller,
       case privilege when 'select' then 'select from ' || name
                      when 'update' then format('update %s set %s = default', name, granted)
                      else 'delete from ' || name end || ' where ctid = ''(0,0)'''
  from may where granted is not null and privilege <> 'insert' and floored and reads_all
