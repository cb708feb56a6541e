-- +goose Up
-- The proof that ships with the database: a view that must return no row. `streamspace migrate` installs the rules (db/rules)
-- after the migrations and replaces rls.check_catalogue(), which is only a stub here. Rules find known mistakes; db/manifest
-- lists the whole catalogue and so finds every other change. Use both.
set local role streamspace_definer;

create function rls.check_catalogue() returns table (rule text, object text, detail text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select 'R00', 'rules', 'are missing: run `streamspace migrate`' $$;
comment on function rls.check_catalogue() is 'Everything in the catalogue that breaks a rule. The view violations shows it.';

create function rls.rules_version() returns int
  language sql immutable
  as $$ select 0 $$;
comment on function rls.rules_version() is 'The version of the rules.';

-- Every role may read the catalogue anyway, and each program checks it before it serves.
grant execute on function rls.check_catalogue(), rls.rules_version() to streamspace_app, streamspace_login,
  streamspace_agent, streamspace_operator, streamspace_system, streamspace_auditor;
grant execute on function rls.rules_version() to streamspace_owner; -- `streamspace migrate` compares it with the program's version
reset role;

create view rls.violations with (security_invoker = true) as
  select v.rule, v.object, v.detail from rls.check_catalogue() v;
comment on view rls.violations is 'Everything that weakens the isolation of organisations. When it has a row, no program starts.';

grant select on rls.violations to streamspace_app, streamspace_login, streamspace_agent, streamspace_operator,
  streamspace_system, streamspace_auditor;
grant select on rls.goose_db_version to streamspace_auditor; -- the audit's report names the version

-- +goose Down
revoke select on rls.goose_db_version from streamspace_auditor;
drop view rls.violations;
set local role streamspace_definer;
drop function rls.check_catalogue(), rls.rules_version();
reset role;
