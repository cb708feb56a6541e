-- +goose Up
-- Reading the audit log by action, in its order.
create index audit_log_of_action on app.audit_log (org_id, action, seq desc);

-- Checking the chain of an audit log. The definer reads the entries of the org that was entered. Its functions return only numbers
-- and hashes.
create policy definer_select on app.audit_log for select to streamspace_definer using (org_id = (select rls.current_org_id()));
grant select on app.audit_log to streamspace_definer;

-- Entries without a place in the chain would be in the lists, and no check would see them.
alter table app.audit_log add constraint audit_log_seq check (seq > 0);

set local role streamspace_definer;
-- Stable, so that all of its statements see the log and its head at the same moment. The conditions name the org as well, so that a
-- careless policy does not mix two logs. Each entry is looked up by its number: for a range in order the planner, which guesses few
-- rows of an org, would read and sort the rest of the log for each page.
-- +goose StatementBegin
create function rls.check_audit(after bigint, page int) returns table (checked bigint, checked_hash bytea, more boolean, broken bigint,
  reason text, head bigint, head_hash bytea)
  language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  org constant uuid := rls.current_org_id();
  last constant bigint := coalesce((select max(a.seq) from app.audit_log a where a.org_id = org), 0);
  entry app.audit_log;
begin
  select h.audit_seq, h.audit_hash into head, head_hash from app.org_heads h where h.org_id = org;
  head := coalesce(head, 0);
  head_hash := coalesce(head_hash, '');
  checked := after;
  checked_hash := case after when 0 then ''::bytea
    else (select a.hash from app.audit_log a where a.org_id = org and a.seq = after) end;
  more := false;
  broken := 0;
  reason := '';
  if checked_hash is null then
    checked_hash := '';
    broken := after;
    reason := 'missing';
    return next;
    return;
  end if;
  for number in after + 1 .. least(last, after + least(page, 10000)) loop
    select * into entry from app.audit_log a where a.org_id = org and a.seq = number;
    reason := case when not found then 'missing'
                   when entry.previous <> checked_hash then 'unlinked'
                   when entry.hash <> rls.audit_hash(entry.previous, entry) then 'changed'
                   else '' end;
    if reason <> '' then
      broken := number;
      return next;
      return;
    end if;
    checked := number;
    checked_hash := entry.hash;
  end loop;
  more := checked < last;
  if not more and checked < head then
    broken := checked + 1;
    reason := 'missing';
  elsif not more and (checked > head or checked_hash <> head_hash) then
    broken := least(checked, head + 1);
    reason := 'head';
  end if;
  return next;
end $$;
-- +goose StatementEnd
comment on function rls.check_audit(bigint, int) is
  'Checks a page of the chain of the org that was entered, up to the first entry that does not fit. Only the definer''s functions may execute it.';

create function rls.verify_audit(after bigint, page int) returns table (checked bigint, checked_hash bytea, more boolean, broken bigint,
  reason text, head bigint, head_hash bytea)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select c.* from rls.check_audit(after, page) c where rls.is_admin() $$;
comment on function rls.verify_audit(bigint, int) is 'Checks a page of the audit log''s chain, for admins.';
grant execute on function rls.verify_audit(bigint, int) to streamspace_app;

-- +goose StatementBegin
create function rls.verify_org_audit(org uuid, after bigint, page int) returns table (checked bigint, checked_hash bytea, more boolean,
  broken bigint, reason text, head bigint, head_hash bytea)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.scope(org);
  return query select c.* from rls.check_audit(after, page) c;
end $$;
-- +goose StatementEnd
comment on function rls.verify_org_audit(uuid, bigint, int) is
  'Checks a page of the chain of an org''s audit log, for operators. It returns numbers and hashes, no entry.';
grant execute on function rls.verify_org_audit(uuid, bigint, int) to streamspace_operator;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.verify_org_audit(uuid, bigint, int), rls.verify_audit(bigint, int), rls.check_audit(bigint, int);
reset role;
alter table app.audit_log drop constraint audit_log_seq;
revoke select on app.audit_log from streamspace_definer;
drop policy definer_select on app.audit_log;
drop index app.audit_log_of_action;
