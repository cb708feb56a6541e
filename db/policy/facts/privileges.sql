-- Every privilege of every role except an object's owner, PUBLIC included. For PostgreSQL's own objects it lists only the
-- differences from initdb. A privilege that initdb granted and that was revoked is a line as well.
with reviewed as materialized (select r.class, r.object from rls.rules_reviewed() r), -- asked once, not in each part
acl (kind, label, owner, now, initial) as (
  select case when c.relkind = 'S' then 'sequence' else 'table' end, n.nspname || '.' || c.relname, c.relowner,
         coalesce(c.relacl, acldefault(case when c.relkind = 'S' then 's' else 'r' end::"char", c.relowner)),
         coalesce(i.initprivs, acldefault(case when c.relkind = 'S' then 's' else 'r' end::"char", c.relowner))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_init_privs i on i.classoid = 'pg_class'::regclass and i.objoid = c.oid and i.objsubid = 0 and c.oid < 16384
   where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_(toast|temp)'
     and (c.oid >= 16384 or c.relacl is distinct from i.initprivs)
     and (n.nspname in ('app', 'rls') or (c.tableoid, c.oid) not in (select r.class, r.object from reviewed r))
  union all
  select 'column ' || a.attname || ' of', n.nspname || '.' || c.relname, c.relowner, a.attacl, i.initprivs
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    left join pg_init_privs i on i.classoid = 'pg_class'::regclass and i.objoid = c.oid and i.objsubid = a.attnum
      and c.oid < 16384
   where a.attacl is distinct from i.initprivs and n.nspname !~ '^pg_(toast|temp)'
     and (n.nspname in ('app', 'rls') or (c.tableoid, c.oid) not in (select r.class, r.object from reviewed r))
  union all
  select 'function', n.nspname || '.' || regexp_replace(p.oid::regprocedure::text, '^' || n.nspname || '\.', ''), p.proowner,
         coalesce(p.proacl, acldefault('f', p.proowner)),
         case when p.oid < 16384 then coalesce(i.initprivs, acldefault('f', p.proowner)) end
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    left join pg_init_privs i on i.classoid = 'pg_proc'::regclass and i.objoid = p.oid
   where n.nspname !~ '^pg_temp' and (p.oid >= 16384 or p.proacl is distinct from i.initprivs)
     and (n.nspname in ('app', 'rls') or (p.tableoid, p.oid) not in (select r.class, r.object from reviewed r))
  union all
  select 'schema', n.nspname, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner)),
         case when n.oid < 16384 and n.nspname <> 'public' then coalesce(i.initprivs, acldefault('n', n.nspowner)) end
    from pg_namespace n left join pg_init_privs i on i.classoid = 'pg_namespace'::regclass and i.objoid = n.oid
   where n.nspname !~ '^pg_(toast|temp)'
     and (n.nspname in ('app', 'rls') or (n.tableoid, n.oid) not in (select r.class, r.object from reviewed r))
  union all
  select 'this database', '', d.datdba, coalesce(d.datacl, acldefault('d', d.datdba)), null
    from pg_database d where d.datname = current_database()
  union all
  select 'type', t.oid::regtype::text, t.typowner, t.typacl, coalesce(i.initprivs, acldefault('T', t.typowner))
    from pg_type t left join pg_init_privs i on i.classoid = 'pg_type'::regclass and i.objoid = t.oid
   where t.typacl is not null
  union all
  select 'language', l.lanname, l.lanowner, l.lanacl, coalesce(i.initprivs, acldefault('l', l.lanowner))
    from pg_language l left join pg_init_privs i on i.classoid = 'pg_language'::regclass and i.objoid = l.oid
   where l.lanacl is not null
  union all
  select 'foreign data wrapper', w.fdwname, w.fdwowner, w.fdwacl, null from pg_foreign_data_wrapper w
   where w.fdwacl is not null
  union all
  select 'foreign server', s.srvname, s.srvowner, s.srvacl, null from pg_foreign_server s where s.srvacl is not null
  union all
  select 'parameter', a.parname, 10, a.paracl, null from pg_parameter_acl a
  union all
  select 'large object', l.oid::text, l.lomowner, l.lomacl, null from pg_largeobject_metadata l where l.lomacl is not null
  union all -- default privileges: those per schema are additions, those without a schema are complete
  select case d.defaclobjtype when 'r' then 'later tables of' when 'S' then 'later sequences of' when 'T' then 'later types of'
           when 'f' then 'later functions of' when 'n' then 'later schemas of' else 'later others of' end,
         d.defaclrole::regrole || coalesce(' in ' || n.nspname, ''), d.defaclrole, d.defaclacl,
         case d.defaclnamespace when 0
           then acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole) end
    from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace
),
now as ( -- every role reads the information schema, for which initdb keeps no record
  select a.kind, a.label, x.grantee, x.privilege_type, x.is_grantable
    from acl a, aclexplode(a.now) x
   where x.grantee <> a.owner
     and not (a.label ~ '^information_schema(\.|$)' and x.grantee = 0 and x.privilege_type in ('SELECT', 'USAGE')
       and not x.is_grantable)
),
initial as (
  select a.kind, a.label, x.grantee, x.privilege_type, x.is_grantable
    from acl a, aclexplode(a.initial) x
   where x.grantee <> a.owner
),
changed as (
  (select 'grant' as verb, * from now except all select 'grant', * from initial)
  union all
  (select 'revoke', * from initial except all select 'revoke', * from now)
)
select concat_ws(' ', c.verb, lower(c.privilege_type), 'on', c.kind, nullif(c.label, ''),
         case c.verb when 'grant' then 'to' else 'from' end, coalesce(nullif(c.grantee, 0)::regrole::text, 'public'),
         case when c.is_grantable then 'with grant option' end)
  from changed c
