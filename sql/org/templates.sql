-- name: TemplateByRef :one
-- The organisation's own templates come before public ones. The newest revision counts.
select t.id, t.name, t.title, t.description, false as is_public, t.revision, t.spec,
       case when t.requested_at is not null then 'requested'
            when exists (select from app.public_templates made where made.id = t.public_id) then 'published'
            else 'none' end as publication, t.rejection
  from app.templates t
 where t.id = sqlc.narg('id') or t.name = sqlc.narg('name')
union all
select p.id, p.name, p.title, p.description, true, p.revision, p.spec, '', ''
  from app.public_templates p
 where p.id = sqlc.narg('id') or p.name = sqlc.narg('name')
 order by is_public, revision desc
 limit 1;

-- name: Templates :many
select id, name, title, description, is_public, revision, spec, publication, rejection
  from (
    select t.id, t.name, t.title, t.description, false as is_public, t.revision, t.spec,
           case when t.requested_at is not null then 'requested'
                when exists (select from app.public_templates made where made.id = t.public_id) then 'published'
                else 'none' end as publication, t.rejection
      from app.templates t
    union all
    select p.id, p.name, p.title, p.description, true, p.revision, p.spec, '', ''
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
select t.id, t.name, t.title, t.description, false as is_public, t.revision, t.spec,
       case when t.requested_at is not null then 'requested'
            when exists (select from app.public_templates made where made.id = t.public_id) then 'published'
            else 'none' end as publication, t.rejection
  from app.templates t where t.id = @id for update of t;

-- name: UpdateTemplate :one
-- What is null stays. A trigger counts the revisions, and ends a request for the publication of the one before.
update app.templates t set title = coalesce(sqlc.narg('title'), title), description = coalesce(sqlc.narg('description'), description),
       spec = coalesce(sqlc.narg('spec'), spec)
 where t.id = @id
returning t.id, t.name, t.title, t.description, false as is_public, t.revision, t.spec,
       case when t.requested_at is not null then 'requested'
            when exists (select from app.public_templates made where made.id = t.public_id) then 'published'
            else 'none' end as publication, t.rejection;

-- name: DeleteTemplate :exec
-- A trigger removes what was published of it.
delete from app.templates where id = @id;

-- name: RequestPublication :exec
update app.templates set requested_at = now() where id = @id and requested_at is null;

-- name: WithdrawPublication :exec
-- A trigger removes the public template.
update app.templates set requested_at = null, public_id = null where id = @id;
