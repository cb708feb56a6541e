-- +goose Up
-- Events are kept for a time, which the control plane sets. Older ones go from the beginning of each org's log, so that what is left has
-- no gap, and the newest one stays.

grant select (org_id, seq, at), delete on app.events to streamspace_definer;
create policy definer_select on app.events for select to streamspace_definer using (true);
create policy definer_delete on app.events for delete to streamspace_definer using (org_id = (select rls.current_org_id()));

set local role streamspace_definer;

-- +goose StatementBegin
create function rls.orgs_with_old_events(kept int, after uuid, page int) returns table (org uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select h.org_id
    from app.org_heads h
         cross join lateral (select e.seq, e.at from app.events e where e.org_id = h.org_id order by e.seq limit 1) oldest
   where h.org_id > after and oldest.seq < h.event_seq and oldest.at < now() - make_interval(secs => greatest(kept, 3600))
   order by h.org_id
   limit least(page, 1000)
$$;
-- +goose StatementEnd
comment on function rls.orgs_with_old_events(int, uuid, int) is
  'A page of the orgs for which rls.remove_old_events has something to do, after a given id.';

-- By numbers from the first one on, each between two, so that PostgreSQL reads no more than a batch. The policy keeps the deletion to the org.
-- +goose StatementBegin
create function rls.remove_old_events(kept int) returns int
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  inside constant uuid := rls.current_org_id();
  first constant bigint := (select min(e.seq) from app.events e where e.org_id = inside);
  removed int;
begin
  delete from app.events e
   where e.seq between first and (
     select least(h.event_seq, coalesce(min(y.seq), first + 1000)) - 1
       from app.org_heads h
            left join app.events y on y.org_id = inside and y.seq between first and first + 999
                  and y.at >= now() - make_interval(secs => greatest(kept, 3600))
      where h.org_id = inside
      group by h.event_seq);
  get diagnostics removed = row_count;
  return removed;
end $$;
-- +goose StatementEnd
comment on function rls.remove_old_events(int) is
  'Removes the oldest events of the org, those before the first that is younger than a time in seconds, which is at least an hour. '
  'At most 1,000 at once, and never the newest one. Returns how many.';

grant execute on function rls.orgs_with_old_events(int, uuid, int), rls.remove_old_events(int) to streamspace_system;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.remove_old_events(int), rls.orgs_with_old_events(int, uuid, int);
reset role;
drop policy definer_delete on app.events;
drop policy definer_select on app.events;
revoke select (org_id, seq, at), delete on app.events from streamspace_definer;
