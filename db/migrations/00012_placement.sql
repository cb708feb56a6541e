-- +goose Up
-- Where a new session goes: to an agent that serves its org, has a free slot, and on which none of the org's sessions failed to start
-- lately. A slot is a row, so that two sessions that begin at once take two rows, and no one waits for another org's transaction.

alter table app.agents add slots int not null default 0, add constraint agents_slots_bounds check (slots between 0 and 1000);
comment on column app.agents.slots is 'How many sessions the agent says that it can run at the same time.';

create table app.agent_slots (
  agent_id uuid not null,
  slot int not null,
  session_id uuid,
  constraint agent_slots_pkey primary key (agent_id, slot),
  constraint agent_slots_of_agent foreign key (agent_id) references app.agents (id),
  constraint agent_slots_one_for_a_session unique (session_id)
);
comment on table app.agent_slots is
  'The slots of each agent, and the session that holds each, of whichever org. Only the definer''s functions reach them, so that an '
  'org learns nothing of the sessions of others.';
create index agent_slots_free on app.agent_slots (agent_id, slot) where session_id is null;
alter table app.agent_slots enable row level security;
alter table app.agent_slots force row level security;
create policy backup_select on app.agent_slots for select to streamspace_backup using (true);
create policy definer_select on app.agent_slots for select to streamspace_definer using (true);
create policy definer_insert on app.agent_slots for insert to streamspace_definer with check (true);
create policy definer_update on app.agent_slots for update to streamspace_definer using (true);
create policy definer_delete on app.agent_slots for delete to streamspace_definer using (true);
grant select, insert (agent_id, slot), update (session_id), delete on app.agent_slots to streamspace_definer;
grant update (slots) on app.agents to streamspace_definer;

-- A mark for each org, not one for all: otherwise an org with a template that never starts could keep others off a host.
alter table app.agent_orgs add failed_at timestamptz;
comment on column app.agent_orgs.failed_at is 'When a session of this org last failed to start there, and the host was the cause.';
create policy definer_update on app.agent_orgs for update to streamspace_definer
  using (org_id = (select rls.current_org_id())) with check (org_id = (select rls.current_org_id()));
grant update (failed_at) on app.agent_orgs to streamspace_definer;

alter table app.sessions
  add failed_on uuid,
  add waits_for text not null default '',
  add waits_since timestamptz not null default now(),
  add constraint sessions_waits_for check (waits_for in ('', 'host', 'room')),
  add constraint sessions_waits_before_placement check (waits_for = '' or state = 'pending' and agent_id is null);
comment on column app.sessions.failed_on is 'The agent that did not start the session. It is then tried once on another one.';
comment on column app.sessions.waits_for is 'What an unplaced session waits for: that an agent of its org is back (host), or has a free slot (room).';
comment on column app.sessions.waits_since is 'Since when the session has had no agent.';
create index sessions_waiting on app.sessions (org_id, waits_since, id) where state = 'pending' and agent_id is null;
create policy definer_update on app.sessions for update to streamspace_definer
  using (org_id = (select rls.current_org_id())) with check (org_id = (select rls.current_org_id()));
grant update (agent_id, failed_on, state, reason, waits_for) on app.sessions to streamspace_definer;
grant insert (waits_for) on app.sessions to streamspace_app;
grant update (agent_id, waits_for) on app.sessions to streamspace_system;

set local role streamspace_definer;

-- +goose StatementBegin
create function rls.provide_slots(agent uuid, wanted int) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  provided int;
begin
  select count(*) into provided from app.agent_slots t where t.agent_id = agent;
  if provided < wanted then
    insert into app.agent_slots (agent_id, slot)
    select agent, n from generate_series(1, wanted) n
     where not exists (select from app.agent_slots t where t.agent_id = agent and t.slot = n)
     limit wanted - provided;
  elsif provided > wanted then
    delete from app.agent_slots t
     where t.agent_id = agent and t.slot in (
       select f.slot from app.agent_slots f where f.agent_id = agent and f.session_id is null
        order by f.slot desc limit provided - wanted for update skip locked);
  end if;
end $$;
-- +goose StatementEnd
comment on function rls.provide_slots(uuid, int) is
  'Makes the number of an agent''s slots the wanted one. Slots in use stay. Only the definer''s functions may execute it.';

-- +goose StatementBegin
create function rls.use_slot() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  held uuid := case when old.state not in ('terminated', 'failed') then old.agent_id end;
  needed uuid := case when new.state not in ('terminated', 'failed') then new.agent_id end;
