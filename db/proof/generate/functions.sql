-- What Go needs to write each function anew: its conditions are taken apart there. A helper is called by policies or defaults; a
-- shared one may be called by others than its owner. The functions that the rules are written in,
-- and that which says what made the database, refuse nothing; what they must find is planted in their own tests.
select n.nspname || '.' || p.proname || case when count(*) over (partition by n.nspname, p.proname) > 1
         then '(' || pg_get_function_identity_arguments(p.oid) || ')' else '' end as label,
       p.oid::regprocedure::text as signature, pg_get_functiondef(p.oid) as definition, p.prosrc as source, l.lanname as language,
       p.prokind = 'p' as procedure,
       t.typname as returns, p.proretset as many, p.provolatile as volatility, p.prosecdef as definer,
       coalesce(array(select split_part(x, '=', 1) from unnest(p.proconfig) x), '{}') as settings,
       exists (select from pg_depend d where d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid
                 and d.classid in ('pg_policy'::regclass, 'pg_attrdef'::regclass)) as helper,
       exists (select from aclexplode(p.proacl) x where x.grantee <> p.proowner) as shared,
       array(select r.rolname::text from pg_roles r
              where r.rolname ~ '^streamspace_' and r.rolname not in ('streamspace_owner', 'streamspace_migrator')
                and not has_function_privilege(r.oid, p.oid, 'execute') order by 1) as refused
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang join pg_type t on t.oid = p.prorettype
 where n.nspname in ('app', 'rls') and p.prokind in ('f', 'p') and p.proname !~ '^(rules_|catalogue_|(check_catalogue|migration_texts)$)'
 order by 1
