-- +goose Up
-- Triggers apply to every writer. Their functions belong to the definer. Locks are always taken in this order: session row,
-- quota usage by holder, head of the org.
set local role streamspace_definer;

create function rls.actor() returns text
  language sql stable
  as $$ select coalesce('user:' || nullif(pg_catalog.current_setting('app.user_id', true), ''),
                        'agent:' || nullif(pg_catalog.current_setting('app.agent_id', true), ''),
                        'service:' || nullif(pg_catalog.current_setting('app.service', true), ''),
                        'operator:' || nullif(pg_catalog.current_setting('app.operator', true), '')) $$;
comment on function rls.actor() is 'Who acts in this transaction; null for no one. Only the definer''s functions may execute it.';

-- +goose StatementBegin
create function rls.number_event() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  its_owner uuid;
  its_name text;
begin
  update app.org_heads set event_seq = event_seq + 1 where org_id = new.org_id returning event_seq into strict new.seq;
  new.at := clock_timestamp();
  new.actor := coalesce(rls.actor(), '');
  select s.owner_id, s.name into its_owner, its_name from app.sessions s where s.org_id = new.org_id and s.id = new.subject_id;
  if new.audience = 'admins' then
    new.owner_id := null; -- or who acted would see it without being an admin any more
  else
    new.owner_id := coalesce(its_owner,
      (select m.user_id from app.memberships m where m.org_id = new.org_id and m.user_id = new.subject_id),
      new.owner_id, rls.current_user_id());
  end if;
  new.subject_name := coalesce(its_name, new.subject_name);
  return new;
end $$;
-- +goose StatementEnd
comment on function rls.number_event() is
  'Gives an event the next number of its org, its time, who did it, whom it is about, and the name of its session.';

-- The hash covers text, so the time zone must be fixed.
-- +goose StatementBegin
create function rls.audit_hash(previous bytea, entry app.audit_log) returns bytea
  language sql stable set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
  select sha256(previous || convert_to(
    jsonb_build_array(entry.org_id, entry.seq, entry.at, entry.actor, entry.action, entry.subject)::text, 'UTF8'))
$$;
-- +goose StatementEnd
comment on function rls.audit_hash(bytea, app.audit_log) is 'The hash of an audit entry: SHA-256 over the previous hash and the entry.';

-- +goose StatementBegin
create function rls.chain_audit() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update app.org_heads set audit_seq = audit_seq + 1 where org_id = new.org_id -- and from here on, entries take turns
    returning audit_seq, audit_hash into strict new.seq, new.previous;
  new.at := clock_timestamp();
  new.actor := rls.actor();
  new.hash := rls.audit_hash(new.previous, new);
  update app.org_heads set audit_hash = new.hash where org_id = new.org_id;
  return new;
end $$;
-- +goose StatementEnd
comment on function rls.chain_audit() is 'Gives an audit entry its number, actor and time, and chains it to the previous one.';

-- +goose StatementBegin
create function rls.admit_session() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from app.memberships m where m.org_id = new.org_id and m.user_id = new.owner_id and m.role <> 'viewer') then
    raise exception 'the owner is no member who may have sessions' using errcode = 'SS007';
  elsif not exists (select from app.organizations o where o.id = new.org_id and o.namespace is not null) then
    raise exception 'the organisation has no namespace' using errcode = 'SS011';
  end if;
  return new;
end $$;
-- +goose StatementEnd
comment on function rls.admit_session() is
  'Checks a new session: its owner must be a member who may have sessions, and its org must have a namespace.';

-- +goose StatementBegin
create function rls.keep_session() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  its_epoch bigint := nullif(current_setting('app.agent_epoch', true), '')::bigint;
begin
  if old.state in ('terminated', 'failed') and new.state <> old.state
     or old.desired = 'terminated' and new.desired <> 'terminated' then
    raise exception 'the session has ended' using errcode = 'SS006';
  elsif its_epoch < old.observed_epoch then
    raise exception 'a newer process of the agent has reported' using errcode = 'SS004';
  end if;
  new.observed_epoch := coalesce(its_epoch, old.observed_epoch);
  new.generation := old.generation + (new.desired <> old.desired)::int;
  if new.desired = 'terminated' and new.state not in ('terminated', 'failed') then
    new.end_wanted_at := coalesce(old.end_wanted_at, now());
    new.state := case when new.agent_id is null or new.silent_since is not null then 'terminated' else 'terminating' end;
    new.reason := case when new.silent_since is not null and new.reason = '' then 'agent_away' else new.reason end;
  end if;
  if new.state in ('terminated', 'failed') then
    new.ended_at := coalesce(old.ended_at, now());
    new.silent_since := null;
  elsif new.agent_id is distinct from old.agent_id then
    new.silent_since := null;
  end if;
  return new;