begin
  if held is distinct from needed then
    delete from app.agent_slots t using app.agents a where t.session_id = old.id and a.id = t.agent_id and t.slot > a.slots;
    update app.agent_slots t set session_id = null where t.session_id = old.id;
    -- An agent that does not serve the org, and an id that another session has, are refused by the table's keys, and not for a
    -- reason that tells of slots.
    if needed is not null and exists (select from app.agent_orgs s where s.agent_id = needed)
       and not exists (select from app.agent_slots t where t.session_id = new.id) then
      update app.agent_slots t set session_id = new.id
       where t.agent_id = needed and t.slot = (
         select f.slot from app.agent_slots f join app.agents a on a.id = f.agent_id
          where f.agent_id = needed and f.session_id is null and f.slot <= a.slots
          order by f.slot limit 1 for update of f skip locked);
      if not found then
        raise exception 'no free slot on the agent' using errcode = 'SS030';
      end if;
    end if;
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  if old.agent_id is distinct from new.agent_id then
    -- What another agent has reported says nothing of this one's epochs.
    new.observed_epoch := 0;
    new.observed_generation := 0;
    new.waits_since := case when new.agent_id is null then now() else new.waits_since end;
  end if;
  if new.agent_id is not null or new.state <> 'pending' then
    new.waits_for := '';
  end if;
  return new;
end $$;
-- +goose StatementEnd
comment on function rls.use_slot() is
  'A session on an agent holds one of its slots until it ends. Without a free slot it is refused, whoever writes it.';

-- +goose StatementBegin
create function rls.free_agent(besides uuid) returns table (agent uuid, waits_for text, namespace text)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  candidate record;
  missing text := 'agent';
  its_namespace text;
begin
  select o.namespace into its_namespace from app.organizations o where o.id = rls.current_org_id();
  for candidate in
    select a.id, coalesce(a.seen_at > now() - interval '30 s', false) and coalesce(s.failed_at < now() - interval '1 min', true) as ready
      from app.agent_orgs s join app.agents a on a.id = s.agent_id,
           lateral (select count(*) as free from app.agent_slots t
                     where t.agent_id = a.id and t.session_id is null and t.slot <= a.slots) room
     where a.revoked_at is null and a.id is distinct from besides
     order by room.free desc, a.seen_at desc
  loop
    missing := case when candidate.ready or missing = 'room' then 'room' else 'host' end;
    continue when not candidate.ready;
    -- The row stays locked until the session takes a slot, in the same transaction.
    perform from app.agent_slots t join app.agents a on a.id = t.agent_id
      where t.agent_id = candidate.id and t.session_id is null and t.slot <= a.slots
      limit 1 for update of t skip locked;
    if found then
      return query select candidate.id, ''::text, its_namespace;
      return;
    end if;
  end loop;
  return query select null::uuid, missing, its_namespace;
end $$;
-- +goose StatementEnd
comment on function rls.free_agent(uuid) is
  'An agent with a free slot for a session of the org that was entered, besides one that could not start it: the one with the most '
  'room. Otherwise what is missing: room, a host, or any agent that serves the org. It tells no number. Also the org''s namespace.';

-- +goose StatementBegin
create function rls.start_elsewhere() returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.current_org_id(); -- raises without an org, which an update that finds no row need not
  update app.agent_orgs s set failed_at = now() where s.agent_id = rls.current_agent_id();
  update app.sessions s set agent_id = null, failed_on = s.agent_id, state = 'pending', waits_for = 'host'
   where s.id = rls.current_session_id() and s.agent_id = rls.current_agent_id()
     and s.desired = 'running' and s.state in ('pending', 'starting') and s.failed_on is null
     and exists (select from app.agent_orgs o join app.agents a on a.id = o.agent_id
                  where o.agent_id <> s.agent_id and a.revoked_at is null);
  return found;
end $$;
-- +goose StatementEnd
comment on function rls.start_elsewhere() is
  'Notes that the agent that reports could not start the session, and takes the session from it, if it can be tried on another one.';

-- +goose StatementBegin
create function rls.orgs_with_waiting_sessions(after uuid, page int) returns table (org uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select distinct s.org_id from app.sessions s
   where s.state = 'pending' and s.agent_id is null and s.org_id > after
   order by s.org_id
   limit least(page, 1000)
$$;
-- +goose StatementEnd
comment on function rls.orgs_with_waiting_sessions(uuid, int) is 'A page of the orgs with sessions that no agent has yet, after a given id.';

grant execute on function rls.use_slot() to streamspace_owner;
grant execute on function rls.free_agent(uuid) to streamspace_app, streamspace_system;
grant execute on function rls.start_elsewhere() to streamspace_agent;
grant execute on function rls.orgs_with_waiting_sessions(uuid, int) to streamspace_system;
reset role;

-- After keep_session, by its name: that one decides whether the session ends.
create trigger use_slot before insert or update or delete on app.sessions for each row execute function rls.use_slot();

-- +goose Down
drop trigger use_slot on app.sessions;
set local role streamspace_definer;
drop function rls.orgs_with_waiting_sessions(uuid, int), rls.start_elsewhere(), rls.free_agent(uuid), rls.use_slot(),
  rls.provide_slots(uuid, int);
reset role;
revoke update (agent_id, waits_for) on app.sessions from streamspace_system;
drop policy definer_update on app.sessions;
revoke update (agent_id, failed_on, state, reason) on app.sessions from streamspace_definer;
alter table app.sessions drop failed_on, drop waits_for, drop waits_since;
drop policy definer_update on app.agent_orgs;
alter table app.agent_orgs drop failed_at;
drop table app.agent_slots;
alter table app.agents drop slots;
