-- Rules on policies.
create or replace function rls.rules_policies() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  app_table as (select * from rls.catalogue_relations() where space = 'app' and kind in ('r', 'p')),
  org_table as (select * from rls.catalogue_org_tables()),
  policy as (select * from rls.catalogue_policies()),
  pin as (select * from rls.rules_pins())

-- R04 Every org table has the floor: a restrictive policy for all commands and the three roles that enter, with both conditions.
-- No other policy can widen it, and it raises an error when no organisation was entered.
select 'R04', t.label, coalesce((select format('tenant_floor is %s for %s to %s using %s with check %s',
         case when p.permissive then 'permissive' else 'restrictive' end, p.command, p.roles, p.reads, p.writes)
         from policy p where p.relation = t.oid and p.name = 'tenant_floor'), 'has no tenant_floor')
  from org_table t
 where not exists (
   select from policy p
    where p.relation = t.oid and p.name = 'tenant_floor' and not p.permissive and p.command = '*'
      and p.roles = array['streamspace_agent', 'streamspace_app', 'streamspace_system']
      and p.reads = t.floored and p.writes = t.floored)

-- R05 On every org table, roles that enter have the same policies for their organisation's rows. Pinned reads are the exception.
-- Permissive policies are combined with OR. If one is too wide, only the floor still protects the rows.
union all
select 'R05', t.label, format('%s for %s to %s using %s with check %s', p.name, p.command, p.roles, p.reads, p.writes)
  from app_table t join policy p on p.relation = t.oid left join org_table o on o.oid = t.oid
 where p.permissive and p.roles && array['streamspace_agent', 'streamspace_app', 'streamspace_system']
   and case -- so that only those in other words are written out
     when o.oid is null or p.roles <> array['streamspace_agent', 'streamspace_app', 'streamspace_system']
          or p.command <> 'a' and p.reads <> o.scoped or p.command in ('a', 'w', '*') and p.writes <> o.scoped
     then (t.name || '.' || p.name, rls.catalogue_policy_text(p.command, p.roles, p.reads, p.writes)) not in (
       select object, text from pin where rule = 'R05')
   end
union all
select 'R05', t.label, 'has no ' || canonical.name
  from org_table t
 cross join (values ('org_select', 'r'), ('org_insert', 'a'), ('org_update', 'w'), ('org_delete', 'd')) as canonical (name, command)
 where (t.name <> 'organizations' or canonical.command = 'r')
   and not exists (
     select from policy p
      where p.relation = t.oid and p.name = canonical.name and p.command = canonical.command::"char" and p.permissive)

-- R06 The definer reads all rows and writes an organisation's rows only inside it. Pinned policies cover the platform's rows.
-- Its functions run for any caller. A mistake in one of them must not write to another organisation.
union all
select 'R06', t.label, format('%s for %s using %s with check %s', p.name, p.command, p.reads, p.writes)
  from app_table t join policy p on p.relation = t.oid left join org_table o on o.oid = t.oid
 where p.permissive and p.roles @> array['streamspace_definer']
   and not (p.command = 'r' and p.reads in ('true', o.scoped))
   and (o.oid is null or p.command <> 'a' and p.reads <> o.scoped or p.command in ('a', '*') and p.writes <> o.scoped
        or p.command = 'w' and p.writes not in ('', o.scoped)
        or p.command = '*')
   and (t.name || '.' || p.name, rls.catalogue_policy_text(p.command, p.roles, p.reads, p.writes)) not in (
     select object, text from pin where rule = 'R06')

-- R07 Policies apply only to the three roles that enter, the definer, the owner and the backup role.
-- A policy for PUBLIC also applies to every role that is added later.
union all
select 'R07', p.relation::regclass::text, format('%s is to %s', p.name, p.roles)
  from policy p
 where not p.roles <@ array['streamspace_agent', 'streamspace_app', 'streamspace_backup', 'streamspace_definer',
   'streamspace_owner', 'streamspace_system']

-- R39 Exactly the pinned restrictive policies limit what a role may do inside an organisation.
-- When one is missing there is no error: everything works, but a member reads the rows of their colleagues.
union all
select 'R39', coalesce(pin.object, p.label), coalesce(p.says, 'is missing, or another')
  from (select object, text from pin where rule = 'R39') pin
  full join (
    select t.name || '.' || p.name as label,
           rls.catalogue_policy_text(p.command, p.roles, p.reads, p.writes) as says
      from policy p join app_table t on t.oid = p.relation
     where not p.permissive and p.name <> 'tenant_floor'
  ) p on p.label = pin.object
 where p.says is distinct from pin.text

-- R40 The owner, which migrates, has the same policy on every org table: for the rows of the organisation that it entered.
-- Without it an update in a migration changes no row and reports no error. With a wider one it changes the rows of
-- every organisation.
union all
select 'R40', p.relation::regclass::text, format('%s is %s for %s to %s using %s with check %s', p.name,
         case when p.permissive then 'permissive' else 'restrictive' end, p.command, p.roles, p.reads, p.writes)
  from policy p left join org_table t on t.oid = p.relation
 where 'streamspace_owner' = any (p.roles)
   and (p.name = 'owner_inside' and p.permissive and p.command = '*' and p.roles = array['streamspace_owner']
        and p.reads = t.scoped and p.writes = t.scoped) is not true
union all
select 'R40', t.label, 'has no owner_inside'
  from org_table t
 where not exists (select from policy p where p.relation = t.oid and p.name = 'owner_inside')

-- R41 The backup role has the same policy on every table in app: it reads all rows, and does nothing else.
-- pg_dump reads through it. From a table without the policy it dumps no row and reports no error.
union all
select 'R41', p.relation::regclass::text, format('%s is %s for %s to %s using %s', p.name,
         case when p.permissive then 'permissive' else 'restrictive' end, p.command, p.roles, p.reads)
  from policy p
 where 'streamspace_backup' = any (p.roles)
   and not (p.name = 'backup_select' and p.permissive and p.command = 'r' and p.roles = array['streamspace_backup']
            and p.reads = 'true')
union all
select 'R41', t.label, 'has no backup_select'
  from app_table t
 where not exists (select from policy p where p.relation = t.oid and p.name = 'backup_select')
$rules$;
comment on function rls.rules_policies() is 'Rules: policies.';
