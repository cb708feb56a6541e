-- name: SignIns :many
-- Names the user, because the policy shows an admin the sign-ins of others too. A key is no sign-in. See Sessions for the order.
select public_id, address, browser, created_at, ends_at, (id = rls.current_credential_id())::boolean as is_current
  from app.credentials
 where user_id = rls.current_user_id() and scopes is null and ends_at > now()
   and (created_at, public_id) < (@before::timestamptz, @before_id::uuid)
 order by created_at desc, public_id desc
 limit @most;

-- name: EndSignIn :one
-- Names the user, as SignIns does. Its tickets are deleted with it.
delete from app.credentials where public_id = @id and user_id = rls.current_user_id() and scopes is null
returning (id = rls.current_credential_id())::boolean as is_current;

-- name: SignInIsForeign :one
select rls.sign_in_is_foreign(@id)::boolean as is_foreign;

-- name: OwnOrgs :many
-- A function, because the policies hide other organisations. It takes the user from the scope.
select o.id::uuid as id, o.slug::text as slug, o.name::text as name, o.role::text as role
  from rls.own_orgs(@after, @most) as o
 limit @most;
