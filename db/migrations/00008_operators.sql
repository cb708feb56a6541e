-- +goose Up
-- What operators do outside of any org is in a log of its own, chained as an org's audit log is. What they do to an org is in that
-- org's audit log. An operator's name is what the command was given: it is recorded, not proven.

create table app.installation (
  is_the_row boolean not null default true,
  secret_hash bytea,
  secret_ends_at timestamptz,
  log_seq bigint not null default 0,
  log_hash bytea not null default '',
  constraint installation_pkey primary key (is_the_row),
  constraint installation_has_one_row check (is_the_row),
  constraint installation_secret_ends check ((secret_hash is null) = (secret_ends_at is null))
);
comment on table app.installation is 'One row: the setup code of an empty installation, and the end of the operators'' log.';
insert into app.installation default values;

create table app.operator_log (
  seq bigint not null,
  at timestamptz not null,
  operator text not null,
  action text not null,
  subject text not null,
  previous bytea not null,
  hash bytea not null,
  constraint operator_log_pkey primary key (seq)
);
comment on table app.operator_log is 'What operators did outside of any org. The entries form a chain: each hash covers the previous one.';

alter table app.installation enable row level security;
alter table app.installation force row level security;
alter table app.operator_log enable row level security;
alter table app.operator_log force row level security;
create policy backup_select on app.installation for select to streamspace_backup using (true);
create policy backup_select on app.operator_log for select to streamspace_backup using (true);
create policy definer_select on app.installation for select to streamspace_definer using (true);
create policy definer_update on app.installation for update to streamspace_definer using (true);
create policy definer_select on app.operator_log for select to streamspace_definer using (true);
create policy definer_insert on app.operator_log for insert to streamspace_definer with check (true);
grant select, update (secret_hash, secret_ends_at, log_seq, log_hash) on app.installation to streamspace_definer;
grant select, insert on app.operator_log to streamspace_definer;

-- What the functions below write.
create policy definer_update on app.organizations for update to streamspace_definer
  using (id = (select rls.current_org_id())) with check (id = (select rls.current_org_id()));
create policy definer_update on app.memberships for update to streamspace_definer
  using (org_id = (select rls.current_org_id())) with check (org_id = (select rls.current_org_id()));
create policy definer_delete on app.memberships for delete to streamspace_definer using (org_id = (select rls.current_org_id()));
create policy definer_delete on app.credentials for delete to streamspace_definer using (org_id = (select rls.current_org_id()));
create policy definer_delete on app.public_templates for delete to streamspace_definer using (true);
grant update (suspended) on app.organizations to streamspace_definer;
grant update (role, ends_at, reason), delete on app.memberships to streamspace_definer;
grant delete on app.credentials to streamspace_definer;
grant update (disabled) on app.users to streamspace_definer;
grant update (secret_hash, revoked_at) on app.agents to streamspace_definer;
grant delete on app.public_templates to streamspace_definer;

-- Expired grants are deleted like expired sign-ins.
create policy ended_delete on app.memberships as restrictive for delete to streamspace_system using (ends_at < now());
comment on policy ended_delete on app.memberships is 'Background work removes only grants that have ended.';
grant select (org_id, user_id, ends_at), delete on app.memberships to streamspace_system;

set local role streamspace_definer;

-- The hash covers text, so the time zone must be fixed.
-- +goose StatementBegin
create function rls.log_operator(operator text, action text, subject text) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
  entry app.operator_log;
begin
  update app.installation set log_seq = log_seq + 1 returning log_seq, log_hash into strict entry.seq, entry.previous;
  entry.at := clock_timestamp();
  entry.operator := operator;
  entry.action := action;
  entry.subject := subject;
  entry.hash := sha256(entry.previous || convert_to(
    jsonb_build_array(entry.seq, entry.at, entry.operator, entry.action, entry.subject)::text, 'UTF8'));
  insert into app.operator_log select entry.*;
  update app.installation set log_hash = entry.hash;
end $$;
-- +goose StatementEnd
comment on function rls.log_operator(text, text, text) is
  'Writes an entry to the operators'' log. Only the definer''s functions may execute it.';

create function rls.operator_log_after(after bigint, page int)
  returns table (seq bigint, at timestamptz, operator text, action text, subject text, hash bytea)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select l.seq, l.at, l.operator, l.action, l.subject, l.hash from app.operator_log l
         where l.seq > after order by l.seq limit least(page, 1000) $$;
comment on function rls.operator_log_after(bigint, int) is 'A page of the operators'' log, after a given entry.';

