-- +goose Up
-- The proof that ships with the database: rules over its catalogue, and a view that must return no row. Rules look for what
-- somebody thought of; db/manifest holds everything there is to compare with, so that the two are read together.
--
-- A rule is a comment that begins with its number, a sentence of what must be so and one of why, and the query that finds
-- what is not so. The report of `streamspace policy audit` and docs/policies.md take both sentences from here.
-- An exception is the full text of what is excepted, so that another thing under the same name is found.

-- +goose StatementBegin
create function rls.check_catalogue() returns table (rule text, object text, detail text)
  language sql stable
  set search_path = pg_catalog, pg_temp -- so that every name in an expression is written out
  set jit = off -- which takes seconds for a query that runs once
as $$
with
  ours as (select oid, rolname as name from pg_roles where rolname ~ '^streamspace_'),
  service as ( -- whoever serves or watches: owns nothing, is a member of nothing
    select oid, name from ours where name not in ('streamspace_owner', 'streamspace_definer')
  ),
  relation as ( -- what initdb did not make; a session's temporary tables are its own
    select c.oid, n.nspname as space, c.relname as name, n.nspname || '.' || c.relname as label, c.relkind as kind,
           c.relowner as owner, c.relacl as acl, c.reloptions as options,
           c.relrowsecurity as rls, c.relforcerowsecurity as forced
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.oid >= 16384 and n.nspname !~ '^pg_(toast|temp)'
  ),
  app_table as (select * from relation where space = 'app' and kind in ('r', 'p')),
  org_table as ( -- an org itself is the row whose id it is
    select t.*, a.attnum as key, a.attname as key_name, a.attnotnull as key_required, a.atttypid as key_type,
           pg_get_expr(d.adbin, d.adrelid) as key_default,
           format('(%I = ( SELECT rls.current_org_id() AS current_org_id))', a.attname) as scoped,
           format('((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND '
             '(%I = ( SELECT rls.current_org_id() AS current_org_id)))', a.attname) as floored
      from app_table t
      join pg_attribute a on a.attrelid = t.oid and not a.attisdropped
       and a.attname = case when t.name = 'organizations' then 'id' else 'org_id' end
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  ),
  policy as (
    select p.polrelid as relation, p.polname as name, p.polpermissive as permissive, p.polcmd as command,
           array(select coalesce(r.rolname::text, 'public') from unnest(p.polroles) x
                   left join pg_roles r on r.oid = x order by 1) as roles,
           coalesce(pg_get_expr(p.polqual, p.polrelid), '') as reads,
           coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') as writes
      from pg_policy p
  ),
  function as (
    select p.oid, n.nspname as space, p.oid::regprocedure::text as label, p.proowner as owner, p.prosecdef as definer,
           p.proleakproof as leakproof, coalesce(p.proconfig, '{}') as settings, l.lanname as language,
           coalesce(p.proacl, acldefault('f', p.proowner)) as acl
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
     where p.oid >= 16384 and n.nspname !~ '^pg_temp'
  ),
  grants as ( -- to anybody but the owner, on whole relations and on columns
    select r.oid, r.space, r.name, r.label, null::name as column, x.grantee, x.privilege_type as privilege, x.is_grantable
      from relation r, aclexplode(r.acl) x
     where x.grantee <> r.owner
    union all
    select r.oid, r.space, r.name, r.label, a.attname, x.grantee, x.privilege_type, x.is_grantable
      from relation r join pg_attribute a on a.attrelid = r.oid, aclexplode(a.attacl) x
     where x.grantee <> r.owner
  ),
  named_grants as (
    select g.*, coalesce(r.rolname, 'public') as who, lower(g.privilege) || coalesce(' (' || g.column || ')', '') as what
      from grants g left join pg_roles r on r.oid = g.grantee
  )

-- Tables.

-- R01 Every table of app is an organisation's, with org_id, or one of the platform's four.
-- A table without org_id holds rows that no scope can keep apart.
select 'R01', t.label, 'has no org_id'
  from app_table t
 where t.name not in ('organizations', 'users', 'agents', 'public_templates')
   and not exists (select from org_table o where o.oid = t.oid)

-- R02 There is no table, foreign table or sequence but in app, and goose's.
-- What stands elsewhere has no policies that the other rules would look at.
union all
select 'R02', r.label, case r.kind when 'f' then 'a foreign table' when 'S' then 'a sequence' else 'a table' end
  from relation r
 where (r.space <> 'app' and r.kind in ('r', 'p') or r.kind in ('f', 'S'))
   and r.label || (select format('(%s)', string_agg(
                            a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum))
                     from pg_attribute a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped)
       not in ('rls.goose_db_version(id integer, version_id bigint, is_applied boolean, tstamp timestamp without time zone)',
               'rls.goose_db_version_id_seq(last_value bigint, log_cnt bigint, is_called boolean)')