end $$;
-- +goose StatementEnd
comment on function rls.keep_session() is
  'An end is an end; while it is wanted there is no other state than on the way to it; what was never placed, or whose agent is silent, '
  'ends at once; '
  'a report of an older start of the agent is refused after one of a newer.';

-- +goose StatementBegin
create function rls.follow_quota() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  held int := 0;
  holds int := (new.state not in ('terminated', 'failed'))::int;
  usage record;
  found_rows int := 0;
begin
  if tg_op = 'UPDATE' then
    held := (old.state not in ('terminated', 'failed'))::int;
  end if;
  if holds = held then
    return null;
  end if;
  for usage in
    select q.used, case when q.holder_id = q.org_id then 'org' else 'user' end as holder,
           case when q.holder_id = q.org_id then least(l.per_org, l.own_per_org)
                else least(l.per_user, coalesce(q.own_limit, l.own_per_user)) end as most -- least leaves out what is null
      from app.quota_usage q join app.quota_limits l using (org_id, kind)
     where q.org_id = new.org_id and q.kind = 'sessions' and q.holder_id in (new.org_id, new.owner_id)
     order by q.holder_id -- one order, or racing sessions deadlock
       for update of q
  loop
    found_rows := found_rows + 1;
    if holds > held and usage.used >= usage.most then
      raise exception 'no sessions left in the quota of the %', usage.holder
        using errcode = 'SS005',
              detail = jsonb_build_object('kind', 'sessions', 'holder', usage.holder, 'limit', usage.most)::text;
    end if;
  end loop;
  if found_rows <> 2 then
    raise exception 'the quota of the org or of the owner is missing' using errcode = 'SS009'; -- closed, not open
  end if;
  update app.quota_usage set used = used + holds - held
   where org_id = new.org_id and kind = 'sessions' and holder_id in (new.org_id, new.owner_id);
  return null;
end $$;
-- +goose StatementEnd
comment on function rls.follow_quota() is
  'Counts a session in the quota of its org and its owner: added at insert, removed when it ends, once each.';

-- +goose StatementBegin
create function rls.keep_an_owner() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform from app.org_heads where org_id = old.org_id for update; -- two owners who demote each other take turns
  if not exists (select from app.memberships m where m.org_id = old.org_id and m.role = 'owner') then
    raise exception 'an organisation keeps an owner' using errcode = 'SS008';
  end if;
  return null;
end $$;
-- +goose StatementEnd
comment on function rls.keep_an_owner() is 'Refuses to remove or demote the last owner of an org.';

-- Creating a trigger needs EXECUTE on its function. Firing it does not.
grant execute on function rls.number_event(), rls.chain_audit(), rls.admit_session(), rls.keep_session(), rls.follow_quota(),
  rls.keep_an_owner() to streamspace_owner;
grant execute on function rls.audit_hash(bytea, app.audit_log) to streamspace_app, streamspace_system;
reset role;

create trigger number_event before insert on app.events for each row execute function rls.number_event();
create trigger chain_audit before insert on app.audit_log for each row execute function rls.chain_audit();
create trigger admit_session before insert on app.sessions for each row execute function rls.admit_session();
create trigger keep_session before update on app.sessions for each row execute function rls.keep_session();
create trigger follow_quota after insert or update on app.sessions for each row execute function rls.follow_quota();
create trigger keep_an_owner after update of role or delete on app.memberships
  for each row when (old.role = 'owner') execute function rls.keep_an_owner();

-- +goose Down
drop trigger number_event on app.events;
drop trigger chain_audit on app.audit_log;
drop trigger admit_session on app.sessions;
drop trigger keep_session on app.sessions;
drop trigger follow_quota on app.sessions;
drop trigger keep_an_owner on app.memberships;
set local role streamspace_definer;
drop function rls.number_event(), rls.chain_audit(), rls.actor(), rls.audit_hash(bytea, app.audit_log), rls.admit_session(),
  rls.keep_session(), rls.follow_quota(), rls.keep_an_owner();
reset role;
