-- name: InvitationOf :one
select i.slug::text as slug, i.name::text as name, i.email::text as email, i.role::text as role, i.account::boolean as account
  from rls.invitation_of(@secret_hash) as i;

-- name: AcceptInvitation :exec
select rls.accept_invitation(@secret_hash, @user_id, @name, sqlc.narg('password_hash'));

-- name: OrgsWithExpiredInvitations :many
select o.org::uuid as org_id from rls.orgs_with_expired_invitations(@most) as o;

-- name: ForgetPassword :one
select rls.forget_password(@email, @secret_hash, @ends_at)::boolean as made;

-- name: ResetPassword :exec
select rls.reset_password(@secret_hash, @password_hash);
