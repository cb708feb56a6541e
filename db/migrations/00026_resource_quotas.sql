-- +goose Up
-- Quotas of memory and disk (MiB), CPU (thousandths of a processor) and processes: how much the sessions that have not ended may state
-- together. A kind without a row, and a null, is no limit. Nothing counts them: the sum is read where racing sessions take turns anyway,
-- behind the locks of rls.follow_quota, so that no counter can differ from the sessions.
alter table app.quota_limits
  alter per_org drop not null,
  alter per_user drop not null,
  drop constraint quota_limits_kind,
  add constraint quota_limits_kind check (kind in ('sessions', 'memory', 'cpu', 'processes', 'disk')),
  add constraint quota_limits_sessions_are_limited check (kind <> 'sessions' or per_org is not null and per_user is not null);
comment on column app.quota_limits.kind is
  'Sessions, or a member of their spec: memory and disk in MiB, cpu in thousandths of a processor, processes.';
comment on column app.quota_limits.per_org is 'What operators allow the org; null: no limit.';
comment on column app.quota_limits.per_user is 'What operators allow each member; null: no limit.';
grant insert (kind, own_per_org, own_per_user) on app.quota_limits to streamspace_app;
create policy admins_insert on app.quota_limits as restrictive for insert to streamspace_app
  with check (kind <> 'sessions' and (select rls.is_admin()));

set local role streamspace_definer;

-- +goose StatementBegin
create function rls.limit_resources() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  refused record;
begin
  -- A statement of its own, so that it sees what was committed while the trigger before it waited for the locks.
  with limits as materialized (
    select l.kind, h.holder, h.most, (new.spec ->> l.kind)::bigint as asked
      from app.quota_limits l
           cross join lateral (values ('org', least(l.per_org, l.own_per_org)), ('user', least(l.per_user, l.own_per_user))) h (holder, most)
     where l.org_id = new.org_id and l.kind <> 'sessions' and h.most is not null
       and (tg_op = 'INSERT' or h.holder = 'user') -- who takes a session over adds nothing to the org
  )
  select l.kind, l.holder, l.most, l.asked, sum((s.spec ->> l.kind)::bigint) as used into refused
    from limits l
         join app.sessions s on s.org_id = new.org_id and s.state not in ('terminated', 'failed')
              and (l.holder = 'org' or s.owner_id = new.owner_id)
   group by l.kind, l.holder, l.most, l.asked
  having case when l.asked is null then tg_op = 'INSERT' else sum((s.spec ->> l.kind)::bigint) > l.most end
   order by l.asked is not null, l.kind, l.holder
   limit 1;
  if not found then
    return null;
  end if;
  if refused.asked is null then
    raise exception 'the template states no %, of which there is a quota', refused.kind
      using errcode = 'SS043', detail = jsonb_build_object('kind', refused.kind)::text;
  end if;
  raise exception 'no % left in the quota of the %', refused.kind, refused.holder
    using errcode = 'SS005',
          detail = jsonb_build_object('kind', refused.kind, 'holder', refused.holder, 'limit', refused.most,
                                      'used', refused.used - refused.asked, 'asked', refused.asked)::text;
end $$;
-- +goose StatementEnd
comment on function rls.limit_resources() is
  'Refuses a session above a quota of memory, CPU, processes or disk, and, under such a quota, a new session whose template states none. '
  'It runs after the trigger that locks the rows of quota_usage.';
grant execute on function rls.limit_resources() to streamspace_owner;

