-- A superuser runs this once per cluster before the first migration. It may run any number of times. Each role does one kind
-- of work, owns nothing and is a member of nothing, except the owner, the definer and the migrator. This file sets no
-- passwords: the cluster's administrator chooses how these roles authenticate (peer, scram, a certificate).
do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('streamspace_app',      'login   nobypassrls noinherit', 'members'' requests'),
      ('streamspace_login',    'login   nobypassrls noinherit', 'authentication, before an org is known: functions only, no table'),
      ('streamspace_agent',    'login   nobypassrls noinherit', 'agents'' syncs and reports'),
      ('streamspace_operator', 'login   nobypassrls noinherit', 'the platform: makes orgs, users and members, enrols agents'),
      ('streamspace_system',   'login   nobypassrls noinherit', 'background work, one org at a time'),
      ('streamspace_auditor',  'login   nobypassrls noinherit', 'catalogue views only'),
      ('streamspace_backup',   'login   bypassrls   noinherit', 'pg_dump only'),
      ('streamspace_definer',  'nologin nobypassrls noinherit', 'owns the SECURITY DEFINER functions, nothing else'),
      ('streamspace_owner',    'nologin nobypassrls noinherit', 'owns every other object'),
      ('streamspace_migrator', 'login   nobypassrls noinherit', 'goose, with options=-c role=streamspace_owner')
    ) as roles (name, attributes, does)
  loop
    if not exists (select from pg_roles where rolname = wanted.name) then
      execute format('create role %I', wanted.name);
    end if;
    execute format('alter role %I nosuperuser nocreatedb nocreaterole noreplication %s', wanted.name, wanted.attributes);
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