-- R03 Every table of app has row-level security, forced.
-- Without it policies are not looked at; without FORCE its owner, and so a migration, sees every organisation's rows.
union all
select 'R03', t.label, case when t.rls then 'does not force row-level security' else 'has no row-level security' end
  from app_table t
 where not (t.rls and t.forced)

-- R04 Every org table has the floor: restrictive, for all commands and all three roles that enter, with both conditions.
-- It is what no other policy can widen, and what raises when no organisation was entered.
union all
select 'R04', t.label, coalesce((select format('tenant_floor is %s for %s to %s using %s with check %s',
         case when p.permissive then 'permissive' else 'restrictive' end, p.command, p.roles, p.reads, p.writes)
         from policy p where p.relation = t.oid and p.name = 'tenant_floor'), 'has no tenant_floor')
  from org_table t
 where not exists (
   select from policy p
    where p.relation = t.oid and p.name = 'tenant_floor' and not p.permissive and p.command = '*'
      and p.roles = array['streamspace_agent', 'streamspace_app', 'streamspace_system']
      and p.reads = t.floored and p.writes = t.floored)

-- R05 A role that enters is permitted its organisation's rows, in the same words everywhere, but for the pinned reads.
-- Permissive policies add up: a single wide one beside the others gives everything that only the floor still holds.
union all
select 'R05', t.label, format('%s for %s to %s using %s with check %s', p.name, p.command, p.roles, p.reads, p.writes)
  from app_table t join policy p on p.relation = t.oid left join org_table o on o.oid = t.oid
 where p.permissive and p.roles && array['streamspace_agent', 'streamspace_app', 'streamspace_system']
   and (o.oid is null or p.roles <> array['streamspace_agent', 'streamspace_app', 'streamspace_system']
        or p.command <> 'a' and p.reads <> o.scoped or p.command in ('a', 'w', '*') and p.writes <> o.scoped)
   and format('%s.%s %s %s %s %s', t.name, p.name, p.command, p.roles, p.reads, p.writes) not in (
     'users.co_members r {streamspace_app} (EXISTS ( SELECT
   FROM app.memberships m
  WHERE (m.user_id = users.id))) ',
     'agents.serves_us r {streamspace_app} (EXISTS ( SELECT
   FROM app.agent_orgs a
  WHERE (a.agent_id = agents.id))) ',
     'public_templates.inside_any_org r {streamspace_app} (( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) ')
union all
select 'R05', t.label, 'has no ' || canonical.name
  from org_table t
 cross join (values ('org_select', 'r'), ('org_insert', 'a'), ('org_update', 'w'), ('org_delete', 'd')) as canonical (name, command)
 where (t.name <> 'organizations' or canonical.command = 'r')
   and not exists (
     select from policy p
      where p.relation = t.oid and p.name = canonical.name and p.command = canonical.command::"char" and p.permissive)

-- R06 The definer reads everything and writes an organisation's rows inside one; the platform's own rows by pinned policies.
-- Its functions run for whoever calls them: a mistake in one must not write across organisations.
union all
select 'R06', t.label, format('%s for %s using %s with check %s', p.name, p.command, p.reads, p.writes)
  from app_table t join policy p on p.relation = t.oid left join org_table o on o.oid = t.oid
 where p.permissive and p.roles @> array['streamspace_definer']
   and not (p.command = 'r' and p.reads in ('true', o.scoped))
   and (o.oid is null or p.command <> 'a' and p.reads <> o.scoped or p.command in ('a', '*') and p.writes <> o.scoped
        or p.command = 'w' and p.writes not in ('', o.scoped)
        or p.command = '*' and p.name not in ('definer_limits', 'definer_usage', 'definer_heads'))
   and format('%s.%s %s %s %s %s', t.name, p.name, p.command, p.roles, p.reads, p.writes) not in (
     'users.definer_insert a {streamspace_definer}  true', 'users.definer_update w {streamspace_definer} true ',
     'agents.definer_insert a {streamspace_definer}  true', 'agents.definer_update w {streamspace_definer} true ',
     'public_templates.definer_insert a {streamspace_definer}  true')

