-- +goose Up
-- What a session's owner and admins are told of it: the last output of a program that did not start, and the session's history.

alter table app.sessions
  add detail text not null default '',
  add tags text[] not null default '{}',
  add constraint sessions_tags_are_texts check (
    cardinality(tags) <= 10 and array_position(tags, null) is null and array_position(tags, '') is null
    and rls.is_plain_text(array_to_string(tags, ','))
    and array_to_string(tags, ',') ~ '^([^,]{1,40}(,[^,]{1,40})*)?$'),
  add constraint sessions_detail_size check (octet_length(detail) <= 2048);
comment on column app.sessions.detail is
  'The last lines that the desktop''s programs wrote when it did not start. Text of a program, to be shown as it is and never as markup.';
comment on column app.sessions.tags is 'Up to ten texts without commas, by which users find their sessions.';
grant update (detail) on app.sessions to streamspace_agent;
grant update (tags) on app.sessions to streamspace_app;

create index events_of_subject on app.events (org_id, subject_id, seq);

-- +goose Down
drop index app.events_of_subject;
revoke update (detail) on app.sessions from streamspace_agent;
revoke update (tags) on app.sessions from streamspace_app;
alter table app.sessions drop detail, drop tags;
