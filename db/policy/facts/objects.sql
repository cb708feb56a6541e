-- All other kinds of objects: those that lead out of the database, and those that the planner may call before it filters rows.
with made (class, oid) as (
  select 'pg_publication'::regclass, oid from pg_publication
  union all select 'pg_foreign_data_wrapper'::regclass, oid from pg_foreign_data_wrapper
  union all select 'pg_foreign_server'::regclass, oid from pg_foreign_server
  union all select 'pg_language'::regclass, oid from pg_language where oid >= 16384
  union all select 'pg_operator'::regclass, oid from pg_operator where oid >= 16384
  union all select 'pg_opclass'::regclass, oid from pg_opclass where oid >= 16384
  union all select 'pg_opfamily'::regclass, oid from pg_opfamily where oid >= 16384
  union all select 'pg_cast'::regclass, oid from pg_cast where oid >= 16384
  union all select 'pg_am'::regclass, oid from pg_am where oid >= 16384
  union all select 'pg_collation'::regclass, oid from pg_collation where oid >= 16384
  union all select 'pg_conversion'::regclass, oid from pg_conversion where oid >= 16384
  union all select 'pg_transform'::regclass, oid from pg_transform where oid >= 16384
  union all select 'pg_statistic_ext'::regclass, oid from pg_statistic_ext
  union all select 'pg_ts_config'::regclass, oid from pg_ts_config where oid >= 16384
  union all select 'pg_ts_dict'::regclass, oid from pg_ts_dict where oid >= 16384
  union all select 'pg_ts_parser'::regclass, oid from pg_ts_parser where oid >= 16384
  union all select 'pg_ts_template'::regclass, oid from pg_ts_template where oid >= 16384
  union all select 'pg_largeobject'::regclass, oid from pg_largeobject_metadata
  union all -- without the row types of tables and without array types
  select 'pg_type'::regclass, t.oid
    from pg_type t left join pg_class c on c.oid = t.typrelid
   where t.oid >= 16384 and (t.typrelid = 0 or c.relkind = 'c') and t.typelem = 0
)
select concat_ws(' ', i.type, i.identity) from made m, pg_identify_object(m.class, m.oid, 0) i
 where coalesce(i.schema in ('app', 'rls'), false)
    or (m.class::oid, m.oid) not in (select r.class, r.object from rls.rules_reviewed() r)
union all
select 'extension ' || e.extname from pg_extension e where e.extname::text not in (select x.name from rls.rules_extensions() x)
union all
select 'subscription ' || s.subname from pg_subscription s where s.subdbid = (select oid from pg_database
  where datname = current_database())
union all
select format('user mapping of %s for %s', m.usename, m.srvname) from pg_user_mappings m
