-- name: UserByEmail :one
select u.id::uuid as id, coalesce(u.password_hash, '')::text as password_hash from rls.user_by_email(@email) as u;

-- name: MembershipsOf :many
select m.org::uuid as org_id, m.slug::text as slug, m.name::text as name, m.role::text as role
  from rls.memberships_of(@user_id) as m;

-- name: SignIn :one
select rls.sign_in(@user_id, @org_id, @credential_id, @secret_hash, @ends_at, @address, @browser,
  sqlc.narg('verified'))::text as role;

-- name: NoteRefusedSignIns :exec
select rls.note_refused_sign_ins(@user_id, @network, @times);

-- name: CredentialOf :one
select c.org::uuid as org_id, c.slug::text as slug, c.name::text as name, c.usr::uuid as user_id, c.role::text as role,
       c.id::uuid as id, c.ends_at::timestamptz as ends_at
  from rls.credential_of(@secret_hash) as c;

-- name: ConsumeTicket :one
select t.org::uuid as org_id, t.usr::uuid as user_id, t.role::text as role, t.credential::uuid as credential_id,
       t.session::uuid as session_id
  from rls.consume_ticket(@secret_hash) as t;

-- name: SetUp :exec
select rls.set_up(@secret_hash, @user_id, @email, @name, @password_hash, @org_id, @slug, @org_name, sqlc.narg('namespace'),
  @per_org, @per_user);

-- name: KeyOf :one
select k.org::uuid as org_id, k.slug::text as slug, k.name::text as name, k.usr::uuid as user_id, k.role::text as role,
       k.id::uuid as id, k.ends_at::timestamptz as ends_at, k.scopes::text[] as scopes
  from rls.key_of(@secret_hash) as k;
