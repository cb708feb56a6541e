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
  end if;
  return new;
end $$;
-- +goose StatementEnd
comment on function rls.revise_template() is 'Gives a template the next revision when it changes, whoever changes it.';
grant execute on function rls.revise_template() to streamspace_owner;
reset role;
create trigger revise_template before update on app.templates for each row execute function rls.revise_template();

-- +goose Down
drop trigger revise_template on app.templates;
set local role streamspace_definer;
drop function rls.revise_template();
reset role;
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
