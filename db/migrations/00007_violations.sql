-- +goose Up
-- The proof that ships with the database: a view that must return no row. What it looks for are the rules of db/rules,
-- which `streamspace migrate` puts into the database after the migrations: rls.check_catalogue() here is only their place.
-- Rules look for what somebody thought of; db/manifest holds everything there is to compare with, so that the two are
-- read together.
set local role streamspace_definer;

create function rls.check_catalogue() returns table (rule text, object text, detail text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select 'R00', 'rules', 'are missing: run `streamspace migrate`' $$;
comment on function rls.check_catalogue() is 'What in the catalogue breaks a rule. The view violations shows it.';

create function rls.rules_version() returns int
  language sql immutable
  as $$ select 0 $$;
comment on function rls.rules_version() is 'The version of the rules.';

-- A catalogue is read by everybody, and a start looks before it serves.
grant execute on function rls.check_catalogue(), rls.rules_version() to streamspace_app, streamspace_login,
  streamspace_agent, streamspace_operator, streamspace_system, streamspace_auditor;
grant execute on function rls.rules_version() to streamspace_owner; -- it migrates, and asks whether these are older
reset role;

create view rls.violations with (security_invoker = true) as
  select v.rule, v.object, v.detail from rls.check_catalogue() v;
comment on view rls.violations is 'What is wrong with how organisations are kept apart: no row, or no service.';

grant select on rls.violations to streamspace_app, streamspace_login, streamspace_agent, streamspace_operator,
  streamspace_system, streamspace_auditor;
grant select on rls.goose_db_version to streamspace_auditor; -- which version is it that is audited?

-- +goose Down
revoke select on rls.goose_db_version from streamspace_auditor;
drop view rls.violations;
set local role streamspace_definer;
drop function rls.check_catalogue(), rls.rules_version();
reset role;