-- R07 Policies name the three roles that enter or the definer, and nobody else.
-- A policy to PUBLIC holds for roles that nobody has thought of yet.
union all
select 'R07', p.relation::regclass::text, format('%s is to %s', p.name, p.roles)
  from policy p
 where not p.roles <@ array['streamspace_agent', 'streamspace_app', 'streamspace_definer', 'streamspace_system']

-- Keys.

-- R08 org_id is a uuid, required, and by default the organisation that was entered.
-- A row without one belongs to nobody; a query that had to name one could name another.
union all
select 'R08', t.label, format('%s is %s%s, default %s', t.key_name, t.key_type::regtype,
         case when t.key_required then ' not null' else '' end, coalesce(t.key_default, 'none'))
  from org_table t
 where not t.key_required or t.key_type <> 'uuid'::regtype
    or t.name <> 'organizations' and t.key_default is distinct from 'rls.current_org_id()'

-- R09 Every table of app has a primary key, and an org table's begins with org_id.
-- Otherwise an id that is taken in one organisation is taken in all, and a foreign key could not carry org_id.
union all
select 'R09', t.label, coalesce('its primary key is ' || pg_get_indexdef(i.indexrelid), 'has no primary key')
  from app_table t left join org_table o on o.oid = t.oid left join pg_index i on i.indrelid = t.oid and i.indisprimary
 where i.indkey is null or o.oid is not null and i.indkey[0] <> o.key or not (i.indisvalid and i.indimmediate)

-- R10 Every other unique index or exclusion of an org table begins with org_id, but the pinned ones.
-- A duplicate is refused whatever the policies say, and so tells of another organisation's row. Those pinned are of random
-- ids and of secrets' hashes, which are looked up before an organisation is known.
union all
select 'R10', t.label, pg_get_indexdef(i.indexrelid)
  from org_table t join pg_index i on i.indrelid = t.oid
 where (i.indisunique or i.indisexclusion) and not i.indisprimary and i.indkey[0] <> t.key
   and pg_get_indexdef(i.indexrelid) not in (
     'CREATE UNIQUE INDEX credentials_secret ON app.credentials USING btree (secret_hash)',
     'CREATE UNIQUE INDEX tickets_secret ON app.tickets USING btree (secret_hash)',
     'CREATE UNIQUE INDEX templates_id ON app.templates USING btree (id)',
     'CREATE UNIQUE INDEX sessions_id ON app.sessions USING btree (id)',
     'CREATE UNIQUE INDEX organizations_slug_key ON app.organizations USING btree (slug)',
     'CREATE UNIQUE INDEX organizations_namespace_key ON app.organizations USING btree (namespace)')

-- R11 A foreign key of an org table pairs the two org_id and is valid; the platform's tables have none.
-- Foreign keys are checked past the policies: one without org_id reaches, or asks for, another organisation's row.
union all
select 'R11', k.conrelid::regclass::text, k.conname || ' ' || pg_get_constraintdef(k.oid)
  from pg_constraint k left join org_table t on t.oid = k.conrelid join org_table f on f.oid = k.confrelid
 where k.contype = 'f'
   and (t.oid is null or not k.convalidated
        or not exists (select from unnest(k.conkey, k.confkey) x (here, there) where x.here = t.key and x.there = f.key))

-- R12 No table of app is a partition, has any, or inherits.
-- A policy of the whole does not hold for a query of its part.
union all
select 'R12', i.inhrelid::regclass::text, 'inherits from ' || i.inhparent::regclass
  from pg_inherits i join app_table t on t.oid in (i.inhparent, i.inhrelid)
union all
select 'R12', t.label, 'is partitioned' from app_table t where t.kind = 'p'

-- Roles.

-- R13 No role of ours is a superuser or may make roles, databases or replicas; only the backup's bypasses row-level security.
-- Each of these looks past every policy, or makes somebody who does.
union all
select 'R13', r.rolname, array_to_string(array[
         case when r.rolsuper then 'superuser' end, case when r.rolcreaterole then 'createrole' end,
         case when r.rolcreatedb then 'createdb' end, case when r.rolreplication then 'replication' end,
         case when r.rolbypassrls then 'bypassrls' end, case when r.rolcanlogin then 'login' end], ', ')
  from pg_roles r
 where r.rolname ~ '^streamspace_'
   and (r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication
        or r.rolbypassrls and r.rolname <> 'streamspace_backup'
        or r.rolcanlogin and r.rolname in ('streamspace_owner', 'streamspace_definer'))

