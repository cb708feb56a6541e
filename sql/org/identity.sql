-- name: Me :one
-- The policies show one organisation, so that the cross join has one row.
select u.id, u.email, u.name, o.id as org_id, o.slug as org_slug, o.name as org_name
  from app.users u cross join app.organizations o
 where u.id = rls.current_user_id();

-- name: DeleteCredential :one
-- The caller's own credential, from the scope: a client cannot name another one. Its tickets are deleted with it.
delete from app.credentials where id = rls.current_credential_id() returning public_id;

-- name: DeleteExpiredCredentials :exec
delete from app.credentials where ends_at < now();

-- name: DeleteEndedGrants :exec
-- An operator's grant is a membership with an end. Its sign-ins are deleted with it.
delete from app.memberships where ends_at < now();

-- name: DeleteExpiredTickets :exec
delete from app.tickets where ends_at < now();
