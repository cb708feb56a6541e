-- +goose Up
-- The only functions that enter an org, once per transaction. The caller's arguments are claims: rows in the database decide.
set local role streamspace_definer;

-- +goose StatementBegin
create function rls.already_inside() returns text
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'already inside an organisation' using errcode = 'SS003';
end $$;
-- +goose StatementEnd
comment on function rls.already_inside() is 'Raises SS003, because the transaction is already in an org.';

-- In SQL and without settings of its own, so that the planner can inline it into the enter functions.
create function rls.scope(org uuid) returns text
  language sql volatile
  as $$ select case when coalesce(pg_catalog.current_setting('app.org_id', true), '') = ''
                    then pg_catalog.set_config('app.org_id', org::text, true) else rls.already_inside() end $$;
comment on function rls.scope(uuid) is 'Sets the org of the transaction. Only the definer''s functions may execute it.';

-- Why not a check after the statement in rls.enter? PL/pgSQL prepares the expression of an IF anew in each transaction, which
-- took 6 µs of the 55 µs of an entry. This function runs only when the statement finds no row.
-- +goose StatementBegin
create function rls.refuse_entry(org uuid, usr uuid, credential uuid) returns uuid
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from app.credentials k
              where k.org_id = org and k.id = credential and k.user_id = usr and k.ends_at > now() and not k.suspended and not k.disabled) then
    raise exception 'the role has changed since the token was made' using errcode = 'SS002';
  end if;
  raise exception 'no longer a member of this organisation' using errcode = 'SS001';
end $$;
-- +goose StatementEnd
comment on function rls.refuse_entry(uuid, uuid, uuid) is
  'Raises SS002 when only the claimed role is wrong, and SS001 otherwise. Only the definer''s functions may execute it.';

-- +goose StatementBegin
create function rls.enter(org uuid, usr uuid, claimed text, credential uuid, read_only boolean) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- One statement asks and enters, since every request runs it.
  perform rls.scope(case when k.id is null then rls.refuse_entry(org, usr, credential) else org end),
          set_config('app.user_id', usr::text, true), set_config('app.role', k.role, true),
          set_config('app.credential_id', credential::text, true), set_config('transaction_read_only', read_only::text, true)
     from (values (1)) always left join app.credentials k
       on k.org_id = org and k.id = credential and k.user_id = usr and k.role = claimed and k.ends_at > now()
      and not k.suspended and not k.disabled;
end $$;
-- +goose StatementEnd
comment on function rls.enter(uuid, uuid, text, uuid, boolean) is
  'A member enters an org with a credential. With read_only, later writes of the transaction fail with 25006.';

