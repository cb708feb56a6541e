-- +goose Up
-- Events of members and hosts, which several functions change, by triggers; and what a module says of its own.

grant insert (version, subject_name) on app.events to streamspace_app;

set local role streamspace_definer;

-- +goose StatementBegin
create function rls.note_event(org uuid, e app.events) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  inside constant text := coalesce(current_setting('app.org_id', true), '');
begin
  perform set_config('app.org_id', org::text, true);
  insert into app.events (type, subject_id, subject_name, audience, owner_id, data)
  values (e.type, e.subject_id, e.subject_name, e.audience, e.owner_id, e.data);
  perform set_config('app.org_id', inside, true);
end $$;
-- +goose StatementEnd
comment on function rls.note_event(uuid, app.events) is
  'Writes an event to an org, from a trigger that may run outside of it. Only the definer''s functions may execute it.';

-- +goose StatementBegin
create function rls.note_member() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  e app.events;
begin
  select u.id, u.id, u.name into strict e.subject_id, e.owner_id, e.subject_name
    from app.users u where u.id = coalesce(new.user_id, old.user_id);
  e.type := case tg_op when 'INSERT' then 'member.joined' when 'UPDATE' then 'member.updated' else 'member.removed' end;
  e.audience := 'everyone';
  e.data := case tg_op when 'DELETE' then '{}' else jsonb_build_object('role', new.role) end;
  perform rls.note_event(coalesce(new.org_id, old.org_id), e);
  return null;
end $$;
-- +goose StatementEnd
comment on function rls.note_member() is
  'Writes an event when a user becomes a member, has another role, or is a member no more, by whichever way.';

-- +goose StatementBegin
create function rls.note_host() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  inside constant text := coalesce(current_setting('app.org_id', true), '');
  e app.events;
  served record;
begin
  e.audience := 'admins';
  e.data := '{}';
  if tg_op = 'INSERT' then
    e.type := 'host.added';
    select a.id, a.name into strict e.subject_id, e.subject_name from app.agents a where a.id = new.agent_id;
    perform rls.note_event(new.org_id, e);
  else
    e.type := 'host.revoked';
    e.subject_id := new.id;
    e.subject_name := new.name;
    -- Which orgs an agent serves is read inside of each, and an agent is rarely revoked. One order: no deadlock.
    for served in select o.id from app.organizations o order by o.id loop
      perform set_config('app.org_id', served.id::text, true);
      if exists (select from app.agent_orgs s where s.agent_id = new.id) then
        perform rls.note_event(served.id, e);
      end if;
    end loop;
    perform set_config('app.org_id', inside, true);
  end if;
  return null;
end $$;
-- +goose StatementEnd
comment on function rls.note_host() is
  'Writes an event for the admins of an org that an agent serves from now on, and of each org that a revoked agent has served.';
grant execute on function rls.note_member(), rls.note_host() to streamspace_owner;
reset role;

create trigger note_member after insert or delete on app.memberships for each row execute function rls.note_member();
create trigger note_role after update on app.memberships for each row when (old.role <> new.role) execute function rls.note_member();
create trigger note_host after insert on app.agent_orgs for each row execute function rls.note_host();
create trigger note_revoked_host after update on app.agents for each row
  when (old.revoked_at is null and new.revoked_at is not null) execute function rls.note_host();

-- +goose Down
drop trigger note_revoked_host on app.agents;
drop trigger note_host on app.agent_orgs;
drop trigger note_role on app.memberships;
drop trigger note_member on app.memberships;
set local role streamspace_definer;
drop function rls.note_host(), rls.note_member(), rls.note_event(uuid, app.events);
reset role;
revoke insert (version, subject_name) on app.events from streamspace_app;