-- R14 No other role but a superuser bypasses row-level security, or could give itself a role of ours.
-- BYPASSRLS reads every organisation; before PostgreSQL 16 CREATEROLE may join the owner; server files hold the tables.
union all
select 'R14', r.rolname, case when r.rolbypassrls then 'bypasses row-level security' else 'may create, and so join, roles' end
  from pg_roles r
 where not r.rolsuper and r.rolname !~ '^streamspace_'
   and (r.rolbypassrls or r.rolcreaterole and current_setting('server_version_num')::int < 160000)
union all
select 'R14', m.member::regrole::text, 'is a member of ' || m.roleid::regrole
  from pg_auth_members m join pg_roles r on r.oid = m.member and not r.rolsuper
 where m.roleid::regrole::text in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
   and r.rolname !~ '^streamspace_'

-- R15 The migrator may become the owner and the owner the definer; there is no other membership that touches a role of ours.
-- A member has, or can take, all that the role has, policies included.
union all
select 'R15', m.member::regrole::text,
       format('is a member of %s%s', m.roleid::regrole, case when m.admin_option then ', and may add others' end)
  from pg_auth_members m
 where (m.member in (select oid from ours) or m.roleid in (select oid from ours))
   and (m.admin_option or (m.member::regrole::text, m.roleid::regrole::text) not in (
     ('streamspace_migrator', 'streamspace_owner'), ('streamspace_owner', 'streamspace_definer')))

-- R16 Roles that serve own nothing, the definer nothing but functions, and the rest is the owner's.
-- An owner may grant, alter and drop what is theirs, and so lift what holds them.
union all
select 'R16', pg_describe_object(d.classid, d.objid, d.objsubid), 'is owned by ' || o.name
  from pg_shdepend d join ours o on o.oid = d.refobjid
 where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o'
   and d.dbid in (0, (select oid from pg_database where datname = current_database()))
   and (o.oid in (select oid from service)
        or o.name = 'streamspace_definer' and d.classid not in ('pg_proc'::regclass, 'pg_default_acl'::regclass))
union all
select 'R16', r.label, 'is owned by ' || r.owner::regrole
  from relation r
 where r.space in ('app', 'rls') and r.owner not in (select oid from ours)
union all
select 'R16', n.nspname, 'is owned by ' || n.nspowner::regrole
  from pg_namespace n
 where n.nspname in ('app', 'rls') and n.nspowner::regrole::text <> 'streamspace_owner'

-- R17 No setting of a role or of this database says app.*, or turns off what the policies rest on.
-- It would be there as a connection begins: an organisation that nobody entered, triggers that do not fire, other functions.
union all
select 'R17', format('%s in %s', case when s.setrole = 0 then 'everybody' else s.setrole::regrole::text end,
         case when s.setdatabase = 0 then 'every database' else 'this database' end), c
  from pg_db_role_setting s, unnest(s.setconfig) c
 where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
   and (c ~* '^app\.' or lower(split_part(c, '=', 1)) in (
     'row_security', 'session_replication_role', 'role', 'session_authorization', 'search_path',
     'session_preload_libraries', 'local_preload_libraries'))

-- Views and functions.

-- R18 Every view is a security_invoker.
-- Another reads with the rights of its owner, and under the owner's policies instead of the reader's.
union all
select 'R18', r.label, 'reads as its owner, ' || r.owner::regrole
  from relation r
 where r.kind = 'v' and not coalesce(r.options && array['security_invoker=true', 'security_invoker=on'], false)

-- R19 There is no materialised view.
-- It holds rows of whatever organisations it was filled from, and can have no policies.
union all
select 'R19', r.label, 'is a materialised view' from relation r where r.kind = 'm'

-- R20 A SECURITY DEFINER function stands in rls, is the definer's, and fixes its search_path.
-- It acts past the caller's rights: as a role that may do little, and on no object that the caller put in its way.
union all
select 'R20', f.label, format('is owned by %s, with %s', f.owner::regrole, f.settings)
  from function f
 where f.definer
   and (f.space <> 'rls' or f.owner::regrole::text <> 'streamspace_definer' or not 'search_path=pg_catalog, pg_temp' = any (f.settings))

-- R21 Every function stands in rls, is ours, in SQL or PL/pgSQL, and cannot be executed by PUBLIC.
-- A function elsewhere, of another's, or in a language that reaches the server, is a way in that no rule here looks at.
union all
select 'R21', f.label, case when exists (select from aclexplode(f.acl) x where x.grantee = 0) then 'can be executed by public'
         else format('is owned by %s, in %s', f.owner::regrole, f.language) end
  from function f
 where f.space <> 'rls' or f.language not in ('sql', 'plpgsql')
    or f.owner::regrole::text not in ('streamspace_owner', 'streamspace_definer')
    or exists (select from aclexplode(f.acl) x where x.grantee = 0)

