-- Attempts to act as another role, the rows that the owner sees in its own tables, and a search for unexpected objects: tables,
-- views, sequences and functions that did not exist when the attempts were derived.
with ours as (
  select oid, rolname as name, case rolname when 'streamspace_owner' then 'table owner' else replace(rolname, 'streamspace_', '') end as caller
    from pg_roles where rolname ~ '^streamspace_'
),
known as (
  select (select string_agg(quote_literal(c.oid::regclass::text), ', ') from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.oid >= 16384 and n.nspname in ('app', 'rls') and c.relkind in ('r', 'p', 'v', 'S')) as relations,
         (select string_agg(quote_literal(p.oid::regprocedure::text), ', ') from pg_proc p
           where p.oid >= 16384 and p.pronamespace::regnamespace::text in ('app', 'rls')) as functions
)
select '42501' as want, '' as first, o.caller, format('set local role %I', r.rolname) as statement
  from ours o join pg_roles r on r.oid <> o.oid and not pg_has_role(o.oid, r.oid, 'member')
 where r.rolname ~ '^streamspace_' or r.rolname ~ '^pg_' and r.rolname <> 'pg_database_owner'
    or r.rolsuper
union all
select 'ok 0', '', o.caller, format($$select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid >= 16384 and c.oid::regclass::text not in (%s) and has_schema_privilege(n.oid, 'usage')
    and (c.relkind = 'S' and has_sequence_privilege(c.oid, 'usage, select')
         or c.relkind in ('r', 'p', 'v', 'm', 'f') and has_any_column_privilege(c.oid, 'select, insert, update'))$$, k.relations)
  from ours o, known k where o.name not in ('streamspace_owner', 'streamspace_migrator')
union all
select 'ok 0', '', o.caller, format($$select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.oid >= 16384 and p.oid::regprocedure::text not in (%s) and has_schema_privilege(n.oid, 'usage')
    and has_function_privilege(p.oid, 'execute')$$, k.functions)
  from ours o, known k where o.name not in ('streamspace_owner', 'streamspace_migrator')
union all -- the owner, who migrates, is bound by the policies of its own tables; where there are rows, they raise
select case when exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_floor') then '42501 scope' else 'ok 0' end,
       '', 'table owner', format('select from app.%I', c.relname)
  from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
