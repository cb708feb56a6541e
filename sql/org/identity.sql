-- name: Me :one
select u.id, u.email, u.name, o.id as org_id, o.slug as org_slug, o.name as org_name
  from app.users u cross join app.organizations o
 where u.id = rls.current_user_id();

-- name: DeleteCredential :exec
delete from app.credentials where id = rls.current_credential_id();

-- name: DeleteExpiredCredentials :exec
delete from app.credentials where ends_at < now();

-- name: DeleteExpiredTickets :exec
delete from app.tickets where ends_at < now();