-- R22 No function of ours is LEAKPROOF.
-- Such a one is called with rows before the policies have decided about them.
union all
select 'R22', f.label, 'is leakproof' from function f where f.leakproof

-- R23 The functions that say who acts, and the audit log's hash, are as they were made: body, volatility, settings and owner.
-- Every policy believes the ones, and whoever verifies the log the other.
union all
select 'R23', coalesce(pinned.label, f.label), coalesce(f.made || ' ' || f.body, 'is missing')
  from (values
    ('rls.audit_hash(bytea,app.audit_log)', 'streamspace_definer sql s u f {"search_path=pg_catalog, pg_temp",TimeZone=UTC}',
     'b17baeb9c0d3393de0fe14f4d9101259c175be178be1807ab31bd3b859c921cf'),
    ('rls.no_org()', 'streamspace_owner plpgsql s s f {"search_path=pg_catalog, pg_temp"}',
     '5993eba4d95f406477a7fc3ba63902513fde2c2c1537bbb200b6f8c012bd490a'),
    ('rls.current_org_id()', 'streamspace_owner sql s s f {}',
     '3c88b9df0b6502199139893cfe71063f2c93b0228d0148b17ca4ffcba0e935ca'),
    ('rls.current_user_id()', 'streamspace_owner sql s s f {}',
     '64a18099d310c7c3bbf5bb877d525499119050259c0701783c282912393a41ea'),
    ('rls.current_credential_id()', 'streamspace_owner sql s s f {}',
     '66fb5dd68400fdecbdc3dc6bfa4fe98dcd3f21b5d993d95088765b7564e624e5'),
    ('rls.current_agent_id()', 'streamspace_owner sql s s f {}',
     '2ee506c15c56f715fb1045abb6f00ad08bfd606ee722d981b58fb37c079b19e8'),
    ('rls.current_session_id()', 'streamspace_owner sql s s f {}',
     'a07a7f59b7d7bb813bdb155949baaeb0923bc1df9e2833b2680b7200736ebd6b'),
    ('rls.is_admin()', 'streamspace_owner sql s s f {}',
     '1f5f825efb4fa18df870f9de7d4803d16e6806778e9453860983eb8ea175a465'),
    ('rls.is_owner()', 'streamspace_owner sql s s f {}',
     'ec773fcc23392136ac5f054bb6cf802b86bb85ab7320390409c79746e66a9bbc'),
    ('rls.is_viewer()', 'streamspace_owner sql s s f {}',
     'abd6554908eaca88d356a52ebc1620d4715d94e43b19ca3bfe1e5d67f5993c7f')
  ) as pinned (label, made, body)
  full join (
    select f.label, encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex') as body,
           format('%s %s %s %s %s %s', f.owner::regrole, f.language, p.provolatile, p.proparallel, p.prosecdef,
             f.settings) as made
      from function f join pg_proc p on p.oid = f.oid
     where f.space = 'rls' and p.proname ~ '^(current_|is_(admin|owner|viewer)$|no_org$|audit_hash$)'
  ) f on f.label = pinned.label
 where (f.made, f.body) is distinct from (pinned.made, pinned.body)

-- R24 Triggers run SECURITY DEFINER functions of the definer and are all enabled, foreign keys' own included.
-- They number, chain and count whoever writes; a disabled foreign key lets a row point into another organisation.
union all
select 'R24', t.tgrelid::regclass::text,
       format('%s runs %s%s', t.tgname, t.tgfoid::regprocedure, case when t.tgenabled <> 'O' then ', and is not enabled' end)
  from pg_trigger t join pg_proc p on p.oid = t.tgfoid join relation r on r.oid = t.tgrelid
 where t.tgenabled <> 'O'
    or not t.tgisinternal
       and (not p.prosecdef or p.proowner::regrole::text <> 'streamspace_definer' or p.pronamespace <> to_regnamespace('rls'))

-- R25 There are no event triggers, and no rules but those that make views.
-- Both run unseen when somebody else works, with that one's rights.
union all
select 'R25', e.evtname, 'is an event trigger that runs ' || e.evtfoid::regprocedure from pg_event_trigger e
union all
select 'R25', w.ev_class::regclass::text, 'has the rule ' || w.rulename
  from pg_rewrite w join relation r on r.oid = w.ev_class
 where w.rulename <> '_RETURN'

-- Privileges.

