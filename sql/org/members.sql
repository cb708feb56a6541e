-- name: Members :many
-- In the order of ids, that of the primary key. A grant that has ended is no membership, although its row may still be there.
select u.id, u.email, u.name, m.role, m.created_at, m.ends_at, m.reason
  from app.memberships m join app.users u on u.id = m.user_id
 where m.user_id > @after_id::uuid and (m.ends_at is null or m.ends_at > now())
 order by m.user_id
 limit @most;

-- name: FormerMembers :many
-- A user who has come back is a member again, and not listed here.
select u.id, u.email, u.name, d.left_at
  from app.departures d join app.users u on u.id = d.user_id
 where d.user_id > @after_id::uuid
   and not exists (select from app.memberships m where m.user_id = d.user_id and (m.ends_at is null or m.ends_at > now()))
 order by d.user_id
 limit @most;

-- name: MemberByID :one
select u.id, u.email, u.name, m.role, m.created_at, m.ends_at, m.reason
  from app.memberships m join app.users u on u.id = m.user_id
 where m.user_id = @id and (m.ends_at is null or m.ends_at > now());

-- name: LockMember :one
-- The role decides who may change it, so that it must not change in the meantime.
select u.id, u.email, u.name, m.role, m.created_at, m.ends_at, m.reason
  from app.memberships m join app.users u on u.id = m.user_id
 where m.user_id = @id and (m.ends_at is null or m.ends_at > now())
   for update of m;

-- name: SetRole :exec
update app.memberships set role = @role where user_id = @id;

-- name: RemoveMember :exec
-- Foreign keys delete the sign-ins and their tickets with the membership. A trigger notes when the user left.
delete from app.memberships where user_id = @id;
