-- +goose Up
-- Functions for the roles that work outside an org. Arguments hold only hashes of secrets (SHA-256, computed in Go), because
-- PostgreSQL may log statements.
set local role streamspace_definer;

-- Signing in.
create function rls.user_by_email(address text) returns table (id uuid, password_hash text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select u.id, u.password_hash from app.users u where u.email = address and not u.disabled $$;
comment on function rls.user_by_email(text) is 'The user with this email address, unless disabled.';

-- +goose StatementBegin
create function rls.memberships_of(usr uuid) returns table (org uuid, slug text, name text, role text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.id, o.slug, o.name, m.role
    from app.memberships m join app.organizations o on o.id = m.org_id
   where m.user_id = usr and not o.suspended and (m.ends_at is null or m.ends_at > now())
   order by o.slug
   limit 1000
$$;
-- +goose StatementEnd
comment on function rls.memberships_of(uuid) is 'The orgs that a user may enter.';

-- +goose StatementBegin
create function rls.sign_in(usr uuid, org uuid, credential uuid, hash bytea, ends timestamptz, address text default '',
  browser text default '', verified text default null) returns text
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  its_role text;
  its_end timestamptz;
  its_name uuid;
begin
  -- A change of the password, by whichever function, updates the row and ends the user's sign-ins. So one by the password before is
  -- either ended by it, or waits here and is refused. FOR KEY SHARE would not wait: a password is no key.
  perform from app.users u where u.id = usr and (verified is null or u.password_hash = verified) for share;
  if not found then
    raise exception 'the password has changed' using errcode = 'SS001';
  end if;
  select m.role, m.ends_at into its_role, its_end
    from app.memberships m
   where m.org_id = org and m.user_id = usr and (m.ends_at is null or m.ends_at > now());
  if not found then
    raise exception 'not a member of this organisation' using errcode = 'SS001';
  end if;
  perform rls.scope(org), set_config('app.user_id', usr::text, true);
  begin
    insert into app.credentials (id, user_id, role, secret_hash, ends_at, address, browser)
    values (credential, usr, its_role, hash, least(ends, its_end), sign_in.address, sign_in.browser)
    returning public_id into its_name;
  exception when foreign_key_violation then -- the org is suspended, the user disabled, or the membership another by now
    raise exception 'not a member of this organisation' using errcode = 'SS001';
  end;
  insert into app.audit_log (action, subject) values ('credential.sign_in', its_name::text);
  return its_role;
end $$;
-- +goose StatementEnd
comment on function rls.sign_in(uuid, uuid, uuid, bytea, timestamptz, text, text, text) is
  'Creates a credential for a member and returns their role. verified is the hash that the password was compared with, null if there was none.';

-- +goose StatementBegin
create function rls.credential_of(hash bytea)
  returns table (org uuid, slug text, name text, usr uuid, role text, id uuid, ends_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.id, o.slug, o.name, k.user_id, k.role, k.id, k.ends_at
    from app.credentials k join app.organizations o on o.id = k.org_id
   where k.secret_hash = hash and k.scopes is null and k.ends_at > now() and not o.suspended and not k.disabled
$$;
-- +goose StatementEnd
comment on function rls.credential_of(bytea) is 'The sign-in with this secret: its org, user and role. No API key.';

-- +goose StatementBegin
create function rls.consume_ticket(hash bytea) returns table (org uuid, usr uuid, role text, credential uuid, session uuid)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.scope(t.org_id) from app.tickets t where t.secret_hash = hash;
  if not found then
    return; -- without a scope the delete below would raise
  end if;
  return query
    with used as (
      delete from app.tickets t where t.secret_hash = hash and t.ends_at > now()
      returning t.org_id, t.credential_id, t.session_id
    )
    select k.org_id, k.user_id, k.role, k.id, u.session_id
      from used u join app.credentials k on k.org_id = u.org_id and k.id = u.credential_id;
end $$;
-- +goose StatementEnd
comment on function rls.consume_ticket(bytea) is 'Consumes a ticket. The member that it names must still enter.';

grant execute on function rls.user_by_email(text), rls.memberships_of(uuid), rls.sign_in(uuid, uuid, uuid, bytea, timestamptz, text, text, text),
  rls.credential_of(bytea), rls.consume_ticket(bytea) to streamspace_login;

-- Agents.
-- +goose StatementBegin
create function rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots int default 20,
  its_version text default '', its_contact bigint default 0) returns bigint
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  present bigint;
  counted bigint;
begin
  select a.epoch, a.contact into present, counted from app.agents a
   where a.id = agent and a.secret_hash = hash and a.revoked_at is null for update;
  if not found then
    raise exception 'unknown agent' using errcode = 'SS010';
  elsif its_epoch <> 0 and its_epoch < present then
    raise exception 'replaced by a newer process of the agent' using errcode = 'SS004';
  elsif unconfined and (select count(*) from app.organizations) > 1 then
    raise exception 'sessions without namespaces, and more than one organisation' using errcode = 'SS012';
  end if;
  -- An agent got its epoch and the answer to each earlier contact from a database: this one is older.
  if its_epoch > present or its_contact - 1 > counted then
    perform rls.note_restore();
  end if;
  present := greatest(present, its_epoch) + (its_epoch = 0)::int;
  update app.agents a
     set epoch = present, seen_at = now(), slots = its_slots, version = its_version,
         contact = case its_contact when 0 then a.contact else its_contact end
   where a.id = agent;
  perform rls.provide_slots(agent, its_slots);
  return present;
end $$;
-- +goose StatementEnd
comment on function rls.connect_agent(uuid, bytea, bigint, boolean, int, text, bigint) is
  'Notes that an agent is alive, its version, and how many sessions it can run. Epoch zero means a new process: it gets the next epoch, and '
  'reports of older processes are refused. its_contact is the agent''s number of this contact, 0 if it does not count. A later epoch or '
  'number than the database has shows that an older database was restored.';

-- +goose StatementBegin
create function rls.placements(agent uuid, its_epoch bigint, after uuid, page int)
  returns table (session uuid, namespace text, desired text, generation bigint, state text, observed_epoch bigint, spec jsonb)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- An empty answer would say that nothing should run there.
  if not exists (select from app.agents a where a.id = agent and a.epoch = its_epoch) then
    raise exception 'replaced by a newer process of the agent' using errcode = 'SS004';
  end if;
  return query
    select s.id, coalesce(o.namespace, ''), s.desired, s.generation, s.state, s.observed_epoch, s.spec
      from app.sessions s join app.organizations o on o.id = s.org_id
     where s.agent_id = agent and s.id > after and s.state not in ('terminated', 'failed')
     order by s.id
     limit least(page, 1000);
end $$;
-- +goose StatementEnd
comment on function rls.placements(uuid, bigint, uuid, int) is
  'A page of the sessions that should run on an agent, of all orgs that it serves. Refused to an older process.';

grant execute on function rls.connect_agent(uuid, bytea, bigint, boolean, int, text, bigint), rls.placements(uuid, bigint, uuid, int) to streamspace_agent;

-- Background work: ids and counts, over all orgs.
-- +goose StatementBegin
create function rls.sessions_overdue(page int) returns table (org uuid, session uuid, reason text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.org_id, s.id, 'agent_away'
    from app.sessions s
   where s.desired = 'terminated' and s.state not in ('terminated', 'failed') and s.end_wanted_at < now() - interval '5 min'
   order by s.end_wanted_at
   limit least(page, 1000)
$$;
-- +goose StatementEnd
comment on function rls.sessions_overdue(int) is
  'Sessions whose agent has not ended them within five minutes of the request. The service ends them instead.';

-- +goose StatementBegin
create function rls.orgs_with_expired_credentials(page int) returns table (org uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select k.org_id from app.credentials k where k.ends_at < now()
  union
  select t.org_id from app.tickets t where t.ends_at < now()
  union
  select m.org_id from app.memberships m where m.ends_at < now()
  limit least(page, 1000)
$$;
-- +goose StatementEnd
comment on function rls.orgs_with_expired_credentials(int) is 'Orgs with expired sign-ins, tickets or grants, which can be deleted.';

create function rls.count_sessions() returns table (state text, sessions bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select s.state, count(*) from app.sessions s where s.state not in ('terminated', 'failed') group by s.state $$;
comment on function rls.count_sessions() is 'The number of sessions of all orgs in each state, except final states.';

grant execute on function rls.sessions_overdue(int), rls.orgs_with_expired_credentials(int), rls.count_sessions() to streamspace_system;

-- For operators: the platform, and orgs from outside. A change to an org is an entry in its audit log.
create function rls.find_user(email text) returns uuid
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select u.id from app.users u where u.email = find_user.email $$;
create function rls.find_org(slug text) returns uuid
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select o.id from app.organizations o where o.slug = find_org.slug $$;

-- +goose StatementBegin
create function rls.create_org(operator text, org uuid, slug text, name text, namespace text, owner uuid, per_org bigint, per_user bigint)
  returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.enter_operator(org, operator);
  insert into app.organizations (id, slug, name, namespace) values (org, create_org.slug, create_org.name, create_org.namespace);
  insert into app.org_heads default values;
  insert into app.quota_limits (kind, per_org, per_user) values ('sessions', create_org.per_org, create_org.per_user);
  insert into app.memberships (user_id, role) values (owner, 'owner');
  insert into app.quota_usage (holder_id, kind) values (org, 'sessions'), (owner, 'sessions');
  insert into app.audit_log (action, subject) values ('org.create', org::text);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function rls.add_member(operator text, org uuid, usr uuid, role text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.enter_operator(org, operator);
  insert into app.memberships (user_id, role) values (usr, add_member.role) on conflict (org_id, user_id) do nothing;
  if not found then
    return;
  end if;
  insert into app.quota_usage (holder_id, kind) values (usr, 'sessions')
    on conflict (org_id, holder_id, kind) do update set own_limit = null;
  insert into app.audit_log (action, subject) values ('member.add', usr::text);
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function rls.serve_org(operator text, agent uuid, org uuid) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.enter_operator(org, operator);
  if exists (select from app.agents a where a.id = agent and a.revoked_at is not null) then
    raise exception 'revoked agent' using errcode = 'SS010';
  end if;
  insert into app.agent_orgs (agent_id) values (agent) on conflict (org_id, agent_id) do nothing;
  if found then
    insert into app.audit_log (action, subject) values ('agent.serve', agent::text);
  end if;
end $$;
-- +goose StatementEnd

-- +goose StatementBegin
create function rls.add_template(operator text, org uuid, template uuid, name text, title text, description text, spec jsonb) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  it app.templates;
begin
  perform rls.enter_operator(org, operator);
  insert into app.templates as t (id, name, title, description, spec)
  values (template, add_template.name, add_template.title, add_template.description, add_template.spec)
  on conflict on constraint templates_name_key do update
    set revision = t.revision + 1, title = excluded.title, description = excluded.description, spec = excluded.spec, updated_at = now()
    where (t.title, t.description, t.spec) is distinct from (excluded.title, excluded.description, excluded.spec)
  returning t.* into it;
  if found then
    insert into app.events (type, subject_id, subject_name, audience, data)
    values (case it.revision when 1 then 'template.created' else 'template.updated' end, it.id, it.name, 'everyone',
      jsonb_build_object('title', it.title, 'revision', it.revision));
    insert into app.audit_log (action, subject) values ('template.write', add_template.name);
  end if;
end $$;
-- +goose StatementEnd

comment on function rls.find_user(text) is 'A user''s id by email address.';
comment on function rls.find_org(text) is 'An org''s id by its slug.';
comment on function rls.create_org(text, uuid, text, text, text, uuid, bigint, bigint) is 'Creates an org with its first owner and its quota.';
comment on function rls.add_member(text, uuid, uuid, text) is 'Adds a user to an org. An existing member keeps their role.';
comment on function rls.serve_org(text, uuid, uuid) is 'Lets an agent run an org''s sessions, unless it is revoked.';
comment on function rls.add_template(text, uuid, uuid, text, text, text, jsonb) is 'Creates a private template of an org, or its next revision.';

grant execute on function rls.find_user(text), rls.find_org(text),
  rls.create_org(text, uuid, text, text, text, uuid, bigint, bigint), rls.add_member(text, uuid, uuid, text),
  rls.serve_org(text, uuid, uuid), rls.add_template(text, uuid, uuid, text, text, text, jsonb)
  to streamspace_operator;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.user_by_email(text), rls.memberships_of(uuid), rls.sign_in(uuid, uuid, uuid, bytea, timestamptz, text, text, text),
  rls.credential_of(bytea), rls.consume_ticket(bytea), rls.connect_agent(uuid, bytea, bigint, boolean, int, text, bigint),
  rls.placements(uuid, bigint, uuid, int), rls.sessions_overdue(int), rls.orgs_with_expired_credentials(int), rls.count_sessions(),
  rls.find_user(text), rls.find_org(text),
  rls.create_org(text, uuid, text, text, text, uuid, bigint, bigint), rls.add_member(text, uuid, uuid, text),
  rls.serve_org(text, uuid, uuid), rls.add_template(text, uuid, uuid, text, text, text, jsonb);
reset role;
