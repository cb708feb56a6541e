-- Every function, except PostgreSQL's own and those of reviewed extensions: its owner, how it runs, and the hash of its body.
-- db/schema.sql has the body itself.
select concat_ws(' ',
         case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window function' else 'function' end,
         p.oid::regprocedure, 'returns ' || pg_get_function_result(p.oid),
         'owned by', p.proowner::regrole, 'language', l.lanname,
         case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
         case p.proparallel when 's' then 'parallel safe' when 'r' then 'parallel restricted' end,
         case when p.prosecdef then 'security definer' end, case when p.proleakproof then 'leakproof' end,
         case when p.proisstrict then 'strict' end, 'arguments (' || pg_get_function_arguments(p.oid) || ')',
         (select string_agg('set ' || x, ' ' order by x) from unnest(p.proconfig) x))
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
 where p.oid >= 16384 and n.nspname !~ '^pg_temp'
   and (n.nspname in ('app', 'rls') or (p.tableoid, p.oid) not in (select r.class, r.object from rls.rules_reviewed() r))
union all
select format('body of %s sha256:%s', p.oid::regprocedure,
         encode(sha256(convert_to(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), 'UTF8')), 'hex'))
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
 where p.oid >= 16384 and n.nspname !~ '^pg_temp'
   and (n.nspname in ('app', 'rls') or (p.tableoid, p.oid) not in (select r.class, r.object from rls.rules_reviewed() r))
