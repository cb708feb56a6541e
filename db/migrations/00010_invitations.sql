-- +goose Up
-- Invitations to an org, and links to the mailbox of a user who has forgotten their password. Both are secrets that are used once.

select rls.create_org_table_v1('invitations', $$
  id uuid not null,
  email text not null,
  role text not null,
  secret_hash bytea not null,
  by_mail boolean not null,
  invited_by uuid not null default rls.current_user_id(),
  created_at timestamptz not null default now(),
  ends_at timestamptz not null default now() + interval '7 d',
  constraint invitations_pkey primary key (org_id, id),
  constraint invitations_one_for_an_address unique (org_id, email),
  constraint invitations_of_inviter foreign key (org_id, invited_by) references app.memberships (org_id, user_id) on delete cascade,
  constraint invitations_email_is_normal check (email = lower(email) and length(email) between 3 and 254),
  constraint invitations_role check (role in ('owner', 'admin', 'member', 'viewer'))
$$, 'Invitations that are not used yet. They are deleted when they are used, and with the membership of whoever made them.',
  of_org => false);
comment on column app.invitations.by_mail is 'Only the mailbox of the address got the link, so that using it proves the address.';
create unique index invitations_id on app.invitations (id); -- for rls.invitation_is_foreign
create unique index invitations_secret on app.invitations (secret_hash); -- looked up before an org is known
create index invitations_newest on app.invitations (org_id, created_at desc, id desc);
create index invitations_inviter on app.invitations (org_id, invited_by);
create index invitations_expired on app.invitations (ends_at);

create policy admins_only on app.invitations as restrictive for all to streamspace_app using ((select rls.is_admin()));
create policy owners_invite_owners on app.invitations as restrictive for insert to streamspace_app
  with check (role <> 'owner' or (select rls.is_owner()));
create policy owners_revoke_owners on app.invitations as restrictive for delete to streamspace_app
  using (role <> 'owner' or (select rls.is_owner()));
create policy ended_delete on app.invitations as restrictive for delete to streamspace_system using (ends_at < now());
create policy definer_delete on app.invitations for delete to streamspace_definer using (org_id = (select rls.current_org_id()));
comment on policy admins_only on app.invitations is 'Owners and admins see who is invited. No one else does.';
comment on policy owners_invite_owners on app.invitations is 'Only an owner invites an owner.';
comment on policy owners_revoke_owners on app.invitations is 'Only an owner revokes or replaces the invitation of an owner.';
comment on policy ended_delete on app.invitations is 'Background work removes only invitations that have ended.';
grant select (org_id, id, email, role, by_mail, invited_by, created_at, ends_at), insert (id, email, role, secret_hash, by_mail), delete
  on app.invitations to streamspace_app;
grant select (org_id, id, ends_at), delete on app.invitations to streamspace_system;
grant select, delete on app.invitations to streamspace_definer;

alter table app.users add column verified_at timestamptz;
comment on column app.users.verified_at is 'When a link that only the mailbox got was used; null: never.';
grant update (verified_at) on app.users to streamspace_definer;

create table app.password_resets (
  user_id uuid not null,
  secret_hash bytea not null,
  ends_at timestamptz not null,
  constraint password_resets_pkey primary key (user_id),
  constraint password_resets_secret unique (secret_hash),
  constraint password_resets_of_user foreign key (user_id) references app.users (id)
);
comment on table app.password_resets is 'The last link to a new password of each user who asked for one. It is deleted when it is used.';
alter table app.password_resets enable row level security;
alter table app.password_resets force row level security;
create policy backup_select on app.password_resets for select to streamspace_backup using (true);
create policy definer_select on app.password_resets for select to streamspace_definer using (true);
create policy definer_insert on app.password_resets for insert to streamspace_definer with check (true);
create policy definer_update on app.password_resets for update to streamspace_definer using (true);
create policy definer_delete on app.password_resets for delete to streamspace_definer using (true);
grant select, insert, update (secret_hash, ends_at), delete on app.password_resets to streamspace_definer;

set local role streamspace_definer;

-- +goose StatementBegin
create function rls.limit_invitations() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform from app.org_heads for update; -- of this org, by the policy: two that would both be the last take turns
  if (select count(*) from app.invitations i where i.org_id = new.org_id and i.ends_at > now()) >= 1000 then
    raise exception 'an organisation has at most 1000 open invitations' using errcode = 'SS020';
  end if;
  return new;
end $$;
-- +goose StatementEnd
comment on function rls.limit_invitations() is 'Refuses an invitation when the org has a thousand that are open.';
grant execute on function rls.limit_invitations() to streamspace_owner;

create function rls.invitation_is_foreign(invitation uuid) returns boolean
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select exists (select from app.invitations i where i.id = invitation and i.org_id <> rls.current_org_id()) $$;
comment on function rls.invitation_is_foreign(uuid) is 'Whether an invitation belongs to another org than the one that was entered.';
grant execute on function rls.invitation_is_foreign(uuid) to streamspace_app;

-- An inviter who may no longer invite would otherwise go on making members.
-- +goose StatementBegin
create function rls.open_invitation(hash bytea) returns table (org uuid, slug text, name text, email text, role text)
  language sql stable set search_path = pg_catalog, pg_temp
