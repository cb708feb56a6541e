-- name: SignOutOthers :exec
select rls.sign_out_others(@org_id, @user_id, @role, @credential_id);

-- name: PasswordOf :one
select coalesce(rls.password_of(@org_id, @user_id, @role, @credential_id), '')::text as password_hash;

-- name: ChangePassword :one
select rls.change_password(@org_id, @user_id, @role, @credential_id, @verified, @password_hash)::boolean as changed;

-- name: RehashPassword :exec
select rls.rehash_password(@user_id, @verified, @password_hash);