-- R26 Nobody may update org_id, and no role that serves may insert it.
-- A row that changes its organisation is lost to one and given to the other.
union all
select 'R26', g.label, g.what || ' to ' || g.who
  from named_grants g join org_table t on t.oid = g.oid
 where g.privilege = 'UPDATE' and (g.column is null or g.column = t.key_name)
    or g.privilege = 'INSERT' and (g.column is null or g.column = t.key_name) and g.grantee in (select oid from service)

-- R27 Nobody may write a column that the database fills: numbers, actors, times, hashes, generations.
-- Whoever could write them could rewrite what happened, or take quota twice.
union all
select 'R27', g.label, g.what || ' to ' || g.who
  from named_grants g
  join (values
    ('events', array['seq', 'at', 'owner_id']), ('audit_log', array['seq', 'at', 'actor', 'previous', 'hash']),
    ('sessions', array['generation', 'observed_epoch', 'created_at', 'end_wanted_at', 'ended_at']),
    ('tickets', array['credential_id', 'ends_at']), ('quota_usage', array['used']),
    ('org_heads', array['event_seq', 'audit_seq', 'audit_hash'])
  ) as filled (name, columns) on g.space = 'app' and filled.name = g.name
 where g.privilege in ('INSERT', 'UPDATE')
   and (g.column is null and g.privilege = 'INSERT' or g.column = any (filled.columns))
   and (g.name, g.who, g.what) not in (
     ('org_heads', 'streamspace_definer', 'insert'), ('quota_usage', 'streamspace_definer', 'insert'),
     ('quota_usage', 'streamspace_definer', 'update (used)'), ('org_heads', 'streamspace_definer', 'update (event_seq)'),
     ('org_heads', 'streamspace_definer', 'update (audit_seq)'), ('org_heads', 'streamspace_definer', 'update (audit_hash)'))

-- R28 Only the definer and the backup read a secret's hash.
-- With one, a password can be guessed offline, and a statement that compares it finds its holder.
union all
select 'R28', g.label, g.what || ' to ' || g.who
  from named_grants g
 where g.privilege = 'SELECT' and g.who not in ('streamspace_definer', 'streamspace_backup')
   and (g.column in ('secret_hash', 'password_hash')
        or g.column is null and exists (
          select from pg_attribute a where a.attrelid = g.oid and a.attname in ('secret_hash', 'password_hash')))

-- R29 Nobody may truncate, reference, put triggers on or maintain a table of another's, or pass a grant on.
-- None of these asks a policy.
union all
select 'R29', g.label, format('%s to %s%s', g.what, g.who, case when g.is_grantable then ', who may grant it' else '' end)
  from named_grants g
 where g.is_grantable or g.privilege not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE')

-- R30 In our schemas only roles of ours have grants: on tables, columns, functions and the schemas themselves.
-- PUBLIC is everybody, and another application's role is somebody this design knows nothing of.
union all
select 'R30', g.label, g.what || ' to ' || g.who
  from named_grants g
 where g.space in ('app', 'rls') and g.grantee not in (select oid from ours)
union all
select 'R30', f.label, 'execute to ' || x.grantee::regrole
  from function f, aclexplode(f.acl) x
 where x.grantee <> 0 and x.grantee not in (select oid from ours) and x.grantee <> f.owner
