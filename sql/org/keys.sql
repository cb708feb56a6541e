-- name: Keys :many
-- The policy shows an admin the keys of others too. See Sessions for the order.
select k.public_id, k.user_id, u.name as owner_name, k.name::text as name, k.scopes::text[] as scopes, k.created_at, k.ends_at, k.used_at
  from app.credentials k join app.users u on u.id = k.user_id
 where k.scopes is not null and k.ends_at > now() and (@everyones::boolean or k.user_id = rls.current_user_id())
   and (k.created_at, k.public_id) < (@before::timestamptz, @before_id::uuid)
 order by k.created_at desc, k.public_id desc
 limit @most;

-- name: OwnKey :one
select public_id, user_id, name::text as name, scopes::text[] as scopes, created_at, ends_at
  from app.credentials
 where public_id = @id and user_id = rls.current_user_id() and scopes is not null and ends_at > now();

-- name: CreateKey :one
select coalesce(k.its_end, now())::timestamptz as ends_at, (k.its_end is not null)::boolean as created, k.longest::int as longest
  from rls.create_key(@credential_id, @id, @name, @scopes::text[], @secret_hash, nullif(@days::int, 0)) as k;

-- name: RotateKey :one
select k.name::text as name, k.scopes::text[] as scopes, k.its_end::timestamptz as ends_at
  from rls.rotate_key(@replaced, @credential_id, @id, @secret_hash, @overlap_hours) as k;

-- name: RevokeKey :one
-- The policy lets an admin revoke those of others, except owners'.
delete from app.credentials where public_id = @id and scopes is not null returning public_id;
