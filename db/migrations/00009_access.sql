-- +goose Up
-- One's own access. The app role asks inside an organisation. What concerns all organisations of a user at once is done by functions of
-- the login role, outside of any. They name the sign-in that asks, and the caller's arguments are claims, as those of rls.enter are.
set local role streamspace_definer;

create function rls.sign_in_is_foreign(sign_in uuid) returns boolean
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select exists (select from app.credentials k where k.public_id = sign_in and k.org_id <> rls.current_org_id()) $$;
comment on function rls.sign_in_is_foreign(uuid) is 'Whether a sign-in or an API key, by its public id, is to another org than the one that was entered.';

-- +goose StatementBegin
create function rls.require_credential(org uuid, usr uuid, claimed text, credential uuid) returns timestamptz
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  its_end timestamptz;
begin
  select k.ends_at into its_end
    from app.credentials k
   where k.org_id = org and k.id = credential and k.user_id = usr and k.role = claimed and k.scopes is null and k.ends_at > now()
     and not k.suspended and not k.disabled;
  if not found then
    perform rls.refuse_entry(org, usr, credential);
  end if;
  return its_end;
end $$;
-- +goose StatementEnd
comment on function rls.require_credential(uuid, uuid, text, uuid) is
  'The end of a sign-in by which its holder may enter. For an API key and otherwise SS001 or SS002. Only the definer''s functions may execute it.';

-- Whoever calls it has locked the user's row FOR UPDATE. A new sign-in of the user locks it FOR SHARE, so that it was either
-- committed before, and is found here, or waits and then finds what has changed.
-- +goose StatementBegin
create function rls.end_other_sign_ins(org uuid, usr uuid, credential uuid, action text, always boolean) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  its_org uuid;
begin
  perform rls.scope(org), set_config('app.user_id', usr::text, true);
  for its_org in select m.org_id from app.memberships m where m.user_id = usr order by m.org_id loop -- one order, or two would deadlock
    -- One organisation after the other in one transaction: all of a user's sign-ins end, or none.
    perform set_config('app.org_id', its_org::text, true);
    delete from app.credentials k
     where k.org_id = its_org and k.user_id = usr and k.scopes is null and (k.org_id <> org or k.id <> credential);
    if found or always then
      insert into app.audit_log (action, subject) values (end_other_sign_ins.action, usr::text);
    end if;
  end loop;
end $$;
-- +goose StatementEnd
comment on function rls.end_other_sign_ins(uuid, uuid, uuid, text, boolean) is
  'Ends all sign-ins of a user but one, in every org, with an audit entry in each. API keys stay. Only the definer''s functions may execute it.';

-- +goose StatementBegin
create function rls.sign_out_others(org uuid, usr uuid, claimed text, credential uuid) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform from app.users u where u.id = usr for update;
  perform rls.require_credential(org, usr, claimed, credential);
  perform rls.end_other_sign_ins(org, usr, credential, 'credential.sign_out_others', false);
end $$;
-- +goose StatementEnd
comment on function rls.sign_out_others(uuid, uuid, text, uuid) is
  'Ends all sign-ins of a user in every org, but the one that asks.';

-- +goose StatementBegin
create function rls.password_of(org uuid, usr uuid, claimed text, credential uuid) returns text
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.require_credential(org, usr, claimed, credential);
  return (select u.password_hash from app.users u where u.id = usr);
end $$;
-- +goose StatementEnd
comment on function rls.password_of(uuid, uuid, text, uuid) is 'The hash of the password of who has signed in. Null: they have none.';

-- +goose StatementBegin
create function rls.change_password(org uuid, usr uuid, claimed text, credential uuid, verified text, password_hash text) returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform from app.users u where u.id = usr for update;
  perform rls.require_credential(org, usr, claimed, credential);
  update app.users u set password_hash = change_password.password_hash where u.id = usr and u.password_hash = verified;
  if not found then
    return false; -- another change was faster
  end if;
  delete from app.password_resets r where r.user_id = usr; -- a link that was asked for before
  perform rls.end_other_sign_ins(org, usr, credential, 'password.change', true);
  return true;
