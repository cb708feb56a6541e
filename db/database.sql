-- A superuser runs this once per database before the first migration, and again after a restore or on a clone of a template
-- database, which have PostgreSQL's default grants. It may run any number of times.
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

-- Only the enter functions set the scope. Without this revoke an injected expression could call set_config and change the
-- org inside one statement.
revoke execute on function pg_catalog.set_config(text, text, boolean) from public;
grant execute on function pg_catalog.set_config(text, text, boolean) to streamspace_definer, streamspace_backup;

-- Functions that reach other connections, or store data that no policy covers.
revoke execute on function pg_catalog.pg_cancel_backend(int), pg_catalog.pg_terminate_backend(int, bigint) from public;
do $$
declare
  f regprocedure;
begin
  for f in
    select oid from pg_proc
     where pronamespace = 'pg_catalog'::regnamespace
       and (proname like 'lo\_%' or proname in ('loread', 'lowrite')
            or proname like 'pg\_advisory%' or proname like 'pg\_try\_advisory%' or proname like 'pg\_notify')
  loop
    execute format('revoke execute on function %s from public', f);
  end loop;
end $$;
grant execute on function pg_catalog.pg_try_advisory_lock(bigint), pg_catalog.pg_advisory_unlock(bigint)
  to streamspace_owner, streamspace_migrator; -- goose's lock
