-- The rules read the catalogue through these functions. rls.check_catalogue() fixes the search path for all of them, so that
-- PostgreSQL prints every name in an expression with its schema. Why PL/pgSQL? It plans each function once. The planner inlines
-- SQL functions wherever a rule calls one, and the first call of a connection took 100 ms of CPU time instead of 60.

create or replace function rls.catalogue_roles() returns table (oid oid, name name)
  language plpgsql stable
as $$
#variable_conflict use_column
begin
  return query
    select r.oid, r.rolname from pg_catalog.pg_roles r where r.rolname ~ '^streamspace_';
end
$$;
comment on function rls.catalogue_roles() is 'Our roles.';

-- Temporary tables are left out: only the session that created one can see its rows.
create or replace function rls.catalogue_relations()
  returns table (oid oid, space name, name name, label text, kind "char", owner oid, acl aclitem[], options text[],
    rls boolean, forced boolean)
  language plpgsql stable
as $$
#variable_conflict use_column
begin
  return query
    select c.oid, n.nspname, c.relname, n.nspname || '.' || c.relname, c.relkind, c.relowner, c.relacl, c.reloptions,
           c.relrowsecurity, c.relforcerowsecurity
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.oid >= 16384 and n.nspname !~ '^pg_(toast|temp)'
       and (n.nspname in ('app', 'rls') or (c.tableoid, c.oid) not in (select r.class, r.object from rls.rules_reviewed() r));
end
$$;
comment on function rls.catalogue_relations() is
  'Tables, views, indexes and sequences, except those of initdb and of reviewed extensions.';

-- In app.organizations the key column is id: each row is an organisation.
create or replace function rls.catalogue_org_tables()
  returns table (oid oid, label text, name name, key int2, key_name name, key_required boolean, key_type oid,
    key_default text, scoped text, floored text)
  language plpgsql stable
as $$
#variable_conflict use_column
begin
  return query
    select t.oid, t.label, t.name, a.attnum, a.attname, a.attnotnull, a.atttypid, pg_get_expr(d.adbin, d.adrelid),
           x.scoped, x.floored
      from rls.catalogue_relations() t
      join pg_catalog.pg_attribute a on a.attrelid = t.oid and not a.attisdropped
       and a.attname = case when t.name = 'organizations' then 'id' else 'org_id' end
      left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     cross join lateral rls.tenant_conditions_v1(a.attname) x
     where t.space = 'app' and t.kind in ('r', 'p');
end
$$;
comment on function rls.catalogue_org_tables() is 'The org tables, with the conditions that their policies must have.';

create or replace function rls.catalogue_policies()
  returns table (relation oid, name name, permissive boolean, command "char", roles text[], reads text, writes text)
  language plpgsql stable
as $$
#variable_conflict use_column
begin
  return query
    select p.polrelid, p.polname, p.polpermissive, p.polcmd,
           array(select coalesce(r.rolname::text, 'public') from unnest(p.polroles) x
                   left join pg_catalog.pg_roles r on r.oid = x order by 1),
           coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
      from pg_catalog.pg_policy p;
end
$$;
comment on function rls.catalogue_policies() is 'All policies.';

create or replace function rls.catalogue_policy_text(command "char", roles text[], reads text, writes text) returns text
  language sql stable
as $$
  select regexp_replace(regexp_replace(concat_ws(' ', command, roles, 'using ' || nullif(reads, ''),
           'check ' || nullif(writes, '')), '\( SELECT (rls\.\w+\(\)) AS \w+\)', '(select \1)', 'g'), '\s+', ' ', 'g')
$$;
comment on function rls.catalogue_policy_text("char", text[], text, text) is
  'A policy in the format of the pins: on one line, without the column names that PostgreSQL adds to subqueries.';

create or replace function rls.catalogue_functions()
  returns table (oid oid, space name, label text, owner oid, definer boolean, leakproof boolean, settings text[],
    language name, acl aclitem[])
  language plpgsql stable
as $$
#variable_conflict use_column
begin
  return query
    select p.oid, n.nspname, p.oid::regprocedure::text, p.proowner, p.prosecdef, p.proleakproof,
           coalesce(p.proconfig, '{}'), l.lanname, coalesce(p.proacl, acldefault('f', p.proowner))
      from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      join pg_catalog.pg_language l on l.oid = p.prolang
     where p.oid >= 16384 and n.nspname !~ '^pg_temp'
       and (n.nspname in ('app', 'rls') or (p.tableoid, p.oid) not in (select r.class, r.object from rls.rules_reviewed() r));
end
$$;
comment on function rls.catalogue_functions() is 'Functions and procedures, except those of initdb and of reviewed extensions.';

create or replace function rls.catalogue_grants()
  returns table (oid oid, space name, name name, label text, "column" name, grantee oid, privilege text,
    is_grantable boolean, who text, what text)
  language plpgsql stable
as $$
#variable_conflict use_column
begin
  return query
    select g.oid, g.space, g.name, g.label, g.column, g.grantee, g.privilege, g.is_grantable,
           coalesce(r.rolname::text, 'public'), lower(g.privilege) || coalesce(' (' || g.column || ')', '')
      from (
        select r.oid, r.space, r.name, r.label, null::name as column, x.grantee, x.privilege_type as privilege, x.is_grantable
          from rls.catalogue_relations() r, aclexplode(r.acl) x
         where x.grantee <> r.owner
        union all
        select r.oid, r.space, r.name, r.label, a.attname, x.grantee, x.privilege_type, x.is_grantable
          from rls.catalogue_relations() r join pg_catalog.pg_attribute a on a.attrelid = r.oid, aclexplode(a.attacl) x
         where x.grantee <> r.owner
      ) g left join pg_catalog.pg_roles r on r.oid = g.grantee;
end
$$;
comment on function rls.catalogue_grants() is 'Privileges on relations and on their columns, of every role except the owner.';
