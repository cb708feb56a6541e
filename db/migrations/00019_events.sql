-- +goose Up
-- Reading the event log: who did it, what it is called, an index for each kind of reader, and an event for each change of a sign-in or
-- an API key, by which everything that is open learns that its access has ended.

alter table app.events
  add version int not null default 1,
  add actor text not null default '',
  add subject_name text not null default '',
  add constraint events_version_counts check (version > 0),
  add constraint events_subject_name_length check (length(subject_name) <= 254);
comment on column app.events.version is 'The version of the form of data, for this type.';
comment on column app.events.actor is 'Who did it, as in the audit log: user:, agent:, service: or operator:, and an id or a name.';
comment on column app.events.subject_name is 'What the subject was called then.';

-- A member reads what is about them and what is for everyone, each in the order of the numbers.
create index events_of_owner on app.events (org_id, owner_id, seq);
create index events_for_everyone on app.events (org_id, seq) where audience = 'everyone';

-- The service that distributes the log, in one org at a time.
grant select on app.events to streamspace_system;
grant select (org_id, event_seq) on app.org_heads to streamspace_system;

grant insert (type, subject_id, subject_name, owner_id, audience, data) on app.events to streamspace_definer;
create policy definer_insert on app.events for insert to streamspace_definer with check (org_id = (select rls.current_org_id()));
create policy definer_select on app.org_heads for select to streamspace_definer using (true);

set local role streamspace_definer;

-- A sign-in or a key that is past its end is removed without an event: it has ended already.
-- +goose StatementBegin
create function rls.note_access() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  inside constant text := coalesce(current_setting('app.org_id', true), '');
  c record;
begin
  if tg_op = 'DELETE' then
    for c in select k.org_id, k.public_id, k.user_id, k.name, k.role from ended k where k.ends_at > now() order by k.org_id, k.public_id loop
      perform set_config('app.org_id', c.org_id::text, true);
      insert into app.events (type, subject_id, subject_name, owner_id, audience)
      values (case when c.name is null then 'sign_in.ended' else 'key.ended' end, c.public_id, coalesce(c.name, ''), c.user_id,
        case when c.name is not null and c.role = 'owner' then 'private' else 'owner' end);
    end loop;
  else
    for c in
      select k.org_id, k.public_id, k.user_id, k.name, n.role
        from changed k join present n on n.org_id = k.org_id and n.id = k.id
       where (k.role, k.suspended, k.disabled, k.ends_at) is distinct from (n.role, n.suspended, n.disabled, n.ends_at)
         and k.ends_at > now()
       order by k.org_id, k.public_id -- one order, or two that change several orgs would deadlock
    loop
      perform set_config('app.org_id', c.org_id::text, true);
      insert into app.events (type, subject_id, subject_name, owner_id, audience)
      values (case when c.name is null then 'sign_in.changed' else 'key.changed' end, c.public_id, coalesce(c.name, ''), c.user_id,
        case when c.name is not null and c.role = 'owner' then 'private' else 'owner' end);
    end loop;
  end if;
  perform set_config('app.org_id', inside, true);
  return null;
end $$;
-- +goose StatementEnd
comment on function rls.note_access() is
  'Writes an event to the org of each sign-in and API key that ends or changes, by whichever way: signing out, revoking it, removing or '
  'changing the member, suspending the org, disabling the user.';
grant execute on function rls.note_access() to streamspace_owner;

create function rls.newest_events(orgs uuid[]) returns table (org uuid, newest bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select h.org_id, h.event_seq from app.org_heads h where h.org_id = any (orgs) limit 10000 $$;
comment on function rls.newest_events(uuid[]) is 'The number of the newest event of each of these orgs.';
grant execute on function rls.newest_events(uuid[]) to streamspace_system;
reset role;

create trigger note_ended_access after delete on app.credentials
  referencing old table as ended for each statement execute function rls.note_access();
create trigger note_changed_access after update on app.credentials
  referencing old table as changed new table as present for each statement execute function rls.note_access();

-- +goose Down
drop trigger note_changed_access on app.credentials;
drop trigger note_ended_access on app.credentials;
set local role streamspace_definer;
drop function rls.newest_events(uuid[]), rls.note_access();
reset role;
drop policy definer_select on app.org_heads;
drop policy definer_insert on app.events;
revoke insert (type, subject_id, subject_name, owner_id, audience, data) on app.events from streamspace_definer;
revoke select (org_id, event_seq) on app.org_heads from streamspace_system;
revoke select on app.events from streamspace_system;
drop index app.events_for_everyone;
drop index app.events_of_owner;
alter table app.events drop subject_name, drop actor, drop version;
