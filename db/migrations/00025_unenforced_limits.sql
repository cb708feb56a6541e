-- +goose Up
-- An agent says which limits of sessions its host does not enforce, so that admins and operators see it.

alter table app.agents
  add unenforced_limits text[],
  add constraint agents_unenforced_limits_are_known check (unenforced_limits = array_remove(array[
    case when 'cpu' = any (unenforced_limits) then 'cpu' end, case when 'disk' = any (unenforced_limits) then 'disk' end,
    case when 'memory' = any (unenforced_limits) then 'memory' end, case when 'processes' = any (unenforced_limits) then 'processes' end],
    null));
comment on column app.agents.unenforced_limits is
  'Which limits of sessions the kernel of its host does not enforce, in the order of the alphabet; null: it did not say.';
grant select (unenforced_limits) on app.agents to streamspace_app;
grant update (unenforced_limits) on app.agents to streamspace_definer;

set local role streamspace_definer;

-- The one without limits stays for control planes of the version before.
-- +goose StatementBegin
create function rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots int, its_version text,
  its_contact bigint, unenforced text[]) returns bigint
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  present constant bigint := rls.connect_agent(agent, hash, its_epoch, unconfined, its_slots, its_version, its_contact);
begin
  update app.agents a set unenforced_limits = unenforced where a.id = agent and a.unenforced_limits is distinct from unenforced;
  return present;
end $$;
-- +goose StatementEnd
comment on function rls.connect_agent(uuid, bytea, bigint, boolean, int, text, bigint, text[]) is
  'Notes that an agent is alive, and which limits of sessions its host does not enforce; null: it does not say.';
grant execute on function rls.connect_agent(uuid, bytea, bigint, boolean, int, text, bigint, text[]) to streamspace_agent;

drop function rls.list_agents(text, int);
create function rls.list_agents(after text, page int)
  returns table (id uuid, name text, seen_at timestamptz, revoked_at timestamptz, created_at timestamptz, unenforced_limits text[])
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select a.id, a.name, a.seen_at, a.revoked_at, a.created_at, a.unenforced_limits from app.agents a
         where a.name > after order by a.name limit least(page, 1000) $$;
comment on function rls.list_agents(text, int) is 'A page of agents by name, after a given name.';
grant execute on function rls.list_agents(text, int) to streamspace_operator;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.list_agents(text, int);
create function rls.list_agents(after text, page int)
  returns table (id uuid, name text, seen_at timestamptz, revoked_at timestamptz, created_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select a.id, a.name, a.seen_at, a.revoked_at, a.created_at from app.agents a
         where a.name > after order by a.name limit least(page, 1000) $$;
comment on function rls.list_agents(text, int) is 'A page of agents by name, after a given name.';
grant execute on function rls.list_agents(text, int) to streamspace_operator;
drop function rls.connect_agent(uuid, bytea, bigint, boolean, int, text, bigint, text[]);
reset role;
revoke update (unenforced_limits) on app.agents from streamspace_definer;
revoke select (unenforced_limits) on app.agents from streamspace_app;
alter table app.agents drop unenforced_limits;
