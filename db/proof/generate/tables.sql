-- Each table without its row-level security, with another owner, and with every privilege that a role lacks. A role that may
-- not even name what stands in a schema is let into it, as a grant that works would have to.
with service as (
  select oid, rolname as name from pg_roles where rolname ~ '^streamspace_' and rolname not in ('streamspace_owner', 'streamspace_migrator')
),
grantee as (select oid, name::text from service union all select 0, 'public'),
tables as (
  select c.oid, n.oid as space, n.nspname || '.' || c.relname as label, c.relkind, c.relowner, c.relacl
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where n.nspname in ('app', 'rls') and c.relkind in ('r', 'p', 'v')
),
lets_in as (
  select g.oid, t.space, case when g.oid <> 0 and not has_schema_privilege(g.oid, t.space, 'usage')
         then format('grant usage on schema %s to %s; ', t.space::regnamespace, g.name) else '' end as first
    from grantee g, (select distinct space from tables) t
)
select 'table-rls-off', label, format('alter table %s disable row level security', label)
  from tables t join pg_class c using (oid) where c.relrowsecurity
union all
select 'table-force-off', label, format('alter table %s no force row level security', label)
  from tables t join pg_class c using (oid) where c.relforcerowsecurity
union all
select 'table-owner', label || ' is ' || s.name, format('alter table %s owner to %s', label, s.name) from tables t, service s
union all
select 'table-grant', format('%s: %s to %s', t.label, lower(p.privilege), g.name),
       l.first || format('grant %s on %s to %s', p.privilege, t.label, g.name)
  from tables t, grantee g, lets_in l,
       lateral (select distinct x.privilege_type from aclexplode(acldefault('r', t.relowner)) x) p (privilege)
 where (t.relkind <> 'v' or p.privilege = 'SELECT') -- a view is not written
   and l.oid = g.oid and l.space = t.space
   and not exists (select from aclexplode(t.relacl) x where x.grantee = g.oid and x.privilege_type = p.privilege)
union all
select 'column-grant', format('%s.%s: %s to %s', t.label, a.attname, lower(p.privilege), s.name),
       l.first || format('grant %s (%I) on %s to %s', p.privilege, a.attname, t.label, s.name)
  from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped,
       service s, lets_in l, (values ('SELECT'), ('INSERT'), ('UPDATE')) p (privilege)
 where (t.relkind <> 'v' or p.privilege = 'SELECT') and l.oid = s.oid and l.space = t.space and not has_column_privilege(s.oid, t.oid, a.attnum, p.privilege)
