-- +goose Up
-- The limits of what people write: names, titles and templates. The API's description and the modules have the same ones. And what
-- admins do with the templates of their org.

create function rls.is_plain_text(value text) returns boolean
  language sql immutable parallel safe
  as $$ select value operator(pg_catalog.!~) '[\u0001-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]' $$;
comment on function rls.is_plain_text(text) is
  'Whether a text has no control characters and no bidirectional overrides. With these it can look like another text.';
-- A check is made with the rights of whoever writes the row, whichever column they change.
grant execute on function rls.is_plain_text(text) to streamspace_app, streamspace_agent, streamspace_system, streamspace_definer;

alter table app.organizations add constraint organizations_name_is_text check (rls.is_plain_text(name) and length(name) between 1 and 80);
alter table app.users add constraint users_name_is_text check (rls.is_plain_text(name) and length(name) between 1 and 80);
alter table app.agents add constraint agents_name_is_text check (rls.is_plain_text(name) and length(name) between 1 and 80);
alter table app.sessions add constraint sessions_name_is_text check (rls.is_plain_text(name));
-- The text of a spec is longer than its JSON on the wire, which has at most 16 KiB: it has a space behind each comma and colon.
alter table app.templates
  add constraint templates_title_is_text check (rls.is_plain_text(title) and length(title) between 1 and 80),
  add constraint templates_description_is_text check (rls.is_plain_text(description) and length(description) <= 1000),
  add constraint templates_spec_is_an_object check (jsonb_typeof(spec) = 'object' and octet_length(spec::text) <= 24576);
alter table app.public_templates
  add constraint public_templates_title_is_text check (rls.is_plain_text(title) and length(title) between 1 and 80),
  add constraint public_templates_description_is_text check (rls.is_plain_text(description) and length(description) <= 1000),
  add constraint public_templates_spec_is_an_object check (jsonb_typeof(spec) = 'object' and octet_length(spec::text) <= 24576);

-- Admins write the templates of their org: the policies of 00003 refuse everyone else. The name, by which sessions are started, stays.
grant insert (id, name, title, description, spec), update (title, description, spec), delete on app.templates to streamspace_app;

-- An admin asks for the publication of a template, and an operator approves the revision that was asked for.
alter table app.templates add column requested_at timestamptz, add column public_id uuid;
comment on column app.templates.requested_at is 'When an admin asked for the publication of this revision; null: no one has, or it was approved.';
comment on column app.templates.public_id is 'The public template that an operator has made of it; null: none. It may have been withdrawn since.';
create index templates_requested on app.templates (id) where requested_at is not null;
grant update (requested_at, public_id) on app.templates to streamspace_app, streamspace_definer;

-- Or the operator refuses it, with a reason for the admins.
alter table app.templates add column rejection text not null default '',
  add constraint templates_rejection_is_text check (rls.is_plain_text(rejection) and length(rejection) <= 500);
comment on column app.templates.rejection is 'Why an operator refused to publish this revision; empty: no one has, or it was requested again.';
grant update (rejection) on app.templates to streamspace_definer;

set local role streamspace_definer;
-- +goose StatementBegin
create function rls.revise_template() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  new.revision := old.revision;
  if (new.title, new.description, new.spec) is distinct from (old.title, old.description, old.spec) then
    new.revision := old.revision + 1;
    new.updated_at := now();
    new.requested_at := null;
    new.rejection := '';
  elsif new.requested_at is not null then
    new.rejection := '';
  end if;
  if new.public_id is distinct from old.public_id and new.public_id is not null and rls.current_user_id() is not null then
    raise exception 'only an operator publishes a template' using errcode = '42501';
  end if;
  return new;
end $$;
-- +goose StatementEnd
comment on function rls.revise_template() is
  'Gives a template the next revision when it changes, whoever changes it. What was asked to be published, or refused, is the revision '
  'before.';

-- +goose StatementBegin
create function rls.unpublish_template() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  delete from app.public_templates p where p.id = old.public_id;
  if found then
    perform rls.log_operator('organisation ' || old.org_id, 'template.withdraw', old.name);
  end if;
  return null;
end $$;
-- +goose StatementEnd
comment on function rls.unpublish_template() is
  'Removes the public template that was made of an org''s own, when the org withdraws or deletes that.';