-- +goose StatementBegin
create function rls.enter_service(org uuid, service text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.scope(org), set_config('app.service', service, true);
end $$;
-- +goose StatementEnd
comment on function rls.enter_service(uuid, text) is 'Background work enters one org, under the name of the work.';

-- +goose StatementBegin
create function rls.enter_report(agent uuid, its_epoch bigint, session uuid) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  placed_in uuid;
begin
  select s.org_id into placed_in
    from app.sessions s join app.agents a on a.id = s.agent_id
   where s.id = session and a.id = agent and a.epoch = its_epoch;
  if not found then
    raise exception 'this session is not placed on this process of the agent' using errcode = 'SS004';
  end if;
  perform rls.scope(placed_in), set_config('app.agent_id', agent::text, true),
    set_config('app.agent_epoch', its_epoch::text, true), set_config('app.session_id', session::text, true);
end $$;
-- +goose StatementEnd
comment on function rls.enter_report(uuid, bigint, uuid) is
  'An agent reports on a session. The org is that of the session, never an argument. The report reaches only this session.';

-- +goose StatementBegin
create function rls.enter_operator(org uuid, operator text) returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.scope(org), set_config('app.operator', operator, true);
end $$;
-- +goose StatementEnd
comment on function rls.enter_operator(uuid, text) is
  'An operator enters an org. Only the definer''s functions may execute it, and they write an audit entry.';

-- For migrations. FORCE binds the owner to the policy owner_inside. Before entering, its statements raise 42501, instead of
-- silently changing no row.
-- +goose StatementBegin
create function rls.enter_migration(org uuid) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.scope(org), set_config('app.service', 'migration', true);
end $$;
-- +goose StatementEnd
comment on function rls.enter_migration(uuid) is 'A migration enters one org. Only the owner may execute it.';

-- +goose StatementBegin
create function rls.orgs_after(org uuid, page int) returns table (id uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.id from app.organizations o where o.id > org order by o.id limit least(page, 1000)
$$;
-- +goose StatementEnd
comment on function rls.orgs_after(uuid, int) is 'A page of orgs in the order of their ids, after a given id.';
grant execute on function rls.enter_migration(uuid), rls.orgs_after(uuid, int) to streamspace_owner;

grant execute on function rls.enter(uuid, uuid, text, uuid, boolean) to streamspace_app;
grant execute on function rls.enter_service(uuid, text) to streamspace_system;
grant execute on function rls.enter_report(uuid, bigint, uuid) to streamspace_agent;

-- Does an id belong to another org? The caller asks inside an org, after a read found no row. There is one function per
-- resource, without a table argument. The caller limits the rate of requests for unknown ids.
create function rls.session_is_foreign(session uuid) returns boolean
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select exists (select from app.sessions s where s.id = session and s.org_id <> rls.current_org_id()) $$;
create function rls.template_is_foreign(template uuid) returns boolean
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select exists (select from app.templates t where t.id = template and t.org_id <> rls.current_org_id()) $$;
comment on function rls.session_is_foreign(uuid) is 'Whether a session belongs to another org than the one that was entered.';
comment on function rls.template_is_foreign(uuid) is 'Whether a private template belongs to another org than the one that was entered.';
grant execute on function rls.session_is_foreign(uuid), rls.template_is_foreign(uuid) to streamspace_app;
reset role;

-- A backfill, for a migration that goose runs without a transaction. Each batch is a transaction of its own. So it locks only
-- few rows at a time, and an interrupted run can continue. Rows written meanwhile must get their value from a default or from
-- the program. The procedure has no settings of its own, because PostgreSQL does not let it commit then.
-- +goose StatementBegin
create procedure rls.backfill_v1(of_table text, assignments text, pending text, batch int default 1000)
  language plpgsql
as $$
declare
  reached uuid := '00000000-0000-0000-0000-000000000000';
  filled bigint;
  still bigint;
begin
  loop
    select o.id into reached from rls.orgs_after(reached, 1) o;
    exit when reached is null;
    loop
      perform rls.enter_migration(reached);
      execute pg_catalog.format(
        'with batch as (select t.ctid from app.%1$I t where %2$s limit %3$s for no key update), '
        'done as (update app.%1$I t set %4$s from batch b where t.ctid = b.ctid returning (%2$s) as still) '
        'select count(*), count(*) filter (where still) from done', of_table, pending, batch, assignments) into filled, still;
      if still > 0 then
        raise exception 'rows of app.% are still pending after they were filled: % would never end', of_table, pending;
      end if;
      commit;
      exit when filled < batch;
    end loop;
  end loop;
end $$;
-- +goose StatementEnd
comment on procedure rls.backfill_v1(text, text, text, int) is
  'Fills the pending rows of an org table in batches, one org at a time.';

-- +goose Down
drop procedure rls.backfill_v1(text, text, text, int);
set local role streamspace_definer;
drop function rls.session_is_foreign(uuid), rls.template_is_foreign(uuid), rls.enter_operator(uuid, text),
  rls.enter_migration(uuid), rls.orgs_after(uuid, int), rls.enter_report(uuid, bigint, uuid), rls.enter_service(uuid, text), rls.enter(uuid, uuid, text, uuid, boolean),
  rls.refuse_entry(uuid, uuid, uuid), rls.scope(uuid),
  rls.already_inside();
reset role;
