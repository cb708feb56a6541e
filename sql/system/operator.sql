-- name: CreateUser :exec
select rls.create_user(@user_id, @email, @name, @password_hash);

-- name: SetPassword :exec
select rls.set_password(@user_id, @password_hash);

-- name: FindUser :one
select u.id::uuid as user_id from rls.find_user(@email) as u (id) where u.id is not null;

-- name: FindOrg :one
select o.id::uuid as org_id from rls.find_org(@slug) as o (id) where o.id is not null;

-- name: CreateOrg :exec
select rls.create_org(@operator, @org_id, @slug, @name, sqlc.narg('namespace'), @owner, @per_org, @per_user);

-- name: AddMember :exec
select rls.add_member(@operator, @org_id, @user_id, @role);

-- name: EnrolAgent :exec
select rls.enrol_agent(@agent_id, @name, @secret_hash);

-- name: ServeOrg :exec
select rls.serve_org(@operator, @agent_id, @org_id);

-- name: AddTemplate :exec
select rls.add_template(@operator, @org_id, @template_id, @name, @title, @description, @spec);

-- name: PublishTemplate :exec
select rls.publish_template(@template_id, @name, @title, @description, @spec);
