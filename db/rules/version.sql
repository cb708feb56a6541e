-- The version of the rules. Increase it with each change of a file in this folder. `streamspace migrate` replaces the rules
-- of a database only when the program's version is higher.
create or replace function rls.rules_version() returns int
  language sql immutable
  as $$ select 17 $$;
comment on function rls.rules_version() is 'The version of the rules.';
