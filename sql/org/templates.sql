-- name: TemplateByRef :one
-- The organisation's own templates come before public ones. The newest revision counts.
select t.id, t.name, t.title, t.description, false as is_public, t.revision, t.spec
  from app.templates t
 where t.id = sqlc.narg('id') or t.name = sqlc.narg('name')
union all
select p.id, p.name, p.title, p.description, true, p.revision, p.spec
  from app.public_templates p
 where p.id = sqlc.narg('id') or p.name = sqlc.narg('name')
 order by is_public, revision desc
 limit 1;

-- name: Templates :many
select id, name, title, description, is_public, revision, spec
  from (
    select t.id, t.name, t.title, t.description, false as is_public, t.revision, t.spec
      from app.templates t
    union all
    select p.id, p.name, p.title, p.description, true, p.revision, p.spec
      from app.public_templates p
     where not exists (select from app.public_templates later where later.id = p.id and later.revision > p.revision)
  ) as visible
 where (name, id) > (@after::text, @after_id::uuid)
 order by name, id
 limit @most;

-- name: TemplateIsForeign :one
-- A function, because the policies hide the rows of other organisations. It returns one bit.
select rls.template_is_foreign(@id)::boolean as is_foreign;

-- name: InsertTemplate :one
insert into app.templates (id, name, title, description, spec) values (@id, @name, @title, @description, @spec)
returning revision;

-- name: LockTemplate :one
-- Only the organisation's own: no member writes a public one.
select id, name, title, description, false as is_public, revision, spec from app.templates where id = @id for update;

-- name: UpdateTemplate :one
-- What is null stays. A trigger counts the revisions.
update app.templates set title = coalesce(sqlc.narg('title'), title), description = coalesce(sqlc.narg('description'), description),
       spec = coalesce(sqlc.narg('spec'), spec)
 where id = @id
returning id, name, title, description, false as is_public, revision, spec;

-- name: DeleteTemplate :exec
delete from app.templates where id = @id;