-- +goose StatementBegin
create function rls.publication_requests(after uuid, page int)
  returns table (template uuid, slug text, name text, revision int, title text, description text, spec jsonb, requested_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select t.id, o.slug, t.name, t.revision, t.title, t.description, t.spec, t.requested_at
    from app.templates t join app.organizations o on o.id = t.org_id
   where t.requested_at is not null and t.id > after
   order by t.id
   limit least(page, 1000)
$$;
-- +goose StatementEnd
comment on function rls.publication_requests(uuid, int) is 'A page of the templates that orgs have asked to be published, after a given id.';

-- The operators' log comes before the org's: rls.unpublish_template locks them in this order.
-- +goose StatementBegin
create function rls.approve_template(operator text, org uuid, template uuid, name text, revision int) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  it app.templates;
begin
  perform rls.enter_operator(org, operator);
  select t.* into it from app.templates t where t.org_id = org and t.name = approve_template.name;
  if it.requested_at is null or it.revision <> approve_template.revision then
    raise exception 'no one asks for the publication of this revision' using errcode = 'SS040';
  elsif exists (select from app.public_templates p where p.name = it.name and p.id is distinct from it.public_id) then
    raise exception 'another public template has this name' using errcode = 'SS041';
  end if;
  insert into app.public_templates (id, revision, name, title, description, spec)
  select coalesce(it.public_id, template), coalesce(max(p.revision), 0) + 1, it.name, it.title, it.description, it.spec
    from app.public_templates p where p.id = it.public_id;
  update app.templates t set requested_at = null, public_id = coalesce(it.public_id, template) where t.id = it.id;
  perform rls.log_operator(operator, 'template.publish', it.name);
  insert into app.events (type, subject_id, subject_name, audience, data)
  values ('template.published', it.id, it.name, 'everyone', jsonb_build_object('revision', it.revision));
  insert into app.audit_log (action, subject) values ('template.approve', it.id::text);
end $$;
-- +goose StatementEnd
comment on function rls.approve_template(text, uuid, uuid, text, int) is
  'Publishes the revision of an org''s template that its admins asked to be published, as the next revision of its public template.';

-- +goose StatementBegin
create function rls.reject_template(operator text, org uuid, name text, revision int, reason text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  its_id uuid;
begin
  perform rls.enter_operator(org, operator);
  update app.templates t set requested_at = null, rejection = reason
   where t.org_id = org and t.name = reject_template.name and t.revision = reject_template.revision and t.requested_at is not null
  returning t.id into its_id;
  if its_id is null then
    raise exception 'no one asks for the publication of this revision' using errcode = 'SS040';
  end if;
  insert into app.events (type, subject_id, subject_name, audience, data)
  values ('template.publication_rejected', its_id, reject_template.name, 'admins',
    jsonb_build_object('revision', reject_template.revision, 'reason', reason));
  insert into app.audit_log (action, subject) values ('template.reject', its_id::text);
end $$;
-- +goose StatementEnd
comment on function rls.reject_template(text, uuid, text, int, text) is
  'Ends the request for the publication of a revision of an org''s template, with a reason that its admins see.';

-- After the insert: a name that another transaction is just giving up is waited for without the lock that this one takes.
-- +goose StatementBegin
create function rls.limit_templates() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform from app.org_heads for update; -- of this org, by the policy: two that would both be the last take turns
  if (select count(*) from app.templates t where t.org_id = new.org_id) > 1000 then
    raise exception 'an organisation has at most 1000 templates' using errcode = 'SS042';
  end if;
  return null;
end $$;
-- +goose StatementEnd
comment on function rls.limit_templates() is 'Refuses a template when the org has a thousand.';

grant execute on function rls.revise_template(), rls.unpublish_template(), rls.limit_templates() to streamspace_owner;
grant execute on function rls.publication_requests(uuid, int), rls.approve_template(text, uuid, uuid, text, int),
  rls.reject_template(text, uuid, text, int, text) to streamspace_operator;
reset role;
create trigger limit_templates after insert on app.templates for each row execute function rls.limit_templates();
create trigger revise_template before update on app.templates for each row execute function rls.revise_template();
create trigger unpublish_deleted after delete on app.templates
  for each row when (old.public_id is not null) execute function rls.unpublish_template();
create trigger unpublish_withdrawn after update of public_id on app.templates
  for each row when (old.public_id is not null and new.public_id is null) execute function rls.unpublish_template();

-- +goose Down
drop trigger limit_templates on app.templates;
drop trigger unpublish_withdrawn on app.templates;
drop trigger unpublish_deleted on app.templates;
drop trigger revise_template on app.templates;
set local role streamspace_definer;
drop function rls.limit_templates(), rls.reject_template(text, uuid, text, int, text),
  rls.approve_template(text, uuid, uuid, text, int), rls.publication_requests(uuid, int), rls.unpublish_template(),
  rls.revise_template();
reset role;
alter table app.templates drop column rejection, drop column requested_at, drop column public_id;
revoke insert (id, name, title, description, spec), update (title, description, spec), delete on app.templates from streamspace_app;
alter table app.public_templates drop constraint public_templates_title_is_text,
  drop constraint public_templates_description_is_text, drop constraint public_templates_spec_is_an_object;
alter table app.templates drop constraint templates_title_is_text, drop constraint templates_description_is_text,
  drop constraint templates_spec_is_an_object;
alter table app.sessions drop constraint sessions_name_is_text;
alter table app.agents drop constraint agents_name_is_text;
alter table app.users drop constraint users_name_is_text;
alter table app.organizations drop constraint organizations_name_is_text;
drop function rls.is_plain_text(text);
