-- +goose Up
-- Policies on the platform's tables, and restrictive policies for roles inside an org on the org tables. The floor and the
-- permissive policies of the org tables come from rls.create_org_table_v1.

-- +goose StatementBegin
do $$
declare
  t text;
  c record;
  everyone constant text := 'streamspace_app, streamspace_agent, streamspace_system';
begin
  foreach t in array array['organizations', 'users', 'agents', 'public_templates'] loop
    execute format('alter table app.%I enable row level security', t);
    execute format('alter table app.%I force row level security', t);
    execute format('create policy backup_select on app.%I for select to streamspace_backup using (true)', t);
  end loop;
  select * into strict c from rls.tenant_conditions_v1('id');
  execute format('create policy tenant_floor on app.organizations as restrictive for all to %s using (%s) with check (%s)',
    everyone, c.floored, c.floored);
  execute format('create policy org_select on app.organizations for select to %s using (%s)', everyone, c.scoped);
  execute format('create policy owner_inside on app.organizations for all to streamspace_owner using (%s) with check (%s)',
    c.scoped, c.scoped);
end $$;
-- +goose StatementEnd
create policy co_members on app.users for select to streamspace_app
  using (exists (select from app.memberships m where m.user_id = id));
create policy serves_us on app.agents for select to streamspace_app
  using (exists (select from app.agent_orgs a where a.agent_id = id));
create policy inside_any_org on app.public_templates for select to streamspace_app
  using ((select rls.current_org_id()) is not null);
comment on policy co_members on app.users is 'A member sees the people of the org they act in.';
comment on policy serves_us on app.agents is 'A member sees the agents that serve their org.';
comment on policy inside_any_org on app.public_templates is 'Every member of every org reads them. No role writes them.';

-- What a role inside the org may do. These are restrictive: all of them must hold, and the floor.
create policy admins_update on app.memberships as restrictive for update to streamspace_app using ((select rls.is_admin()));
create policy admins_delete on app.memberships as restrictive for delete to streamspace_app using ((select rls.is_admin()));
create policy owners_make_owners on app.memberships as restrictive for update to streamspace_app
  using (role <> 'owner' or (select rls.is_owner())) with check (role <> 'owner' or (select rls.is_owner()));
create policy owners_remove_owners on app.memberships as restrictive for delete to streamspace_app
  using (role <> 'owner' or (select rls.is_owner()));
comment on policy owners_make_owners on app.memberships is 'Only an owner grants or removes the role of owner.';

create policy own_or_admin on app.credentials as restrictive for all to streamspace_app
  using (user_id = (select rls.current_user_id()) or (select rls.is_admin()) and (role <> 'owner' or (select rls.is_owner())));
comment on policy own_or_admin on app.credentials is 'A member''s own sign-ins. An admin reaches those of others, except owners.';

create policy admins_insert on app.templates as restrictive for insert to streamspace_app with check ((select rls.is_admin()));
create policy admins_update on app.templates as restrictive for update to streamspace_app using ((select rls.is_admin()));
create policy admins_delete on app.templates as restrictive for delete to streamspace_app using ((select rls.is_admin()));

create policy own_or_admin on app.sessions as restrictive for all to streamspace_app
  using (owner_id = (select rls.current_user_id()) or (select rls.is_admin()));
create policy viewers_insert_none on app.sessions as restrictive for insert to streamspace_app with check (not (select rls.is_viewer()));
create policy viewers_update_none on app.sessions as restrictive for update to streamspace_app using (not (select rls.is_viewer()));
create policy reported_session on app.sessions as restrictive for all to streamspace_agent
  using (id = (select rls.current_session_id()) and agent_id = (select rls.current_agent_id()));
comment on policy own_or_admin on app.sessions is 'A member reaches their own sessions, an admin all sessions of the org.';
comment on policy reported_session on app.sessions is 'An agent reaches the one session that it reports on.';

create policy of_a_session_in_reach on app.tickets as restrictive for insert to streamspace_app
  with check (not (select rls.is_viewer()) and exists (select from app.sessions s where s.id = session_id));
comment on policy of_a_session_in_reach on app.tickets is
  'A ticket is visible when its session is: the policies of sessions apply to the subquery.';

-- Not `in`: after a restore PostgreSQL prints it differently, and the manifest would differ.
create policy own_or_orgs on app.quota_usage as restrictive for select to streamspace_app
  using (holder_id = org_id or holder_id = (select rls.current_user_id()) or (select rls.is_admin()));

create policy own_or_everyones on app.events as restrictive for select to streamspace_app
  using (audience = 'everyone' or owner_id = (select rls.current_user_id()) or audience <> 'private' and (select rls.is_admin()));
create policy about_own on app.events as restrictive for insert to streamspace_app
  with check ((select rls.is_admin())
    or not (select rls.is_viewer()) and audience = 'owner' and owner_id = (select rls.current_user_id()));
create policy about_reported_session on app.events as restrictive for insert to streamspace_agent
  with check (subject_id = (select rls.current_session_id()));

create policy own_or_admin on app.audit_log as restrictive for select to streamspace_app
  using (actor = 'user:' || (select rls.current_user_id()) or (select rls.is_admin()));
create policy viewers_insert_refusals on app.audit_log as restrictive for insert to streamspace_app
  with check (not (select rls.is_viewer()) or action = 'credential.sign_out' or action = 'key.revoke' or right(action, 8) = '.refused');
create policy about_reported_session on app.audit_log as restrictive for insert to streamspace_agent
  with check (subject = (select rls.current_session_id())::text);
comment on policy viewers_insert_refusals on app.audit_log is 'A viewer writes only the end of their own sign-ins and keys, and what was refused to them.';

