-- name: SignOutOthers :exec
select rls.sign_out_others(@org_id, @user_id, @role, @credential_id);

-- name: PasswordOf :one
select coalesce(rls.password_of(@org_id, @user_id, @role, @credential_id), '')::text as password_hash;

-- name: ChangePassword :one
select rls.change_password(@org_id, @user_id, @role, @credential_id, @verified, @password_hash)::boolean as changed;

-- name: RehashPassword :exec
select rls.rehash_password(@user_id, @verified, @password_hash);

-- name: SwitchOrg :one
select s.its_org::uuid as org_id, s.its_name::text as name, s.its_role::text as role, s.its_end::timestamptz as ends_at
  from rls.switch_org(@org_id, @user_id, @role, @credential_id, @slug, @new_credential_id, @secret_hash, @address, @browser) as s;
