-- Calls of each function that a role may not execute. The arguments are null, because PostgreSQL checks the privilege before
-- it evaluates them. The planner must not know that they are null: it would remove the call.
with serving as (
  select oid, replace(rolname, 'streamspace_', '') as caller
    from pg_roles where rolname ~ '^streamspace_' and rolcanlogin and rolname <> 'streamspace_migrator'
),
definer as (select oid, 'definer' as caller from pg_roles where rolname = 'streamspace_definer'),
function as (
  select p.oid, p.proname as name, p.pronamespace::regnamespace::text as space, p.prokind as kind,
         (select coalesce(string_agg(
                   -- Who may not name a type of ours may still pass a null of it.
                   case t.typnamespace when 'pg_catalog'::regnamespace then 'nullif(g, 1)::text::' || format_type(t.oid, null)
                        else 'null' end, ', ' order by x.n), '')
            from unnest(p.proargtypes::oid[]) with ordinality x (type, n) join pg_type t on t.oid = x.type) as arguments,
         exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x where x.grantee = 0) as public,
         exists (select from aclexplode(coalesce(i.initprivs, acldefault('f', p.proowner))) x where x.grantee = 0) as public_first
    from pg_proc p left join pg_init_privs i on i.classoid = 'pg_proc'::regclass and i.objoid = p.oid
   where p.prokind in ('f', 'p')
     and not exists (select from unnest(p.proargtypes::oid[]) x join pg_type t on t.oid = x where t.typtype = 'p')
),
call as (
  select f.*, case f.kind when 'p' then format('do $call$ declare g int := 1; begin call %I.%I(%s); end $call$', f.space, f.name, f.arguments)
                   else format('select %I.%I(%s) from generate_series(1, 1) g', f.space, f.name, f.arguments) end as text
    from function f
)
select '42501 ' || c.name as want, '' as first, s.caller, c.text as statement -- ours
  from call c cross join (select * from serving union all select * from definer) s
 where c.space in ('app', 'rls') and not has_function_privilege(s.oid, c.oid, 'execute')
union all
select '42501', '', 'app', format('alter routine %s cost 1', c.oid::regprocedure)
  from call c where c.space in ('app', 'rls') and c.kind = 'f'
union all -- PostgreSQL's own, which were taken from everyone: they set a scope, reach another connection, or keep data where no
          -- policy covers it
select '42501 ' || c.name, '', s.caller, c.text
  from call c cross join (select * from serving union all select * from definer) s
 where c.space = 'pg_catalog' and c.public_first and not c.public and not has_function_privilege(s.oid, c.oid, 'execute')
union all -- and those that PostgreSQL gives to no one: files, logs, replication, other sessions' memory
select '42501 ' || c.name, '', 'app', c.text
  from call c where c.space = 'pg_catalog' and not c.public_first and not c.public