-- The definer reads what its functions need before an org is entered. It writes an org's rows only inside the org.
create policy definer_select on app.organizations for select to streamspace_definer using (true);
create policy definer_insert on app.organizations for insert to streamspace_definer with check (id = (select rls.current_org_id()));
create policy definer_select on app.users for select to streamspace_definer using (true);
create policy definer_insert on app.users for insert to streamspace_definer with check (true);
create policy definer_update on app.users for update to streamspace_definer using (true);
create policy definer_select on app.agents for select to streamspace_definer using (true);
create policy definer_insert on app.agents for insert to streamspace_definer with check (true);
create policy definer_update on app.agents for update to streamspace_definer using (true);
create policy definer_select on app.public_templates for select to streamspace_definer using (true);
create policy definer_insert on app.public_templates for insert to streamspace_definer with check (true);
create policy definer_insert on app.memberships for insert to streamspace_definer with check (org_id = (select rls.current_org_id()));
create policy definer_insert on app.credentials for insert to streamspace_definer with check (org_id = (select rls.current_org_id()));
create policy definer_insert on app.agent_orgs for insert to streamspace_definer with check (org_id = (select rls.current_org_id()));
create policy definer_insert on app.templates for insert to streamspace_definer with check (org_id = (select rls.current_org_id()));
create policy definer_update on app.templates for update to streamspace_definer
  using (org_id = (select rls.current_org_id())) with check (org_id = (select rls.current_org_id()));
create policy definer_delete on app.tickets for delete to streamspace_definer using (org_id = (select rls.current_org_id()));
create policy definer_limits on app.quota_limits for all to streamspace_definer
  using (org_id = (select rls.current_org_id())) with check (org_id = (select rls.current_org_id()));
create policy definer_usage on app.quota_usage for all to streamspace_definer
  using (org_id = (select rls.current_org_id())) with check (org_id = (select rls.current_org_id()));
create policy definer_heads on app.org_heads for all to streamspace_definer
  using (org_id = (select rls.current_org_id())) with check (org_id = (select rls.current_org_id()));
create policy definer_insert on app.audit_log for insert to streamspace_definer with check (org_id = (select rls.current_org_id()));

-- The columns that each role may use. Columns that the database fills (sequence, actor, time, hash, generation) are granted
-- to no role.
grant select, insert on app.organizations, app.memberships, app.credentials, app.users, app.agents to streamspace_definer;
grant update (epoch, version, seen_at) on app.agents to streamspace_definer;
grant update (password_hash) on app.users to streamspace_definer;
grant select, insert on app.public_templates, app.agent_orgs to streamspace_definer;
grant select, insert on app.templates to streamspace_definer;
grant update (revision, title, description, spec, updated_at) on app.templates to streamspace_definer;
grant select on app.sessions to streamspace_definer;
grant select, delete on app.tickets to streamspace_definer;
grant select, insert on app.quota_limits to streamspace_definer;
grant select, insert on app.quota_usage, app.org_heads to streamspace_definer;
grant update (used, own_limit) on app.quota_usage to streamspace_definer;
grant update (event_seq, audit_seq, audit_hash) on app.org_heads to streamspace_definer;
grant insert (action, subject) on app.audit_log to streamspace_definer;

grant select on app.organizations, app.agent_orgs, app.templates, app.public_templates, app.quota_limits, app.quota_usage to streamspace_app;
grant select, update (role), delete on app.memberships to streamspace_app;
grant select (org_id, id, user_id, role, public_id, address, browser, created_at, ends_at), delete on app.credentials to streamspace_app;
grant select (id, email, name) on app.users to streamspace_app;
grant select (id, name, seen_at) on app.agents to streamspace_app;
grant select, insert (id, owner_id, name, template_id, template_name, template_title, spec, agent_id), update (name, desired)
  on app.sessions to streamspace_app;
grant insert (id, session_id, secret_hash) on app.tickets to streamspace_app;
grant select, insert (type, subject_id, audience, data) on app.events to streamspace_app;
grant select, insert (action, subject) on app.audit_log to streamspace_app;

grant select, update (state, reason, observed_generation) on app.sessions to streamspace_agent;
grant insert (type, subject_id, data) on app.events to streamspace_agent;
grant insert (action, subject) on app.audit_log to streamspace_agent;

grant select, update (state, reason) on app.sessions to streamspace_system;
grant select (org_id, id, ends_at), delete on app.credentials, app.tickets to streamspace_system;
grant insert (type, subject_id, audience, data) on app.events to streamspace_system;
grant insert (action, subject) on app.audit_log to streamspace_system;

-- +goose Down
-- Policies and grants are dropped one by one, because the policies that 00002 created must stay.
-- +goose StatementBegin
do $$
declare
  p record;
begin
  for p in select c.relname, l.polname from pg_policy l join pg_class c on c.oid = l.polrelid
            where c.relnamespace = 'app'::regnamespace
              and (l.polname not in ('tenant_floor', 'org_select', 'org_insert', 'org_update', 'org_delete', 'owner_inside',
                                    'backup_select', 'definer_select')
                   or c.relname in ('organizations', 'users', 'agents', 'public_templates')) loop
    execute format('drop policy %I on app.%I', p.polname, p.relname);
  end loop;
  for p in select relname from pg_class
            where relnamespace = 'app'::regnamespace and relname in ('organizations', 'users', 'agents', 'public_templates') loop
    execute format('alter table app.%I no force row level security', p.relname);
    execute format('alter table app.%I disable row level security', p.relname);
  end loop;
  for p in select relname from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r' loop
    execute format('revoke all on app.%I from streamspace_app, streamspace_agent, streamspace_system, streamspace_definer', p.relname);
  end loop;
end $$;
-- +goose StatementEnd
