-- All rules in one function. Roles that start a program or audit the database may call it. The definer owns it and the
-- functions that it calls. It reads only the catalogue, which looks the same to every role. It is in PL/pgSQL, like the
-- functions that read the catalogue, to keep its plan: planning is two thirds of the 60 ms of a connection's first call.
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
comment on function rls.check_catalogue() is 'Everything in the catalogue that breaks a rule. The view violations shows it.';
