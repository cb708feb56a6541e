-- The rules together. Each role that starts or audits a program may ask this one function; the definer, whose rights are
-- the functions', owns all of them. It reads the catalogue alone, of which every role sees the same. It is in PL/pgSQL
-- because that keeps its plan, as the functions that it reads the catalogue by do: of 60 ms for the first call of a
-- connection two thirds are planning.
create or replace function rls.check_catalogue() returns table (rule text, object text, detail text)
  language plpgsql stable security definer
  set search_path = pg_catalog, pg_temp -- so that every name in an expression is written out
  set jit = off -- which takes seconds for a query that runs once
as $$
begin
  return query
    select * from rls.rules_tables()
    union all select * from rls.rules_policies()
    union all select * from rls.rules_keys()
    union all select * from rls.rules_roles()
    union all select * from rls.rules_views()
    union all select * from rls.rules_functions()
    union all select * from rls.rules_triggers()
    union all select * from rls.rules_privileges()
    union all select * from rls.rules_outside();
end
$$;
comment on function rls.check_catalogue() is 'What in the catalogue breaks a rule. The view violations shows it.';
