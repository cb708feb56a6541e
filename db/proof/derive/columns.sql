-- Each privilege on tables and columns that a role has, and each that it lacks. No attempt reads a row, because PostgreSQL
-- checks privileges first. So no policy takes part.
with role as (
  select oid, rolname, replace(rolname, 'streamspace_', '') as caller
    from pg_roles where rolname ~ '^streamspace_' and rolname <> 'streamspace_owner'
),
relation as (
  select c.oid, c.relkind as kind, n.oid as space, format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname in ('app', 'rls') and c.relkind in ('r', 'p', 'v')
),
reach as ( -- the columns by what a role may do with them, of the relations that it can name
  select r.caller, t.oid, t.name, t.kind, p.privilege,
         array_agg(quote_ident(a.attname) order by a.attnum) filter (where has_column_privilege(r.oid, t.oid, a.attnum, p.privilege)) as granted,
         array_agg(quote_ident(a.attname) order by a.attnum) filter (where not has_column_privilege(r.oid, t.oid, a.attnum, p.privilege)) as hidden
    from role r cross join relation t
    join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
   cross join (values ('select'), ('insert'), ('update')) p (privilege)
   where has_schema_privilege(r.oid, t.space, 'usage') and (t.kind <> 'v' or p.privilege = 'select')
   group by r.caller, t.oid, t.name, t.kind, p.privilege
)
select '42501 grant' as want, '' as first, r.caller, format('select %L::regclass', min(t.name)) as statement
  from role r cross join relation t
 where not has_schema_privilege(r.oid, t.space, 'usage') group by r.caller, t.space -- not even by name
union all
select 'ok 0', '', caller,
       format(case privilege when 'select' then 'select %s from %s where false'
                             when 'insert' then 'insert into %2$s (%1$s) select %3$s where false'
                             else 'update %2$s set %4$s where false' end,
              array_to_string(granted, ', '), name, array_to_string(array_fill('null'::text, array[cardinality(granted)]), ', '),
              array_to_string(granted, ' = default, ') || ' = default')
  from reach where granted is not null
union all -- a statement that names no column is let through by a privilege on any one
select '42501 grant', '', caller,
       format(case privilege when 'select' then 'select from %s where false' else 'insert into %s select where false' end, name)
  from reach where granted is null and privilege <> 'update'
union all
select '42501 grant', '', caller,
       format(case privilege when 'select' then 'select %s from %s where false'
                             when 'insert' then 'insert into %2$s (%1$s) select null where false'
                             else 'update %2$s set %1$s = default where false' end, c, name)
  from reach, unnest(hidden) c where granted is not null or privilege = 'update'
union all
select case when has_table_privilege(r.oid, t.oid, 'delete') then 'ok 0' else '42501 grant' end, '', r.caller,
       format('delete from %s where false', t.name)
  from role r cross join relation t where has_schema_privilege(r.oid, t.space, 'usage') and t.kind <> 'v'
union all
select '42501 grant', '', r.caller, format(s.text, t.name)
  from role r cross join relation t
 cross join (values ('truncate %s'), ('create trigger zz before update on %s for each row '
   'execute function suppress_redundant_updates_trigger()')) s (text)
 where has_schema_privilege(r.oid, t.space, 'usage') and t.kind <> 'v'
union all
select '42501', '', r.caller, 'drop view ' || t.name from role r cross join relation t where t.kind = 'v'