-- Organisations.
create function rls.list_orgs(after text, page int)
  returns table (id uuid, slug text, name text, namespace text, suspended boolean, created_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select o.id, o.slug, o.name, coalesce(o.namespace, ''), o.suspended, o.created_at from app.organizations o
         where o.slug > after order by o.slug limit least(page, 1000) $$;
comment on function rls.list_orgs(text, int) is 'A page of orgs by slug, after a given slug.';

-- +goose StatementBegin
create function rls.suspend_org(operator text, org uuid, suspend boolean) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.enter_operator(org, operator);
  update app.organizations o set suspended = suspend where o.suspended <> suspend; -- the policy allows only this org
  if found then
    insert into app.audit_log (action, subject) values (case when suspend then 'org.suspend' else 'org.resume' end, org::text);
  end if;
end $$;
-- +goose StatementEnd
comment on function rls.suspend_org(text, uuid, boolean) is 'Suspends an org, or resumes it. A suspended org is entered by none of its members.';

-- +goose StatementBegin
create function rls.make_owner(operator text, org uuid, usr uuid) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.enter_operator(org, operator);
  insert into app.memberships as m (user_id, role) values (usr, 'owner')
    on conflict (org_id, user_id) do update set role = 'owner', ends_at = null, reason = '' where m.role <> 'owner';
  if found then
    insert into app.quota_usage (holder_id, kind) values (usr, 'sessions')
      on conflict (org_id, holder_id, kind) do update set own_limit = null;
    insert into app.audit_log (action, subject) values ('org.owner', usr::text);
  end if;
end $$;
-- +goose StatementEnd
comment on function rls.make_owner(text, uuid, uuid) is 'Makes a user an owner of an org.';

-- +goose StatementBegin
create function rls.grant_access(operator text, org uuid, usr uuid, role text, reason text, ends timestamptz) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.enter_operator(org, operator);
  insert into app.memberships (user_id, role, reason, ends_at)
    values (usr, grant_access.role, grant_access.reason, ends);
  insert into app.quota_usage (holder_id, kind) values (usr, 'sessions')
    on conflict (org_id, holder_id, kind) do update set own_limit = null;
  insert into app.audit_log (action, subject) values ('access.grant', usr::text);
end $$;
-- +goose StatementEnd
comment on function rls.grant_access(text, uuid, uuid, text, text, timestamptz) is
  'Makes a user a member of an org until an end, for a reason that its owners see. A present member is refused.';

-- +goose StatementBegin
create function rls.end_access(operator text, org uuid, usr uuid) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.enter_operator(org, operator);
  delete from app.memberships m where m.user_id = usr and m.ends_at is not null; -- the policy allows only this org's
  if found then
    insert into app.audit_log (action, subject) values ('access.end', usr::text);
  end if;
end $$;
-- +goose StatementEnd
comment on function rls.end_access(text, uuid, uuid) is 'Ends a grant before its time.';

-- Users.
-- +goose StatementBegin
create function rls.create_user(operator text, usr uuid, email text, name text, password_hash text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.users (id, email, name, password_hash) values (usr, email, name, password_hash);
  perform rls.log_operator(operator, 'user.create', usr::text);
end $$;
-- +goose StatementEnd
comment on function rls.create_user(text, uuid, text, text, text) is 'Creates a user, who can then be added to orgs.';

-- +goose StatementBegin
create function rls.set_password(operator text, usr uuid, password_hash text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update app.users u set password_hash = set_password.password_hash where u.id = usr;
  if not found then
    raise exception 'unknown user' using errcode = 'SS015';
  end if;
  delete from app.password_resets r where r.user_id = usr; -- a link that was asked for before
  perform rls.log_operator(operator, 'user.reset', usr::text);
end $$;
-- +goose StatementEnd
comment on function rls.set_password(text, uuid, text) is 'Sets a user''s password. Existing sign-ins stay valid.';

-- +goose StatementBegin
create function rls.disable_user(operator text, usr uuid, disable boolean) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update app.users u set disabled = disable where u.id = usr and u.disabled <> disable;
  if found then
    perform rls.log_operator(operator, case when disable then 'user.disable' else 'user.enable' end, usr::text);
  elsif not exists (select from app.users u where u.id = usr) then
    raise exception 'unknown user' using errcode = 'SS015';
  end if;
end $$;
-- +goose StatementEnd
comment on function rls.disable_user(text, uuid, boolean) is
  'Disables a user, or enables them again. A disabled user enters no org, with any sign-in.';

-- +goose StatementBegin
create function rls.sign_out_user(operator text, org uuid, usr uuid) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.enter_operator(org, operator);
  delete from app.credentials k where k.user_id = usr; -- the policy allows only this org's
  if found then
    insert into app.audit_log (action, subject) values ('member.sign_out', usr::text);
  end if;
end $$;
-- +goose StatementEnd
comment on function rls.sign_out_user(text, uuid, uuid) is 'Ends all sign-ins of a user to one org, and their API keys.';

create function rls.orgs_of_user(usr uuid, after uuid, page int) returns table (org uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select m.org_id from app.memberships m where m.user_id = usr and m.org_id > after order by m.org_id limit least(page, 1000) $$;
comment on function rls.orgs_of_user(uuid, uuid, int) is 'A page of the orgs that a user is a member of, suspended ones included.';

create function rls.list_users(after text, page int)
  returns table (id uuid, email text, name text, disabled boolean, created_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select u.id, u.email, u.name, u.disabled, u.created_at from app.users u
         where u.email > after order by u.email limit least(page, 1000) $$;
comment on function rls.list_users(text, int) is 'A page of users by email address, after a given address.';

-- Agents.
-- +goose StatementBegin
create function rls.enrol_agent(operator text, agent uuid, name text, hash bytea) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.agents (id, name, secret_hash) values (agent, name, hash);
  perform rls.log_operator(operator, 'agent.enrol', agent::text);
end $$;
-- +goose StatementEnd
comment on function rls.enrol_agent(text, uuid, text, bytea) is 'Creates an agent, which serves no org yet.';

-- +goose StatementBegin
create function rls.rotate_agent(operator text, agent uuid, hash bytea) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update app.agents a set secret_hash = hash where a.id = agent and a.revoked_at is null;
  if not found then
    raise exception 'unknown agent' using errcode = 'SS010';
  end if;
  perform rls.log_operator(operator, 'agent.rotate', agent::text);
end $$;
-- +goose StatementEnd
comment on function rls.rotate_agent(text, uuid, bytea) is 'Gives an agent another secret. The one before ends at once.';

-- +goose StatementBegin
create function rls.revoke_agent(operator text, agent uuid) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- With the next epoch, reports of its present process are refused.
  update app.agents a set revoked_at = now(), epoch = a.epoch + 1 where a.id = agent and a.revoked_at is null;
  if not found then
    raise exception 'unknown agent' using errcode = 'SS010';
  end if;
  perform rls.log_operator(operator, 'agent.revoke', agent::text);
end $$;
-- +goose StatementEnd
comment on function rls.revoke_agent(text, uuid) is 'Ends an agent for good: it never connects again.';

create function rls.list_agents(after text, page int)
  returns table (id uuid, name text, seen_at timestamptz, revoked_at timestamptz, created_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select a.id, a.name, a.seen_at, a.revoked_at, a.created_at from app.agents a
         where a.name > after order by a.name limit least(page, 1000) $$;
comment on function rls.list_agents(text, int) is 'A page of agents by name, after a given name.';

create function rls.find_agent(name text) returns uuid
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select a.id from app.agents a where a.name = find_agent.name $$;
comment on function rls.find_agent(text) is 'An agent''s id by its name.';

-- Templates.
-- +goose StatementBegin
create function rls.publish_template(operator text, template uuid, name text, title text, description text, spec jsonb) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  last record;
begin
  select t.id, t.revision, t.title, t.description, t.spec into last
    from app.public_templates t where t.name = publish_template.name order by t.revision desc limit 1;
  if last.id is not null and (last.title, last.description, last.spec)
     is not distinct from (publish_template.title, publish_template.description, publish_template.spec) then
    return;
  end if;
  insert into app.public_templates (id, revision, name, title, description, spec)
  values (coalesce(last.id, template), coalesce(last.revision, 0) + 1, publish_template.name, publish_template.title,
          publish_template.description, publish_template.spec);
  perform rls.log_operator(operator, 'template.publish', publish_template.name);
end $$;
-- +goose StatementEnd
comment on function rls.publish_template(text, uuid, text, text, text, jsonb) is
  'Creates the next revision of a public template, if it differs from the last one.';

-- +goose StatementBegin
create function rls.withdraw_template(operator text, name text) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  delete from app.public_templates t where t.name = withdraw_template.name;
  if not found then
    return false;
  end if;
  perform rls.log_operator(operator, 'template.withdraw', withdraw_template.name);
  return true;
end $$;
-- +goose StatementEnd
comment on function rls.withdraw_template(text, text) is
  'Removes a public template with all its revisions, if there is one. Sessions keep their copy.';

-- The first organisation.
-- +goose StatementBegin
create function rls.new_setup_code(operator text, hash bytea, ends timestamptz) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update app.installation set secret_hash = hash, secret_ends_at = ends;
  if exists (select from app.organizations) then
    raise exception 'an organisation exists already' using errcode = 'SS013';
  end if;
  perform rls.log_operator(operator, 'setup.code', 'installation');
end $$;
-- +goose StatementEnd
comment on function rls.new_setup_code(text, bytea, timestamptz) is
  'Makes the code with which an empty installation gets its first org. It replaces the code before.';

-- +goose StatementBegin
create function rls.set_up(hash bytea, usr uuid, email text, name text, password_hash text, org uuid, slug text, org_name text,
  namespace text, per_org bigint, per_user bigint) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- The row's lock lets one set-up finish before another begins.
  update app.installation i set secret_hash = null, secret_ends_at = null where i.secret_hash = hash and i.secret_ends_at > now();
  if not found then
    raise exception 'unknown or expired setup code' using errcode = 'SS014';
  elsif exists (select from app.organizations) then
    raise exception 'an organisation exists already' using errcode = 'SS013';
  end if;
  perform rls.create_user('setup', usr, email, name, password_hash);
  perform rls.create_org('setup', org, slug, org_name, namespace, usr, per_org, per_user);
end $$;
-- +goose StatementEnd
comment on function rls.set_up(bytea, uuid, text, text, text, uuid, text, text, text, bigint, bigint) is
  'Creates the first org with its owner, for whom holds the setup code.';

grant execute on function rls.operator_log_after(bigint, int), rls.list_orgs(text, int), rls.suspend_org(text, uuid, boolean),
  rls.make_owner(text, uuid, uuid), rls.grant_access(text, uuid, uuid, text, text, timestamptz), rls.end_access(text, uuid, uuid),
  rls.create_user(text, uuid, text, text, text), rls.set_password(text, uuid, text), rls.disable_user(text, uuid, boolean),
  rls.sign_out_user(text, uuid, uuid), rls.orgs_of_user(uuid, uuid, int), rls.list_users(text, int),
  rls.enrol_agent(text, uuid, text, bytea), rls.rotate_agent(text, uuid, bytea), rls.revoke_agent(text, uuid),
  rls.list_agents(text, int), rls.find_agent(text), rls.publish_template(text, uuid, text, text, text, jsonb),
  rls.withdraw_template(text, text), rls.new_setup_code(text, bytea, timestamptz)
  to streamspace_operator;
grant execute on function rls.set_up(bytea, uuid, text, text, text, uuid, text, text, text, bigint, bigint)
  to streamspace_login, streamspace_operator;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.set_up(bytea, uuid, text, text, text, uuid, text, text, text, bigint, bigint),
  rls.new_setup_code(text, bytea, timestamptz), rls.withdraw_template(text, text),
  rls.publish_template(text, uuid, text, text, text, jsonb), rls.find_agent(text), rls.list_agents(text, int),
  rls.revoke_agent(text, uuid), rls.rotate_agent(text, uuid, bytea), rls.enrol_agent(text, uuid, text, bytea),
  rls.list_users(text, int), rls.orgs_of_user(uuid, uuid, int), rls.sign_out_user(text, uuid, uuid),
  rls.disable_user(text, uuid, boolean), rls.set_password(text, uuid, text), rls.create_user(text, uuid, text, text, text),
  rls.end_access(text, uuid, uuid), rls.grant_access(text, uuid, uuid, text, text, timestamptz), rls.make_owner(text, uuid, uuid),
  rls.suspend_org(text, uuid, boolean), rls.list_orgs(text, int), rls.operator_log_after(bigint, int),
  rls.log_operator(text, text, text);
reset role;
revoke select (org_id, user_id, ends_at), delete on app.memberships from streamspace_system;
drop policy ended_delete on app.memberships;
revoke delete on app.public_templates from streamspace_definer;
revoke update (secret_hash, revoked_at) on app.agents from streamspace_definer;
revoke update (disabled) on app.users from streamspace_definer;
revoke delete on app.credentials from streamspace_definer;
revoke update (role, ends_at, reason), delete on app.memberships from streamspace_definer;
revoke update (suspended) on app.organizations from streamspace_definer;
drop policy definer_delete on app.public_templates;
drop policy definer_delete on app.credentials;
drop policy definer_delete on app.memberships;
drop policy definer_update on app.memberships;
drop policy definer_update on app.organizations;
drop table app.operator_log, app.installation;
