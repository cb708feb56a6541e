-- +goose Up
-- Operators change the limits of an org.
grant update (per_org, per_user) on app.quota_limits to streamspace_definer;

set local role streamspace_definer;

-- +goose StatementBegin
create function rls.set_limits(operator text, org uuid, per_org bigint, per_user bigint) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.enter_operator(org, operator);
  update app.quota_limits l set per_org = coalesce(set_limits.per_org, l.per_org), per_user = coalesce(set_limits.per_user, l.per_user)
   where l.kind = 'sessions'; -- the policy allows only this org's
  insert into app.audit_log (action, subject) values ('org.limits', org::text);
end $$;
-- +goose StatementEnd
comment on function rls.set_limits(text, uuid, bigint, bigint) is
  'Changes how many sessions an org and each of its members may have. Null: it stays. What runs above a lower limit runs on.';
grant execute on function rls.set_limits(text, uuid, bigint, bigint) to streamspace_operator;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.set_limits(text, uuid, bigint, bigint);
reset role;
revoke update (per_org, per_user) on app.quota_limits from streamspace_definer;
