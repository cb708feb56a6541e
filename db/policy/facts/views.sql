-- Views. PostgreSQL versions print the qualifiers of columns differently, so these are removed. Separate lines name the
-- relations that a view reads.
with seen as (
  select c.oid, n.nspname || '.' || c.relname as label, c.relkind, c.relowner, c.reloptions
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.oid >= 16384 and c.relkind in ('v', 'm') and n.nspname !~ '^pg_temp'
     and (n.nspname in ('app', 'rls') or (c.tableoid, c.oid) not in (select r.class, r.object from rls.rules_reviewed() r))
)
select concat_ws(' ', case relkind when 'v' then 'view' else 'materialized view' end, label, 'owned by', relowner::regrole,
         'with (' || array_to_string(reloptions, ', ') || ')',
         'as', trim(regexp_replace(pg_get_viewdef(oid), '\m[a-z_][a-z_0-9]*\.', '', 'g')))
  from seen
union all
select distinct format('view %s reads %s', s.label, pg_describe_object(d.refclassid, d.refobjid, 0))
  from seen s join pg_rewrite w on w.ev_class = s.oid join pg_depend d on d.classid = 'pg_rewrite'::regclass
    and d.objid = w.oid
 where d.deptype = 'n' and (d.refclassid, d.refobjid) <> ('pg_class'::regclass, s.oid)
