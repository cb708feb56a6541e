-- +goose Up
-- What stays of a user who has left an org: their name, and for a day their sessions. Sessions of a suspended org have a day, too.

select rls.create_org_table_v1('departures', $$
  user_id uuid not null,
  left_at timestamptz not null default now(),
  constraint departures_pkey primary key (org_id, user_id),
  constraint departures_of_user foreign key (user_id) references app.users (id)
$$, 'When a user last left an org. Their sessions end a day later, and their name stays readable.');
create index departures_user on app.departures (user_id);
grant select on app.departures to streamspace_app, streamspace_definer;
grant insert (user_id), update (left_at) on app.departures to streamspace_definer;
create policy definer_insert on app.departures for insert to streamspace_definer with check (org_id = (select rls.current_org_id()));
create policy definer_update on app.departures for update to streamspace_definer
  using (org_id = (select rls.current_org_id())) with check (org_id = (select rls.current_org_id()));

alter policy co_members on app.users
  using (exists (select from app.memberships m where m.user_id = id) or exists (select from app.departures d where d.user_id = id));
comment on policy co_members on app.users is 'A member sees the people of the org they act in, and those who have left it.';

alter table app.organizations add suspended_at timestamptz;
grant update (suspended_at) on app.organizations to streamspace_definer;

-- An admin takes a session over. Background work ends one.
grant update (owner_id) on app.sessions to streamspace_app;
grant update (desired) on app.sessions to streamspace_system;

set local role streamspace_definer;

-- +goose StatementBegin
create function rls.note_departure() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.departures (user_id) values (old.user_id) on conflict (org_id, user_id) do update set left_at = now();
  return null;
end $$;
-- +goose StatementEnd
comment on function rls.note_departure() is 'Notes when a user leaves an org, by whichever way.';

-- +goose StatementBegin
create function rls.note_suspension() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  new.suspended_at := case when new.suspended then now() end;
  return new;
end $$;
-- +goose StatementEnd
comment on function rls.note_suspension() is 'Notes when an org is suspended.';

-- +goose StatementBegin
create function rls.take_over() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if new.owner_id is distinct from rls.current_user_id()
     or exists (select from app.memberships m where m.org_id = old.org_id and m.user_id = old.owner_id) then
    raise exception 'the owner of the session is still a member' using errcode = 'SS016';
  elsif new.desired = 'terminated' or new.state in ('terminated', 'failed') then
    raise exception 'the session has ended' using errcode = 'SS006';
  end if;
  -- Of two take-overs each locks a former member's row and then a member's: they cannot wait for each other.
  update app.quota_usage q set used = q.used - 1 where q.holder_id = old.owner_id;
  update app.quota_usage q set used = q.used + 1 from app.quota_limits l
   where q.holder_id = new.owner_id and q.used < least(l.per_user, coalesce(q.own_limit, l.own_per_user));
  if not found then
    raise exception 'no sessions left in the quota of the user' using errcode = 'SS005', detail =
      (select jsonb_build_object('kind', 'sessions', 'holder', 'user',
                                 'limit', least(l.per_user, coalesce(q.own_limit, l.own_per_user)))::text
         from app.quota_limits l join app.quota_usage q using (org_id, kind) where q.holder_id = new.owner_id);
  end if;
  return null;
end $$;
-- +goose StatementEnd
comment on function rls.take_over() is
  'Lets an admin become the owner of a session whose owner has left, and counts it in the quota of the admin instead.';

-- +goose StatementBegin
create function rls.sessions_left_behind(page int) returns table (org uuid, session uuid, reason text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.org_id, s.id, case when o.suspended then 'org_suspended' else 'owner_left' end
    from app.sessions s join app.organizations o on o.id = s.org_id
    left join app.departures d on d.org_id = s.org_id and d.user_id = s.owner_id
   where s.desired = 'running' and s.state not in ('terminated', 'failed')
     and (o.suspended_at < now() - interval '1 day'
          or d.left_at < now() - interval '1 day'
             and not exists (select from app.memberships m where m.org_id = s.org_id and m.user_id = s.owner_id))
   order by s.id
   limit least(page, 1000)
$$;
-- +goose StatementEnd
comment on function rls.sessions_left_behind(int) is
  'Sessions whose owner left the org, or whose org was suspended, a day ago or earlier. The service ends them.';

grant execute on function rls.note_departure(), rls.note_suspension(), rls.take_over() to streamspace_owner;
grant execute on function rls.sessions_left_behind(int) to streamspace_system;
reset role;

create trigger note_departure after delete on app.memberships for each row execute function rls.note_departure();
create trigger note_suspension before update of suspended on app.organizations
  for each row when (new.suspended <> old.suspended) execute function rls.note_suspension();
create trigger take_over after update of owner_id on app.sessions
  for each row when (new.owner_id <> old.owner_id) execute function rls.take_over();

-- +goose Down
drop trigger take_over on app.sessions;
drop trigger note_suspension on app.organizations;
drop trigger note_departure on app.memberships;
set local role streamspace_definer;
drop function rls.sessions_left_behind(int), rls.take_over(), rls.note_suspension(), rls.note_departure();
reset role;
revoke update (desired) on app.sessions from streamspace_system;
revoke update (owner_id) on app.sessions from streamspace_app;
revoke update (suspended_at) on app.organizations from streamspace_definer;
alter table app.organizations drop suspended_at;
alter policy co_members on app.users using (exists (select from app.memberships m where m.user_id = id));
drop table app.departures;