union all
select 'R30', n.nspname, format('%s to %s', lower(x.privilege_type), coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_namespace n, aclexplode(n.nspacl) x
 where n.nspname in ('app', 'rls') and x.grantee not in (select oid from ours)

-- R31 No role of ours, and not PUBLIC, may call set_config, lock by number, use large objects, notify or end others' work.
-- set_config would enter any organisation from inside a query; the others reach other connections, or keep data that no
-- policy covers. Pinned are the definer's and the backup's set_config, and the locks by which migrations take turns.
union all
select 'R31', p.oid::regprocedure::text, 'execute to ' || coalesce(nullif(x.grantee, 0)::regrole::text, 'public')
  from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
 where p.pronamespace = to_regnamespace('pg_catalog') and x.grantee <> p.proowner
   and (p.proname in ('set_config', 'loread', 'lowrite', 'pg_notify', 'pg_cancel_backend', 'pg_terminate_backend')
        or p.proname like 'lo\_%' or p.proname like 'pg\_advisory%' or p.proname like 'pg\_try\_advisory%')
   and (x.grantee = 0 or x.grantee in (select oid from ours))
   and (p.oid::regprocedure::text, x.grantee::regrole::text) not in (
     ('set_config(text,text,boolean)', 'streamspace_definer'), ('set_config(text,text,boolean)', 'streamspace_backup'),
     ('pg_try_advisory_lock(bigint)', 'streamspace_owner'), ('pg_try_advisory_lock(bigint)', 'streamspace_migrator'),
     ('pg_advisory_unlock(bigint)', 'streamspace_owner'), ('pg_advisory_unlock(bigint)', 'streamspace_migrator'))

-- R32 But for owners, and the definer in rls, nobody may create anything here, not even a temporary table.
-- What somebody creates is theirs, with no policies, and found before ours by whoever searches it.
union all
select 'R32', n.nspname, 'create to ' || coalesce(nullif(x.grantee, 0)::regrole::text, 'public')
  from pg_namespace n, aclexplode(n.nspacl) x
 where n.nspname !~ '^pg_temp' and x.privilege_type = 'CREATE' and x.grantee <> n.nspowner
   and (n.nspname, x.grantee::regrole::text) <> ('rls', 'streamspace_definer')
union all
select 'R32', 'this database',
       format('%s to %s', lower(x.privilege_type), coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x
 where d.datname = current_database() and x.grantee <> d.datdba
   and (x.privilege_type <> 'CONNECT' or x.grantee = 0)

-- R33 By default what is made later is nobody's but the backup's to read, and PUBLIC executes no later function of ours.
-- Default privileges are grants that nobody writes down again.
union all
select 'R33', d.defaclrole::regrole::text, format('%s on later %s to %s', lower(x.privilege_type), d.defaclobjtype,
         coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_default_acl d, aclexplode(d.defaclacl) x
 where x.grantee <> d.defaclrole
   and (d.defaclrole::regrole::text, d.defaclobjtype, x.privilege_type,
        coalesce(nullif(x.grantee, 0)::regrole::text, 'public')) not in (
     ('streamspace_owner', 'r', 'SELECT', 'streamspace_backup'), ('streamspace_owner', 'S', 'SELECT', 'streamspace_backup'))
union all
select 'R33', o.name, 'public may execute its later functions'
  from ours o
 where o.name in ('streamspace_owner', 'streamspace_definer')
   and not exists (
     select from pg_default_acl d where d.defaclrole = o.oid and d.defaclobjtype = 'f' and d.defaclnamespace = 0)

-- R34 Nobody but a superuser was given a server parameter to set or to alter.
-- Among them are those that switch triggers off or load a library.
union all
select 'R34', a.parname, format('%s to %s', lower(x.privilege_type), coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_parameter_acl a, aclexplode(a.paracl) x
 where x.grantee <> 10

-- What leads out.

-- R35 There is no publication and no subscription.
-- A publication sends rows of every organisation to wherever it is read, past all policies.
union all
select 'R35', p.pubname, 'is a publication' from pg_publication p
union all
select 'R35', s.subname, 'is a subscription'
  from pg_subscription s
 where s.subdbid = (select oid from pg_database where datname = current_database())

-- R36 There is no extension but plpgsql, no foreign data wrapper and no server.
-- Each brings functions that no rule here has read, and some open connections of their own.
union all
select 'R36', e.extname, 'is an extension' from pg_extension e where e.extname <> 'plpgsql'
union all
select 'R36', w.fdwname, 'is a foreign data wrapper' from pg_foreign_data_wrapper w
union all
select 'R36', s.srvname, 'is a foreign server' from pg_foreign_server s

-- R37 There is no operator, operator class, cast or language of anybody's making.
-- The planner may ask one about rows that a policy hides, and a cast changes what a condition compares.
union all
select 'R37', pg_describe_object(x.class, x.oid, 0), 'is not PostgreSQL''s own'
  from (select 'pg_operator'::regclass, oid from pg_operator union all select 'pg_opclass'::regclass, oid from pg_opclass
        union all select 'pg_cast'::regclass, oid from pg_cast
        union all select 'pg_language'::regclass, oid from pg_language) x (class, oid)
 where x.oid >= 16384

-- R38 There are no large objects.
-- They belong to a role, not to an organisation, and have no policies.
union all
select 'R38', 'large object ' || l.oid, 'is owned by ' || l.lomowner::regrole from pg_largeobject_metadata l

-- Inside an organisation.

-- R39 What a role inside an organisation may not do is said by these restrictive policies, word for word.
-- Nobody misses one that is gone: everything works, and a member reads what is their colleagues'.
union all
select 'R39', coalesce(pinned.label, p.label), coalesce(p.says, 'is missing, or another')
  from (values
    ('audit_log.about_reported_session',
     'a {streamspace_agent} using check (subject = ((select rls.current_session_id()))::text)'),
    ('audit_log.own_or_admin',
     'r {streamspace_app} using ((actor = (''user:''::text || (select rls.current_user_id()))) OR (select rls.is_admin()))
      check '),
    ('audit_log.viewers_insert_refusals',
     'a {streamspace_app} using check ((NOT (select rls.is_viewer())) OR (action = ''credential.sign_out''::text) OR
      ("right"(action, 8) = ''.refused''::text))'),
    ('credentials.own_or_admin',
     '* {streamspace_app} using ((user_id = (select rls.current_user_id())) OR ((select rls.is_admin()) AND ((role <>
      ''owner''::text) OR (select rls.is_owner())))) check '),
    ('events.about_own',
     'a {streamspace_app} using check ((select rls.is_admin()) OR ((NOT (select rls.is_viewer())) AND (audience =
      ''owner''::text) AND (owner_id = (select rls.current_user_id()))))'),
    ('events.about_reported_session', 'a {streamspace_agent} using check (subject_id = (select rls.current_session_id()))'),
    ('events.own_or_everyones',
     'r {streamspace_app} using ((audience = ''everyone''::text) OR (owner_id = (select rls.current_user_id())) OR (select
      rls.is_admin())) check '),
    ('memberships.admins_delete', 'd {streamspace_app} using (select rls.is_admin()) check '),
    ('memberships.admins_update', 'w {streamspace_app} using (select rls.is_admin()) check '),
    ('memberships.owners_make_owners',
     'w {streamspace_app} using ((role <> ''owner''::text) OR (select rls.is_owner())) check ((role <> ''owner''::text) OR
      (select rls.is_owner()))'),
    ('memberships.owners_remove_owners',
     'd {streamspace_app} using ((role <> ''owner''::text) OR (select rls.is_owner())) check '),
    ('quota_usage.own_or_orgs',
     'r {streamspace_app} using ((holder_id = org_id) OR (holder_id = (select rls.current_user_id())) OR (select
      rls.is_admin())) check '),
    ('sessions.own_or_admin',
     '* {streamspace_app} using ((owner_id = (select rls.current_user_id())) OR (select rls.is_admin())) check '),
    ('sessions.reported_session',
     '* {streamspace_agent} using ((id = (select rls.current_session_id())) AND (agent_id = (select rls.current_agent_id())))
      check '),
    ('sessions.viewers_insert_none', 'a {streamspace_app} using check (NOT (select rls.is_viewer()))'),
    ('sessions.viewers_update_none', 'w {streamspace_app} using (NOT (select rls.is_viewer())) check '),
    ('templates.admins_delete', 'd {streamspace_app} using (select rls.is_admin()) check '),
    ('templates.admins_insert', 'a {streamspace_app} using check (select rls.is_admin())'),
    ('templates.admins_update', 'w {streamspace_app} using (select rls.is_admin()) check '),
    ('tickets.of_a_session_in_reach',
     'a {streamspace_app} using check ((NOT (select rls.is_viewer())) AND (EXISTS ( SELECT FROM app.sessions s WHERE (s.id =
      tickets.session_id))))')
  ) as pinned (label, says)
  full join (
    select t.name || '.' || p.name as label,
           regexp_replace(format('%s %s using %s check %s', p.command, p.roles, p.reads, p.writes),
             '\( SELECT (rls\.\w+\(\)) AS \w+\)', '(select \1)', 'g') as says
      from policy p join app_table t on t.oid = p.relation
     where not p.permissive and p.name <> 'tenant_floor'
  ) p on p.label = pinned.label
 where regexp_replace(p.says, '\s+', ' ', 'g') is distinct from regexp_replace(pinned.says, '\s+', ' ', 'g')
$$;
-- +goose StatementEnd
comment on function rls.check_catalogue() is 'What in the catalogue breaks a rule. The view violations shows it.';

create view rls.violations with (security_invoker = true) as
  select v.rule, v.object, v.detail from rls.check_catalogue() v;
comment on view rls.violations is 'What is wrong with how organisations are kept apart: no row, or no service.';

-- A catalogue is read by everybody, and a start looks before it serves.
grant execute on function rls.check_catalogue() to streamspace_app, streamspace_login, streamspace_agent,
  streamspace_operator, streamspace_system, streamspace_auditor;
grant select on rls.violations to streamspace_app, streamspace_login, streamspace_agent, streamspace_operator,
  streamspace_system, streamspace_auditor;
grant select on rls.goose_db_version to streamspace_auditor; -- which version is it that is audited?

-- +goose Down
revoke select on rls.goose_db_version from streamspace_auditor;
drop view rls.violations;
drop function rls.check_catalogue();
