-- +goose Up
-- Agents that go away. An agent that was not heard of for 60 seconds has missed five syncs: it is lost, or will stop what it began when it
-- is back. Its silence counts only while a control plane could hear it: while the database or every control plane is away, no agent is
-- heard of, and none of them is lost.

alter table app.installation add listened_at timestamptz, add listens_since timestamptz;
comment on column app.installation.listened_at is 'When a control plane last said that it hears agents. It says so every five seconds.';
comment on column app.installation.listens_since is 'Since when control planes have said so without a gap of 20 seconds.';
grant update (listened_at, listens_since) on app.installation to streamspace_definer;

alter table app.sessions
  add silent_since timestamptz,
  add constraint sessions_silent_while_placed check (silent_since is null or agent_id is not null and state not in ('terminated', 'failed'));
create index sessions_unacknowledged on app.sessions (agent_id, id)
  where state not in ('terminated', 'failed') and observed_generation < generation;
comment on column app.sessions.silent_since is
  'The last news of the session''s agent, while there has been none for 60 seconds. A session that is to end then ends at once.';
grant update (silent_since) on app.sessions to streamspace_definer;

set local role streamspace_definer;

-- A gap of 20 seconds, because with less an agent that syncs every 10 seconds is still heard of within 60.
create function rls.heard_of(seen timestamptz, created timestamptz) returns timestamptz
  language sql stable set search_path = pg_catalog, pg_temp
as $$
  select greatest(coalesce(seen, created),
                  (select case when i.listened_at > now() - interval '20 s' then i.listens_since else now() end from app.installation i))
$$;
comment on function rls.heard_of(timestamptz, timestamptz) is
  'Since when an agent has been silent, by its row: not before a control plane listened. Only the definer''s functions may execute it.';

create function rls.listen() returns void
  language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update app.installation i
     set listens_since = case when i.listened_at > now() - interval '20 s' then i.listens_since else now() end, listened_at = now()
$$;
comment on function rls.listen() is 'A control plane says that it hears agents.';