as $$
  select o.id, o.slug, o.name, i.email, i.role
    from app.invitations i
    join app.organizations o on o.id = i.org_id
    join app.memberships m on m.org_id = i.org_id and m.user_id = i.invited_by
   where i.secret_hash = hash and i.ends_at > now() and not o.suspended
     and (m.role = 'owner' or m.role = 'admin' and i.role <> 'owner')
     and (m.ends_at is null or m.ends_at > now())
$$;
-- +goose StatementEnd
comment on function rls.open_invitation(bytea) is
  'The invitation with this secret, if it can be accepted. Only the definer''s functions may execute it.';

-- +goose StatementBegin
create function rls.invitation_of(hash bytea) returns table (slug text, name text, email text, role text, account boolean)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select f.slug, f.name, f.email, f.role, exists (select from app.users u where u.email = f.email) from rls.open_invitation(hash) f
$$;
-- +goose StatementEnd
comment on function rls.invitation_of(bytea) is 'What an invitation is to, for whom, and whether there is an account with its address.';

-- +goose StatementBegin
create function rls.accept_invitation(hash bytea, usr uuid, name text, password_hash text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  it app.invitations;
begin
  perform rls.scope(f.org), set_config('app.user_id', usr::text, true) from rls.open_invitation(hash) f;
  if found then
    delete from app.invitations i where i.secret_hash = hash returning i.* into it; -- of two at once, one deletes it
  end if;
  if it.id is null then
    raise exception 'unknown, used or expired invitation' using errcode = 'SS021';
  end if;
  if accept_invitation.password_hash is not null then
    insert into app.users (id, email, name, password_hash)
    values (usr, it.email, accept_invitation.name, accept_invitation.password_hash);
  elsif not exists (select from app.users u where u.id = usr and u.email = it.email and not u.disabled) then
    raise exception 'an invitation for another address' using errcode = 'SS022';
  end if;
  update app.users u set verified_at = now() where u.id = usr and u.verified_at is null and it.by_mail;
  insert into app.memberships (user_id, role) values (usr, it.role);
  insert into app.quota_usage (holder_id, kind) values (usr, 'sessions')
    on conflict (org_id, holder_id, kind) do update set own_limit = null;
  insert into app.events (type, subject_id, subject_name, audience, data)
  values ('invitation.accepted', it.id, it.email, 'admins', jsonb_build_object('user_id', usr));
  insert into app.audit_log (action, subject) values ('member.join', usr::text);
end $$;
-- +goose StatementEnd
comment on function rls.accept_invitation(bytea, uuid, text, text) is
  'Consumes an invitation and makes its user a member: a present one, or with a password''s hash a new one.';

-- +goose StatementBegin
create function rls.forget_password(address text, hash bytea, ends timestamptz) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.password_resets as r (user_id, secret_hash, ends_at)
  select u.id, hash, ends from app.users u where u.email = address and u.verified_at is not null and not u.disabled
  on conflict (user_id) do update set secret_hash = excluded.secret_hash, ends_at = excluded.ends_at;
  return found;
end $$;
-- +goose StatementEnd
comment on function rls.forget_password(text, bytea, timestamptz) is
  'Makes a link to a new password, which replaces the one before, if the address is the verified one of a user.';

-- +goose StatementBegin
create function rls.reset_password(hash bytea, password_hash text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  usr uuid;
  its record;
begin
  delete from app.password_resets r where r.secret_hash = hash and r.ends_at > now() returning r.user_id into usr;
  update app.users u set password_hash = reset_password.password_hash where u.id = usr and not u.disabled;
  if not found then
    raise exception 'unknown, used or expired link' using errcode = 'SS023';
  end if;
  perform set_config('app.user_id', usr::text, true);
  -- In one transaction: a sign-in that stayed, because the work ended in between, could be an attacker's.
  for its in select m.org_id from app.memberships m where m.user_id = usr order by m.org_id loop
    perform set_config('app.org_id', '', true); -- leave the org before
    perform rls.scope(its.org_id);
    delete from app.credentials k where k.user_id = usr; -- of this org, by the policy
    insert into app.audit_log (action, subject) values ('password.reset', usr::text);
  end loop;
end $$;
-- +goose StatementEnd
comment on function rls.reset_password(bytea, text) is
  'Consumes a link, sets its user''s password and ends their sign-ins and API keys in every org, where that is audited.';

grant execute on function rls.invitation_of(bytea), rls.accept_invitation(bytea, uuid, text, text),
  rls.forget_password(text, bytea, timestamptz), rls.reset_password(bytea, text) to streamspace_login;

create function rls.orgs_with_expired_invitations(page int) returns table (org uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select distinct i.org_id from app.invitations i where i.ends_at < now() limit least(page, 1000) $$;
comment on function rls.orgs_with_expired_invitations(int) is 'Orgs with expired invitations, which can be deleted.';
grant execute on function rls.orgs_with_expired_invitations(int) to streamspace_system;
reset role;

create trigger limit_invitations before insert on app.invitations for each row execute function rls.limit_invitations();

-- +goose Down
drop trigger limit_invitations on app.invitations;
set local role streamspace_definer;
drop function rls.orgs_with_expired_invitations(int), rls.reset_password(bytea, text),
  rls.forget_password(text, bytea, timestamptz), rls.accept_invitation(bytea, uuid, text, text), rls.invitation_of(bytea),
  rls.open_invitation(bytea), rls.invitation_is_foreign(uuid), rls.limit_invitations();
reset role;
drop table app.password_resets;
revoke update (verified_at) on app.users from streamspace_definer;
alter table app.users drop column verified_at;
drop table app.invitations;
