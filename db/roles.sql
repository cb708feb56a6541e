-- Makes the roles of a PostgreSQL server. A superuser runs this once, before the first migration, or an administrator with
-- CREATEROLE and CREATEDB where there is no superuser (RDS, Cloud SQL, Azure, …). It may run any number of times. Each role does
-- one kind of work, owns nothing and is a member of nothing, except the owner, the definer and the migrator. No role needs
-- BYPASSRLS. This file sets no passwords: the administrator chooses how these roles authenticate (peer, scram, a certificate).
do $$
declare
  wanted record;
  have pg_roles;
begin
  for wanted in
    select * from (values
      ('streamspace_app',      'login',   'members'' requests'),
      ('streamspace_login',    'login',   'authentication, before an org is known: functions only, no table'),
      ('streamspace_agent',    'login',   'agents'' syncs and reports'),
      ('streamspace_operator', 'login',   'the platform: makes orgs, users and members, enrols agents'),
      ('streamspace_system',   'login',   'background work, one org at a time'),
      ('streamspace_auditor',  'login',   'catalogue views only'),
      ('streamspace_backup',   'login',   'pg_dump only: reads every row by a policy of its own'),
      ('streamspace_definer',  'nologin', 'owns the SECURITY DEFINER functions, nothing else'),
      ('streamspace_owner',    'nologin', 'owns every other object'),
      ('streamspace_migrator', 'login',   'goose, with options=-c role=streamspace_owner')
    ) as roles (name, login, does)
  loop
    select * into have from pg_roles where rolname = wanted.name;
    if not found then
      execute format('create role %I %s noinherit nosuperuser nocreatedb nocreaterole noreplication nobypassrls',
        wanted.name, wanted.login);
    else
      -- Only a superuser may name these attributes, even to say what is so already.
      if have.rolsuper or have.rolreplication or have.rolbypassrls then
        execute format('alter role %I nosuperuser noreplication nobypassrls', wanted.name);
      end if;
      execute format('alter role %I %s noinherit nocreatedb nocreaterole', wanted.name, wanted.login);
    end if;
    execute format('comment on role %I is %L', wanted.name, wanted.does);
  end loop;
end $$;

-- Lets the owner create functions as the definer. NOINHERIT keeps the definer's policies from applying to the owner.
grant streamspace_definer to streamspace_owner;
grant streamspace_owner to streamspace_migrator;

-- A statement that takes longer is a mistake or an attack. lock_timeout is longer than deadlock_timeout (1 s), so that
-- PostgreSQL reports a deadlock as a deadlock.
do $$
declare
  service text;
begin
  foreach service in array array['streamspace_app', 'streamspace_login', 'streamspace_agent', 'streamspace_operator', 'streamspace_system'] loop
    execute format('alter role %I set statement_timeout = %L', service, '5s');
    execute format('alter role %I set lock_timeout = %L', service, '2s');
    execute format('alter role %I set idle_in_transaction_session_timeout = %L', service, '10s');
  end loop;
end $$;