-- +goose StatementBegin
create function rls.orgs_with_lost_agents(after uuid, page int) returns table (org uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select distinct s.org_id from app.agents a join app.sessions s on s.agent_id = a.id
   where rls.heard_of(a.seen_at, a.created_at) < now() - interval '60 s'
     and s.state in ('pending', 'starting') and s.desired = 'running' and s.org_id > after
   order by s.org_id
   limit least(page, 1000)
$$;
-- +goose StatementEnd
comment on function rls.orgs_with_lost_agents(uuid, int) is
  'A page of the orgs with sessions that have not started and whose agent was not heard of for 60 seconds, after a given id.';

-- +goose StatementBegin
create function rls.leave_lost_agents(patience int, page int) returns table (session uuid, its_state text)
  language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  with lost as (
    select s.id, can.move
      from app.sessions s join app.agents a on a.id = s.agent_id,
           lateral (select s.failed_on is null and exists (
                             select from app.agent_orgs o join app.agents other on other.id = o.agent_id
                              where o.agent_id <> s.agent_id and other.revoked_at is null) as move) can
     where s.org_id = rls.current_org_id() and s.state in ('pending', 'starting') and s.desired = 'running'
       and rls.heard_of(a.seen_at, a.created_at) < now() - interval '60 s'
       and (can.move or rls.heard_of(a.seen_at, a.created_at) < now() - make_interval(secs => patience))
     order by s.id
     limit page
       for update of s skip locked)
  update app.sessions s
     set agent_id = case when l.move then null else s.agent_id end, failed_on = case when l.move then s.agent_id else s.failed_on end,
         state = case when l.move then 'pending' else 'failed' end, waits_for = case when l.move then 'host' else '' end,
         reason = case when l.move then s.reason else 'host_lost' end
    from lost l where s.id = l.id
  returning s.id, s.state
$$;
-- +goose StatementEnd
comment on function rls.leave_lost_agents(int, int) is
  'Takes sessions that have not started from agents that were not heard of for 60 seconds, if they can be tried on another one. '
  'Otherwise it fails them once the agent is silent for longer than the patience, in seconds.';

-- +goose StatementBegin
create function rls.orgs_with_silent_agents(patience int, after uuid, page int) returns table (org uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with heard as materialized (select a.id, rls.heard_of(a.seen_at, a.created_at) as at from app.agents a)
  select distinct s.org_id
    from heard join app.sessions s on s.agent_id = heard.id
   where s.state not in ('terminated', 'failed') and s.org_id > after
     and ((heard.at < now() - interval '60 s') <> (s.silent_since is not null)
          or s.state = 'running' and heard.at < now() - make_interval(secs => patience))
   order by s.org_id
   limit least(page, 1000)
$$;
-- +goose StatementEnd
comment on function rls.orgs_with_silent_agents(int, uuid, int) is
  'A page of the orgs with sessions for which rls.note_silent_agents has something to do, after a given id.';

-- +goose StatementBegin
create function rls.note_silent_agents(patience int, page int) returns table (session uuid, its_state text, silent boolean)
  language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  with heard as materialized (select a.id, rls.heard_of(a.seen_at, a.created_at) as at from app.agents a), due as (
    select s.id, heard.at, heard.at < now() - interval '60 s' as silent,
           s.state = 'running' and heard.at < now() - make_interval(secs => patience) as lost
      from app.sessions s join heard on heard.id = s.agent_id
     where s.org_id = rls.current_org_id() and s.state not in ('terminated', 'failed')
       and ((heard.at < now() - interval '60 s') <> (s.silent_since is not null)
            or s.state = 'running' and heard.at < now() - make_interval(secs => patience))
     order by s.id
     limit page
       for update of s skip locked)
  update app.sessions s
     set silent_since = case when d.silent then d.at end, state = case when d.lost then 'failed' else s.state end,
         reason = case when d.lost then 'agent_lost' else s.reason end
    from due d where s.id = d.id
  returning s.id, s.state, d.silent
$$;
-- +goose StatementEnd
comment on function rls.note_silent_agents(int, int) is
  'Marks sessions whose agent was not heard of for 60 seconds, and takes the mark from those whose agent is back. It fails those that ran '
  'on an agent that is silent for longer than the patience, in seconds. Those that were to end have ended then (rls.keep_session).';

-- +goose StatementBegin
create function rls.unacknowledged(agents uuid[], page int)
  returns table (agent uuid, session uuid, namespace text, desired text, generation bigint, state text, observed_epoch bigint, spec jsonb)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.agent_id, s.id, coalesce(o.namespace, ''), s.desired, s.generation, s.state, s.observed_epoch, s.spec
    from app.sessions s join app.organizations o on o.id = s.org_id
   where s.agent_id = any (agents) and s.state not in ('terminated', 'failed') and s.observed_generation < s.generation
   order by s.id
   limit least(page, 1000)
$$;
-- +goose StatementEnd
comment on function rls.unacknowledged(uuid[], int) is
  'Sessions of some agents whose newest generation no agent has reported on: it may not know of it.';
grant execute on function rls.unacknowledged(uuid[], int) to streamspace_agent;

grant execute on function rls.listen(), rls.orgs_with_lost_agents(uuid, int), rls.leave_lost_agents(int, int),
  rls.orgs_with_silent_agents(int, uuid, int), rls.note_silent_agents(int, int) to streamspace_system;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.unacknowledged(uuid[], int), rls.note_silent_agents(int, int), rls.orgs_with_silent_agents(int, uuid, int), rls.leave_lost_agents(int, int),
  rls.orgs_with_lost_agents(uuid, int), rls.listen(), rls.heard_of(timestamptz, timestamptz);
reset role;
revoke update (silent_since) on app.sessions from streamspace_definer;
drop index app.sessions_unacknowledged;
alter table app.sessions drop silent_since;
revoke update (listened_at, listens_since) on app.installation from streamspace_definer;
alter table app.installation drop listens_since, drop listened_at;
