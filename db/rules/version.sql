-- The version of the rules. It counts up with each change of a file here, like a migration's: `streamspace migrate`
-- replaces the rules of a database by newer ones, and never by older ones.
create or replace function rls.rules_version() returns int
  language sql immutable
  as $$ select 5 $$;
comment on function rls.rules_version() is 'The version of the rules.';