-- With the kind: an org has a row of limits for each.
-- +goose StatementBegin
create or replace function rls.take_over() returns trigger
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
   where l.kind = q.kind and q.holder_id = new.owner_id and q.used < least(l.per_user, coalesce(q.own_limit, l.own_per_user));
  if not found then
    raise exception 'no sessions left in the quota of the user' using errcode = 'SS005', detail =
      (select jsonb_build_object('kind', 'sessions', 'holder', 'user',
                                 'limit', least(l.per_user, coalesce(q.own_limit, l.own_per_user)))::text
         from app.quota_limits l join app.quota_usage q using (org_id, kind) where q.holder_id = new.owner_id);
  end if;
  return null;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function rls.resource_use() returns table (kind text, by_org bigint, by_user bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select k.kind, coalesce(sum((s.spec ->> k.kind)::bigint), 0)::bigint,
         coalesce(sum((s.spec ->> k.kind)::bigint) filter (where s.owner_id = rls.current_user_id()), 0)::bigint
    from (values ('memory'), ('cpu'), ('processes'), ('disk')) k (kind)
         left join app.sessions s on s.org_id = rls.current_org_id() and s.state not in ('terminated', 'failed')
   group by k.kind
$$;
-- +goose StatementEnd
comment on function rls.resource_use() is
  'How much memory, CPU, processes and disk the sessions state that have not ended: all of the org that was entered, and those of the caller.';
grant execute on function rls.resource_use() to streamspace_app;

-- The form with four arguments stays for the release before this one, which knows sessions alone.
-- +goose StatementBegin
create function rls.set_limits(operator text, org uuid, limits jsonb) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.enter_operator(org, operator);
  perform from app.quota_limits l where l.kind = 'sessions' for no key update; -- first, as admins do, or they deadlock
  insert into app.quota_limits (kind)
  select g.kind from jsonb_to_recordset(limits) g (kind text) where g.kind <> 'sessions'
      on conflict (org_id, kind) do nothing;
  update app.quota_limits l
     set per_org = case l.kind when 'sessions' then coalesce(g.per_org, l.per_org) else nullif(coalesce(g.per_org, l.per_org), 0) end,
         per_user = case l.kind when 'sessions' then coalesce(g.per_user, l.per_user) else nullif(coalesce(g.per_user, l.per_user), 0) end
    from jsonb_to_recordset(limits) g (kind text, per_org bigint, per_user bigint)
   where l.kind = g.kind; -- the policy allows only this org's
  insert into app.events (type, subject_id, audience, data)
  select 'quota.updated', org, 'everyone', jsonb_object_agg(l.kind, jsonb_strip_nulls(jsonb_build_object(
           'per_org', least(l.per_org, l.own_per_org), 'per_user', least(l.per_user, l.own_per_user))))
    from app.quota_limits l
   where least(l.per_org, l.own_per_org, l.per_user, l.own_per_user) is not null;
  insert into app.audit_log (action, subject) values ('org.limits', org::text);
end $$;
-- +goose StatementEnd
comment on function rls.set_limits(text, uuid, jsonb) is
  'Changes how much an org and each of its members may have: an array of objects with kind, per_org and per_user. Null: it stays. Zero: no '
  'limit, except of sessions. What runs above a lower limit runs on.';
grant execute on function rls.set_limits(text, uuid, jsonb) to streamspace_operator;
reset role;

-- By their names they run after follow_quota and take_over, which hold the locks.
create trigger limit_resources after insert on app.sessions for each row when (new.state not in ('terminated', 'failed'))
  execute function rls.limit_resources();
create trigger take_over_resources after update of owner_id on app.sessions for each row when (new.owner_id <> old.owner_id)
  execute function rls.limit_resources();

-- +goose Down
drop trigger take_over_resources on app.sessions;
drop trigger limit_resources on app.sessions;
set local role streamspace_definer;
-- +goose StatementBegin
create or replace function rls.take_over() returns trigger
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
drop function rls.set_limits(text, uuid, jsonb), rls.resource_use(), rls.limit_resources();
reset role;
drop policy admins_insert on app.quota_limits;
revoke insert (kind, own_per_org, own_per_user) on app.quota_limits from streamspace_app;
comment on column app.quota_limits.per_user is null;
comment on column app.quota_limits.per_org is null;
comment on column app.quota_limits.kind is null;
-- With limits of another kind this fails: a release without them would not hold them.
alter table app.quota_limits
  drop constraint quota_limits_sessions_are_limited,
  drop constraint quota_limits_kind,
  add constraint quota_limits_kind check (kind in ('sessions')),
  alter per_user set not null,
  alter per_org set not null;
