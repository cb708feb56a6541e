-- Problems of the role that connects, and of the tables whose rows it reaches: one row with one sentence for each. No row means that the
-- role may serve. Each new connection runs it, as its own role, so that it reads only catalogues that every role can read.
with me as (
  select oid, rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname = current_user
), org_table as (
  select c.oid, c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relowner, k.attname as org_column
    from pg_class c
    join pg_attribute k on k.attrelid = c.oid and not k.attisdropped
     and k.attname = case when c.relname = 'organizations' then 'id' else 'org_id' end
   where c.relnamespace = to_regnamespace('app') and c.relkind in ('r', 'p')
)
select format('connected as %s, not as %s', current_user, $1::text) where current_user <> $1 or session_user <> $1
union all select format('PostgreSQL is %s and must be 15 or later', current_setting('server_version'))
  where current_setting('server_version_num')::int < 150000
union all select rolname || ' is a superuser' from me where rolsuper
union all select rolname || ' bypasses row-level security' from me where rolbypassrls
union all select rolname || ' may create roles' from me where rolcreaterole
union all select rolname || ' may create databases' from me where rolcreatedb
union all select rolname || ' may replicate' from me where rolreplication
union all select format('%s is a member of %s', rolname, m.roleid::regrole) from me join pg_auth_members m on m.member = me.oid
union all select format('%s owns %s', rolname, c.oid::regclass) from me join pg_class c on c.relowner = me.oid
union all select format('%s owns function %s', rolname, p.oid::regprocedure) from me join pg_proc p on p.proowner = me.oid
union all select format('%s owns schema %s', rolname, n.nspname) from me join pg_namespace n on n.nspowner = me.oid
union all select format('%s owns database %s', rolname, d.datname) from me join pg_database d on d.datdba = me.oid
union all select format('%s may execute set_config, and so enter any organisation', rolname) from me
  where has_function_privilege(me.oid, 'pg_catalog.set_config(text, text, boolean)', 'execute')
    -- An administrator without a superuser cannot revoke it from PUBLIC, which the audit notes.
    and not (rls.administrator_v1() is not null
             and (select p.proacl is null from pg_proc p where p.oid = 'pg_catalog.set_config(text, text, boolean)'::regprocedure))
-- A setting that a role, a database or the URL has by default would be the scope of every transaction that does not enter one.
union all select format('%s is set before any organisation was entered', name)
  from unnest(array['app.org_id', 'app.user_id', 'app.role', 'app.credential_id', 'app.agent_id', 'app.agent_epoch', 'app.session_id',
                    'app.service', 'app.operator']) as name
  where coalesce(current_setting(name, true), '') <> ''
union all select format('table app.%s has no row-level security', c.relname) from pg_class c
  where c.relnamespace = to_regnamespace('app') and c.relkind in ('r', 'p') and not c.relrowsecurity
union all select format('table app.%s does not force its row-level security', c.relname) from pg_class c
  where c.relnamespace = to_regnamespace('app') and c.relkind in ('r', 'p') and c.relrowsecurity and not c.relforcerowsecurity
union all select format('table app.%s has no tenant_floor as it should be', t.relname) from org_table t
  where not exists (
    select from pg_policy p
     where p.polrelid = t.oid and p.polname = 'tenant_floor' and not p.polpermissive and p.polcmd = '*'
       and p.polroles @> array(select oid from pg_roles where rolname in ('streamspace_app', 'streamspace_agent', 'streamspace_system'))
       and pg_get_expr(p.polqual, t.oid) = pg_get_expr(p.polwithcheck, t.oid)
       and pg_get_expr(p.polqual, t.oid) = (select c.floored from rls.tenant_conditions_v1(t.org_column) c))