end $$;
-- +goose StatementEnd
comment on function rls.change_password(uuid, uuid, text, uuid, text, text) is
  'Changes the password of who has signed in, if it still has the hash that it was compared with. All their other sign-ins end.';

-- +goose StatementBegin
create function rls.rehash_password(usr uuid, verified text, password_hash text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update app.users u set password_hash = rehash_password.password_hash where u.id = usr and u.password_hash = verified;
end $$;
-- +goose StatementEnd
comment on function rls.rehash_password(uuid, text, text) is
  'Replaces the hash of a password by a stronger one of the same password, if the password has not changed.';

-- +goose StatementBegin
create function rls.note_refused_sign_ins(usr uuid, network text, times int) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  its_org uuid;
begin
  for its_org in select m.org_id from app.memberships m where m.user_id = usr order by m.org_id loop -- one order, or two would deadlock
    perform set_config('app.org_id', '', true); -- leave the org before
    perform rls.scope(its_org), set_config('app.service', 'sign-in', true);
    insert into app.audit_log (action, subject) values ('credential.refused', usr || ', ' || times || ' from ' || network);
  end loop;
end $$;
-- +goose StatementEnd
comment on function rls.note_refused_sign_ins(uuid, text, int) is
  'Writes to the audit log of each org of a user how often a sign-in of theirs was refused, and from which network.';

-- Organisations.
create function rls.own_orgs(after text, page int) returns table (id uuid, slug text, name text, role text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select o.id, o.slug, o.name, m.role
          from app.memberships m join app.organizations o on o.id = m.org_id
         where m.user_id = rls.current_user_id() and not o.suspended and (m.ends_at is null or m.ends_at > now()) and o.slug > after
         order by o.slug limit least(page, 1000) $$;
comment on function rls.own_orgs(text, int) is 'A page of the orgs that the member who acts may enter, by slug, after a given slug.';

-- +goose StatementBegin
create function rls.switch_org(org uuid, usr uuid, claimed text, credential uuid, slug text, new_credential uuid, hash bytea, address text,
  browser text) returns table (its_org uuid, its_name text, its_role text, its_end timestamptz)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  present_end timestamptz;
begin
  perform from app.users u where u.id = usr for share; -- as in rls.sign_in, but before the sign-in that asks is looked at
  present_end := rls.require_credential(org, usr, claimed, credential);
  select o.id, o.name into its_org, its_name
    from app.memberships m join app.organizations o on o.id = m.org_id
   where m.user_id = usr and o.slug = switch_org.slug and not o.suspended and (m.ends_at is null or m.ends_at > now());
  if not found then
    return;
  end if;
  its_role := rls.sign_in(usr, its_org, new_credential, hash, present_end, address, browser);
  its_end := (select k.ends_at from app.credentials k where k.org_id = its_org and k.id = new_credential);
  return next;
end $$;
-- +goose StatementEnd
comment on function rls.switch_org(uuid, uuid, text, uuid, text, uuid, bytea, text, text) is
  'Creates a credential in another org of who has signed in, without a password. It ends no later than theirs. No row: they may not enter.';

grant execute on function rls.sign_in_is_foreign(uuid), rls.own_orgs(text, int) to streamspace_app;
grant execute on function rls.switch_org(uuid, uuid, text, uuid, text, uuid, bytea, text, text) to streamspace_login;
grant execute on function rls.sign_out_others(uuid, uuid, text, uuid), rls.password_of(uuid, uuid, text, uuid),
  rls.change_password(uuid, uuid, text, uuid, text, text), rls.rehash_password(uuid, text, text),
  rls.note_refused_sign_ins(uuid, text, int) to streamspace_login;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.switch_org(uuid, uuid, text, uuid, text, uuid, bytea, text, text), rls.own_orgs(text, int),
  rls.note_refused_sign_ins(uuid, text, int), rls.rehash_password(uuid, text, text), rls.change_password(uuid, uuid, text, uuid, text, text),
  rls.password_of(uuid, uuid, text, uuid), rls.sign_out_others(uuid, uuid, text, uuid), rls.end_other_sign_ins(uuid, uuid, uuid, text, boolean),
  rls.require_credential(uuid, uuid, text, uuid), rls.sign_in_is_foreign(uuid);
reset role;
