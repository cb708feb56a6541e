-- +goose Up
-- First the platform's tables, then the org tables. In an org table every key begins with org_id. rls.create_org_table_v1
-- creates its floor and the policies that all org tables have.

create table app.organizations (
  id uuid not null,
  slug text not null,
  name text not null,
  namespace text,
  suspended boolean not null default false,
  created_at timestamptz not null default now(),
  constraint organizations_pkey primary key (id),
  constraint organizations_as_credentials_copy_them unique (id, suspended),
  constraint organizations_slug_key unique (slug),
  constraint organizations_namespace_key unique (namespace),
  constraint organizations_slug_is_a_label check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  constraint organizations_namespace_is_a_label check (namespace ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')
);
comment on table app.organizations is 'The tenants. An org without a namespace cannot start sessions.';

create table app.users (
  id uuid not null,
  email text not null,
  name text not null,
  password_hash text,
  disabled boolean not null default false,
  created_at timestamptz not null default now(),
  constraint users_pkey primary key (id),
  constraint users_as_credentials_copy_them unique (id, disabled),
  constraint users_email_key unique (email),
  constraint users_email_is_normal check (email = lower(email) and length(email) between 3 and 254)
);
comment on table app.users is 'People. A user is not part of an org; memberships connect users with orgs.';
comment on column app.users.password_hash is 'Null for a user without a password, who cannot sign in with one.';

create table app.agents (
  id uuid not null,
  name text not null,
  secret_hash bytea not null,
  epoch bigint not null default 0,
  version text not null default '',
  seen_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  constraint agents_pkey primary key (id),
  constraint agents_name_key unique (name)
);
comment on table app.agents is
  'Programs that run sessions. epoch counts their starts; seen_at is the time of the last contact; a revoked agent never connects again.';
comment on column app.agents.version is 'The version of the program, as it said at the last contact; empty: it did not say.';

create table app.public_templates (
  id uuid not null,
  revision int not null,
  name text not null,
  title text not null,
  description text not null default '',
  spec jsonb not null,
  published_at timestamptz not null default now(),
  constraint public_templates_pkey primary key (id, revision),
  constraint public_templates_name_key unique (name, revision),
  constraint public_templates_revision_positive check (revision > 0),
  constraint public_templates_name_is_a_label check (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')
);
comment on table app.public_templates is 'Templates for every org, as immutable revisions. The highest revision of an id is the current one.';

select rls.create_org_table_v1('memberships', $$
  user_id uuid not null,
  role text not null,
  ends_at timestamptz,
  reason text not null default '',
  created_at timestamptz not null default now(),
  constraint memberships_pkey primary key (org_id, user_id),
  constraint memberships_as_credentials_copy_them unique (org_id, user_id, role),
  constraint memberships_of_user foreign key (user_id) references app.users (id),
  constraint memberships_role check (role in ('owner', 'admin', 'member', 'viewer')),
  constraint memberships_grant_has_a_reason check ((ends_at is null) = (reason = '')),
  constraint memberships_reason_length check (length(reason) <= 200),
  constraint memberships_owners_stay check (ends_at is null or role <> 'owner')
$$, 'The members of an org and their roles. A grant of an operator is a membership with an end and a reason.');
create index memberships_ended on app.memberships (ends_at) where ends_at is not null;
create index memberships_user on app.memberships (user_id);

select rls.create_org_table_v1('credentials', $$
  id uuid not null,
  user_id uuid not null,
  role text not null,
  suspended boolean not null default false,
  disabled boolean not null default false,
  secret_hash bytea not null,
  public_id uuid not null default gen_random_uuid(),
  address text not null default '',
  browser text not null default '',
  name text,
  scopes text[],
  used_at timestamptz,
  created_at timestamptz not null default now(),
  ends_at timestamptz not null,
  constraint credentials_key_has_a_name check ((name is null) = (scopes is null)),
  constraint credentials_name_length check (length(name) between 1 and 80),
  constraint credentials_scopes_count check (cardinality(scopes) between 1 and 50),
  constraint credentials_address_length check (length(address) <= 64),
  constraint credentials_browser_length check (length(browser) <= 200),
  constraint credentials_pkey primary key (org_id, id) include (user_id, role, ends_at, suspended, disabled),
  constraint credentials_follow_membership foreign key (org_id, user_id, role)
    references app.memberships (org_id, user_id, role) on update cascade on delete cascade,
  constraint credentials_follow_suspension foreign key (org_id, suspended)
    references app.organizations (id, suspended) on update cascade,
  constraint credentials_follow_user foreign key (user_id, disabled) references app.users (id, disabled) on update cascade
$$, 'Sign-ins and API keys. The foreign keys keep the copies equal: a new role, a suspension of the org and disabling the user cascade, and '
  'removing a member deletes their sign-ins and keys. '
  'So rls.enter reads one row, in one index.',
  of_org => false);
comment on column app.credentials.public_id is
  'What lists, the log and the audit log call the sign-in. rls.enter takes the id, which only the sign-in''s holder is given.';
comment on column app.credentials.scopes is 'What an API key may do; null for a sign-in, which may do what its role may.';
comment on column app.credentials.used_at is 'The hour in which an API key was last used.';
comment on column app.credentials.address is 'The network address that the sign-in came from.';
comment on column app.credentials.browser is 'The User-Agent that the sign-in came from.';
create index credentials_membership on app.credentials (org_id, user_id, role);
create index credentials_user on app.credentials (user_id, disabled);
create unique index credentials_secret on app.credentials (secret_hash); -- resolved before an org is known
create unique index credentials_public on app.credentials (public_id); -- for rls.sign_in_is_foreign
create index credentials_expired on app.credentials (ends_at);
create index credentials_keys on app.credentials (org_id, created_at, public_id) where scopes is not null;

select rls.create_org_table_v1('agent_orgs', $$
  agent_id uuid not null,
  constraint agent_orgs_pkey primary key (org_id, agent_id),
  constraint agent_orgs_of_agent foreign key (agent_id) references app.agents (id)
$$, 'The agents that serve an org.', definer_reads => 'inside');
create index agent_orgs_agent on app.agent_orgs (agent_id);

select rls.create_org_table_v1('templates', $$
  id uuid not null,
  revision int not null default 1,
  name text not null,
  title text not null,
  description text not null default '',
  spec jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint templates_pkey primary key (org_id, id),
  constraint templates_name_key unique (org_id, name),
  constraint templates_name_is_a_label check (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')
$$, 'The private templates of an org.');
create unique index templates_id on app.templates (id); -- for rls.template_is_foreign

select rls.create_org_table_v1('sessions', $$
  id uuid not null,
  owner_id uuid not null,
  name text not null,
  template_id uuid not null,
  template_name text not null,
  template_title text not null,
  spec jsonb not null,
  agent_id uuid,
  desired text not null default 'running',
  generation bigint not null default 1,
  state text not null default 'pending',
  reason text not null default '',
  observed_generation bigint not null default 0,
  observed_epoch bigint not null default 0,
  created_at timestamptz not null default now(),
  end_wanted_at timestamptz,
  ended_at timestamptz,
  constraint sessions_pkey primary key (org_id, id),
  constraint sessions_placed_where_served foreign key (org_id, agent_id)
    references app.agent_orgs (org_id, agent_id) on delete set null (agent_id),
  constraint sessions_name_length check (length(name) between 1 and 80),
  constraint sessions_reason_length check (octet_length(reason) <= 64),
  constraint sessions_desired check (desired in ('running', 'terminated')),
  constraint sessions_state check (state in ('pending', 'starting', 'running', 'terminating', 'terminated', 'failed')),
  constraint sessions_ended_when_final check ((ended_at is not null) = (state in ('terminated', 'failed')))
$$,
  'desired is the wanted state, state the last reported one; spec and the template''s names are copied from the revision at the start.');
create index sessions_newest on app.sessions (org_id, created_at desc, id desc);
create index sessions_newest_active on app.sessions (org_id, created_at desc, id desc) where state not in ('terminated', 'failed');
create index sessions_of_owner on app.sessions (org_id, owner_id, created_at desc, id desc);
create index sessions_of_owner_active on app.sessions (org_id, owner_id, created_at desc, id desc) where state not in ('terminated', 'failed');
create unique index sessions_id on app.sessions (id); -- agents name a session without its org; and for rls.session_is_foreign
create index sessions_of_agent on app.sessions (agent_id, id) where state not in ('terminated', 'failed');
create index sessions_placed on app.sessions (org_id, agent_id);
create index sessions_overdue on app.sessions (end_wanted_at) where desired = 'terminated' and state not in ('terminated', 'failed');
comment on column app.sessions.generation is 'The number of changes of desired.';
comment on column app.sessions.observed_epoch is 'The epoch of the agent process that reported state.';

select rls.create_org_table_v1('tickets', $$
  id uuid not null,
  session_id uuid not null,
  credential_id uuid not null default rls.current_credential_id(),
  secret_hash bytea not null,
  ends_at timestamptz not null default now() + interval '30 s',
  constraint tickets_pkey primary key (org_id, id),
  constraint tickets_of_session foreign key (org_id, session_id) references app.sessions (org_id, id) on delete cascade,
  constraint tickets_follow_credential foreign key (org_id, credential_id) references app.credentials (org_id, id) on delete cascade
$$, 'A ticket opens the stream of one session once. It is deleted with the credential that created it.', of_org => false);
create unique index tickets_secret on app.tickets (secret_hash); -- looked up before an org is known
create index tickets_session on app.tickets (org_id, session_id);
create index tickets_credential on app.tickets (org_id, credential_id);
create index tickets_expired on app.tickets (ends_at);

select rls.create_org_table_v1('quota_limits', $$
  kind text not null,
  per_org bigint not null,
  per_user bigint not null,
  own_per_org bigint,
  own_per_user bigint,
  constraint quota_limits_pkey primary key (org_id, kind),
  constraint quota_limits_kind check (kind in ('sessions')),
  constraint quota_limits_not_negative check (per_org >= 0 and per_user >= 0 and own_per_org >= 0 and own_per_user >= 0)
$$, 'The limits of an org, and of each member, per kind of resource: those of operators, and those that admins set. The lower one applies.',
  definer_reads => 'nothing');
comment on column app.quota_limits.own_per_org is 'What admins allow the org; null: as much as operators do.';
comment on column app.quota_limits.own_per_user is 'What admins allow a member who has no limit of their own; null: as much as operators do.';

select rls.create_org_table_v1('quota_usage', $$
  holder_id uuid not null,
  kind text not null,
  used bigint not null default 0,
  own_limit bigint,
  constraint quota_usage_pkey primary key (org_id, holder_id, kind),
  constraint quota_usage_has_limit foreign key (org_id, kind) references app.quota_limits (org_id, kind),
  constraint quota_usage_not_negative check (used >= 0 and own_limit >= 0),
  constraint quota_usage_own_limit_of_a_member check (own_limit is null or holder_id <> org_id)
$$, 'Current usage per holder: the org itself, or one of its members.', of_org => false, definer_reads => 'nothing');
comment on column app.quota_usage.own_limit is
  'What admins allow this member, instead of what they allow each; null: no limit of their own. A new membership begins without one.';

select rls.create_org_table_v1('events', $$
  seq bigint not null,
  at timestamptz not null default now(),
  type text not null,
  subject_id uuid not null,
  owner_id uuid,
  audience text not null default 'owner',
  data jsonb not null default '{}',
  constraint events_pkey primary key (org_id, seq),
  constraint events_audience check (audience in ('everyone', 'owner', 'admins', 'private')),
  constraint events_data_size check (octet_length(data::text) <= 8192)
$$, 'Events, numbered per org without gaps, in the order of commits.', definer_reads => 'nothing');
comment on column app.events.owner_id is
  'The owner of the session that the event is about, or the member, or else who acted. No one for admins'' events.';
comment on column app.events.audience is 'Who sees it: everyone, its owner and admins, admins alone, or its owner alone (private).';

select rls.create_org_table_v1('audit_log', $$
  seq bigint not null,
  at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  previous bytea not null,
  hash bytea not null,
  constraint audit_log_pkey primary key (org_id, seq)
$$, 'Who did what, and what was refused to whom. The entries form a chain: each hash covers the previous one.', definer_reads => 'nothing');
create index audit_log_of_actor on app.audit_log (org_id, actor, seq desc);

select rls.create_org_table_v1('org_heads', $$
  event_seq bigint not null default 0,
  audit_seq bigint not null default 0,
  audit_hash bytea not null default '',
  constraint org_heads_pkey primary key (org_id)
$$, 'The last event number and audit entry of each org. Only triggers write it.', definer_reads => 'nothing');

-- +goose Down
drop table app.org_heads, app.audit_log, app.events, app.quota_usage, app.quota_limits, app.tickets, app.sessions,
  app.templates, app.agent_orgs, app.credentials, app.memberships, app.public_templates, app.agents, app.users, app.organizations;
