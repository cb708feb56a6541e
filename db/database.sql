-- Prepares a database after roles.sql: a superuser runs this before the first migration, or the administrator who owns the
-- database where there is no superuser. It runs again after a restore, and on a clone of a template database, which have
-- PostgreSQL's default grants. It may run any number of times.
begin;

-- Only a member of a role makes a schema for it. The administrator is one until the end of this transaction.
do $$
begin
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant streamspace_owner, streamspace_definer to %I', current_user);
  end if;
end $$;

do $$
begin
  execute format('revoke all on database %I from public', current_database()); -- CONNECT and TEMP
  execute format('grant connect on database %I to streamspace_app, streamspace_login, streamspace_agent, streamspace_operator, '
    'streamspace_system, streamspace_migrator, streamspace_auditor, streamspace_backup', current_database());
end $$;
revoke all on schema public from public;

-- app holds the tables. rls holds the functions that enter an org, and goose's table.
create schema if not exists app authorization streamspace_owner;
create schema if not exists rls authorization streamspace_owner;
grant usage on schema app to streamspace_app, streamspace_agent, streamspace_system, streamspace_definer, streamspace_backup;
grant usage on schema rls to streamspace_app, streamspace_login, streamspace_agent, streamspace_operator, streamspace_system,
  streamspace_definer, streamspace_auditor, streamspace_backup;
grant create on schema rls to streamspace_definer;
alter default privileges for role streamspace_owner revoke execute on functions from public;
alter default privileges for role streamspace_definer revoke execute on functions from public;
alter default privileges for role streamspace_owner grant select on tables to streamspace_backup;
alter default privileges for role streamspace_owner grant select on sequences to streamspace_backup;

-- Only the enter functions set the scope. With set_config, an injected expression could change the org inside one statement.
-- The others reach other connections, or store data that no policy covers. Only who may grant a function can revoke it: a
-- superuser. managed.sql lists what stays.
do $$
declare
  f regprocedure;
begin
  for f in
    select oid from pg_proc
     where pronamespace = 'pg_catalog'::regnamespace
       and (proname in ('set_config', 'pg_cancel_backend', 'pg_terminate_backend', 'pg_notify', 'loread', 'lowrite')
            or proname like 'lo\_%' or proname like 'pg\_advisory%' or proname like 'pg\_try\_advisory%')
       and has_function_privilege(oid, 'execute with grant option')
  loop
    execute format('revoke execute on function %s from public', f);
  end loop;
  if has_function_privilege('pg_catalog.set_config(text, text, boolean)', 'execute with grant option') then
    grant execute on function pg_catalog.set_config(text, text, boolean) to streamspace_definer, streamspace_backup;
    grant execute on function pg_catalog.pg_try_advisory_lock(bigint), pg_catalog.pg_advisory_unlock(bigint)
      to streamspace_owner, streamspace_migrator; -- goose's lock
  end if;
end $$;

do $$
begin
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('revoke streamspace_owner, streamspace_definer from %I', current_user);
  end if;
end $$;
commit;
