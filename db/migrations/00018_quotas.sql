-- +goose Up
-- Operators change how much an org may have. Admins set lower limits: for the org, for each member, and for one of them.
grant update (per_org, per_user) on app.quota_limits to streamspace_definer;
grant update (own_per_org, own_per_user) on app.quota_limits to streamspace_app;
grant update (own_limit) on app.quota_usage to streamspace_app;
create policy admins_update on app.quota_limits as restrictive for update to streamspace_app using ((select rls.is_admin()));
create policy admins_update on app.quota_usage as restrictive for update to streamspace_app using ((select rls.is_admin()));

-- What an org's admins see of the agents that serve it: no slots, and nothing of other orgs' sessions.
alter table app.agents add constraint agents_version_is_text check (rls.is_plain_text(version) and length(version) <= 100);
grant select (version, revoked_at) on app.agents to streamspace_app;

set local role streamspace_definer;

-- +goose StatementBegin
create function rls.agent_has_room(agent uuid) returns boolean
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app.agent_orgs s join app.agents a on a.id = s.agent_id join app.agent_slots t on t.agent_id = a.id
                  where s.agent_id = agent_has_room.agent and t.session_id is null and t.slot <= a.slots)
$$;
-- +goose StatementEnd
comment on function rls.agent_has_room(uuid) is
  'Whether an agent that serves the org that was entered has a free slot. It tells no number. False for every other agent.';

-- +goose StatementBegin
create function rls.agent_is_foreign(agent uuid) returns boolean
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app.agents a where a.id = agent)
     and not exists (select from app.agent_orgs s where s.agent_id = agent and s.org_id = rls.current_org_id())
$$;
-- +goose StatementEnd
comment on function rls.agent_is_foreign(uuid) is 'Whether there is an agent with this id that does not serve the org that was entered.';
grant execute on function rls.agent_has_room(uuid), rls.agent_is_foreign(uuid) to streamspace_app;

-- +goose StatementBegin
create function rls.set_limits(operator text, org uuid, per_org bigint, per_user bigint) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  its app.quota_limits;
begin
  perform rls.enter_operator(org, operator);
  update app.quota_limits l set per_org = coalesce(set_limits.per_org, l.per_org), per_user = coalesce(set_limits.per_user, l.per_user)
   where l.kind = 'sessions' -- the policy allows only this org's
  returning l.* into its;
  insert into app.events (type, subject_id, audience, data)
  values ('quota.updated', org, 'everyone', jsonb_build_object('sessions', jsonb_build_object(
    'per_org', least(its.per_org, its.own_per_org), 'per_user', least(its.per_user, its.own_per_user))));
  insert into app.audit_log (action, subject) values ('org.limits', org::text);
end $$;
-- +goose StatementEnd
comment on function rls.set_limits(text, uuid, bigint, bigint) is
  'Changes how many sessions an org and each of its members may have. Null: it stays. What runs above a lower limit runs on.';
grant execute on function rls.set_limits(text, uuid, bigint, bigint) to streamspace_operator;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.set_limits(text, uuid, bigint, bigint), rls.agent_is_foreign(uuid), rls.agent_has_room(uuid);
reset role;
revoke select (version, revoked_at) on app.agents from streamspace_app;
alter table app.agents drop constraint agents_version_is_text;
drop policy admins_update on app.quota_usage;
drop policy admins_update on app.quota_limits;
revoke update (own_limit) on app.quota_usage from streamspace_app;
revoke update (own_per_org, own_per_user) on app.quota_limits from streamspace_app;
revoke update (per_org, per_user) on app.quota_limits from streamspace_definer;
