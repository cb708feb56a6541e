-- name: CreateUser :exec
select rls.create_user(@operator, @user_id, @email, @name, @password_hash);

-- name: SetPassword :exec
select rls.set_password(@operator, @user_id, @password_hash);

-- name: FindUser :one
select u.id::uuid as user_id from rls.find_user(@email) as u (id) where u.id is not null;

-- name: FindOrg :one
select o.id::uuid as org_id from rls.find_org(@slug) as o (id) where o.id is not null;

-- name: CreateOrg :exec
select rls.create_org(@operator, @org_id, @slug, @name, sqlc.narg('namespace'), @owner, @per_org, @per_user);

-- name: AddMember :exec
select rls.add_member(@operator, @org_id, @user_id, @role);

-- name: EnrolAgent :exec
select rls.enrol_agent(@operator, @agent_id, @name, @secret_hash);

-- name: ServeOrg :exec
select rls.serve_org(@operator, @agent_id, @org_id);

-- name: AddTemplate :exec
select rls.add_template(@operator, @org_id, @template_id, @name, @title, @description, @spec);

-- name: PublishTemplate :exec
select rls.publish_template(@operator, @template_id, @name, @title, @description, @spec);

-- name: WithdrawTemplate :one
select rls.withdraw_template(@operator, @name)::boolean as withdrawn;

-- name: DisableUser :exec
select rls.disable_user(@operator, @user_id, @disable);

-- name: OrgsOfUser :many
select o.org::uuid as org_id from rls.orgs_of_user(@user_id, @after, @most) as o;

-- name: SignOutUser :exec
select rls.sign_out_user(@operator, @org_id, @user_id);

-- name: ListUsers :many
select u.id::uuid as id, u.email::text as email, u.name::text as name, u.disabled::boolean as disabled,
       u.created_at::timestamptz as created_at
  from rls.list_users(@after, @most) as u;

-- name: FindAgent :one
select a.id::uuid as agent_id from rls.find_agent(@name) as a (id) where a.id is not null;

-- name: RotateAgent :exec
select rls.rotate_agent(@operator, @agent_id, @secret_hash);

-- name: RevokeAgent :exec
select rls.revoke_agent(@operator, @agent_id);

-- name: ListAgents :many
select a.id::uuid as id, a.name::text as name, a.created_at::timestamptz as created_at,
       coalesce(a.seen_at, 'epoch')::timestamptz as seen_at, (a.revoked_at is not null)::boolean as revoked,
       a.unenforced_limits::text[] as unenforced_limits
  from rls.list_agents(@after, @most) as a;

-- name: ListOrgs :many
select o.id::uuid as id, o.slug::text as slug, o.name::text as name, o.namespace::text as namespace,
       o.suspended::boolean as suspended, o.created_at::timestamptz as created_at
  from rls.list_orgs(@after, @most) as o;

-- name: SetLimits :exec
select rls.set_limits(@operator, @org_id, @limits);

-- name: SuspendOrg :exec
select rls.suspend_org(@operator, @org_id, @suspend);

-- name: MakeOwner :exec
select rls.make_owner(@operator, @org_id, @user_id);

-- name: GrantAccess :exec
select rls.grant_access(@operator, @org_id, @user_id, @role, @reason, @ends_at);

-- name: EndAccess :exec
select rls.end_access(@operator, @org_id, @user_id);

-- name: NewSetupCode :exec
select rls.new_setup_code(@operator, @secret_hash, @ends_at);

-- name: OperatorLog :many
select l.seq::bigint as seq, l.at::timestamptz as at, l.operator::text as operator, l.action::text as action,
       l.subject::text as subject
  from rls.operator_log_after(@after, @most) as l;

-- name: PublicationRequests :many
select r.template::uuid as template_id, r.slug::text as slug, r.name::text as name, r.revision::int as revision, r.title::text as title,
       r.description::text as description, r.spec::jsonb as spec, r.requested_at::timestamptz as requested_at
  from rls.publication_requests(@after, @most) as r;

-- name: ApproveTemplate :exec
select rls.approve_template(@operator, @org_id, @template_id, @name, @revision);

-- name: VerifyOrgAudit :one
select v.checked::bigint as checked, v.checked_hash::bytea as checked_hash, v.more::boolean as more, v.broken::bigint as broken,
       v.reason::text as reason, v.head::bigint as head, v.head_hash::bytea as head_hash
  from rls.verify_org_audit(@org_id, @after, @page) as v;

-- name: RejectTemplate :exec
select rls.reject_template(@operator, @org_id, @name, @revision, @reason);

-- name: ListUnknownSessions :many
select u.session::uuid as session_id, u.agent::text as agent, u.namespace::text as namespace, u.slug::text as slug,
       u.started_at::timestamptz as started_at, u.seen_at::timestamptz as seen_at
  from rls.list_unknown_sessions(@after, @most) as u;

-- name: EndUnknownSessions :exec
select rls.end_unknown_sessions(@operator);
