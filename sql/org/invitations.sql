-- name: IsMemberAddress :one
select exists (select from app.memberships m join app.users u on u.id = m.user_id where u.email = @email)::boolean as is_member;

-- name: InvitationOfAddress :one
select id, role from app.invitations where email = @email;

-- name: InvitationByID :one
select id, email, role, by_mail, invited_by, created_at, ends_at from app.invitations where id = @id and ends_at > now();

-- name: RevokeInvitation :exec
delete from app.invitations where id = @id;

-- name: InsertInvitation :one
-- The database fills in the inviter and the times. A trigger counts the open ones.
insert into app.invitations (id, email, role, secret_hash, by_mail) values (@id, @email, @role, @secret_hash, @by_mail)
returning invited_by, created_at, ends_at;

-- name: Invitations :many
select id, email, role, by_mail, invited_by, created_at, ends_at from app.invitations
 where ends_at > now() and (created_at, id) < (@before::timestamptz, @before_id::uuid)
 order by created_at desc, id desc
 limit @most;

-- name: InvitationIsForeign :one
select rls.invitation_is_foreign(@id)::boolean as is_foreign;

-- name: DeleteExpiredInvitations :exec
delete from app.invitations where ends_at < now();
