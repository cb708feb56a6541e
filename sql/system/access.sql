-- name: SignOutOthers :exec
select rls.sign_out_others(@org_id, @user_id, @role, @credential_id);
