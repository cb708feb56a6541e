-- Generated from db/migrations by make generate. DO NOT EDIT.
--
-- PostgreSQL database dump
--



SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: app; Type: SCHEMA; Schema: -; Owner: streamspace_owner
--

CREATE SCHEMA app;


ALTER SCHEMA app OWNER TO streamspace_owner;

--
-- Name: rls; Type: SCHEMA; Schema: -; Owner: streamspace_owner
--

CREATE SCHEMA rls;


ALTER SCHEMA rls OWNER TO streamspace_owner;

--
-- Name: accept_invitation(bytea, uuid, text, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.accept_invitation(hash bytea, usr uuid, name text, password_hash text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.accept_invitation(hash bytea, usr uuid, name text, password_hash text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION accept_invitation(hash bytea, usr uuid, name text, password_hash text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.accept_invitation(hash bytea, usr uuid, name text, password_hash text) IS 'Consumes an invitation and makes its user a member: a present one, or with a password''s hash a new one.';


--
-- Name: actor(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.actor() RETURNS text
    LANGUAGE sql STABLE
    AS $$ select coalesce('user:' || nullif(pg_catalog.current_setting('app.user_id', true), ''),
                        'agent:' || nullif(pg_catalog.current_setting('app.agent_id', true), ''),
                        'service:' || nullif(pg_catalog.current_setting('app.service', true), ''),
                        'operator:' || nullif(pg_catalog.current_setting('app.operator', true), '')) $$;


ALTER FUNCTION rls.actor() OWNER TO streamspace_definer;

--
-- Name: FUNCTION actor(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.actor() IS 'Who acts in this transaction; null for no one. Only the definer''s functions may execute it.';


--
-- Name: add_member(text, uuid, uuid, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.add_member(operator text, org uuid, usr uuid, role text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.enter_operator(org, operator);
  insert into app.memberships (user_id, role) values (usr, add_member.role) on conflict (org_id, user_id) do nothing;
  if not found then
    return;
  end if;
  insert into app.quota_usage (holder_id, kind) values (usr, 'sessions')
    on conflict (org_id, holder_id, kind) do update set own_limit = null;
  insert into app.audit_log (action, subject) values ('member.add', usr::text);
end $$;


ALTER FUNCTION rls.add_member(operator text, org uuid, usr uuid, role text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION add_member(operator text, org uuid, usr uuid, role text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.add_member(operator text, org uuid, usr uuid, role text) IS 'Adds a user to an org. An existing member keeps their role.';


--
-- Name: add_template(text, uuid, uuid, text, text, text, jsonb); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.add_template(operator text, org uuid, template uuid, name text, title text, description text, spec jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  it app.templates;
begin
  perform rls.enter_operator(org, operator);
  insert into app.templates as t (id, name, title, description, spec)
  values (template, add_template.name, add_template.title, add_template.description, add_template.spec)
  on conflict on constraint templates_name_key do update
    set revision = t.revision + 1, title = excluded.title, description = excluded.description, spec = excluded.spec, updated_at = now()
    where (t.title, t.description, t.spec) is distinct from (excluded.title, excluded.description, excluded.spec)
  returning t.* into it;
  if found then
    insert into app.events (type, subject_id, subject_name, audience, data)
    values (case it.revision when 1 then 'template.created' else 'template.updated' end, it.id, it.name, 'everyone',
      jsonb_build_object('title', it.title, 'revision', it.revision));
    insert into app.audit_log (action, subject) values ('template.write', add_template.name);
  end if;
end $$;


ALTER FUNCTION rls.add_template(operator text, org uuid, template uuid, name text, title text, description text, spec jsonb) OWNER TO streamspace_definer;

--
-- Name: FUNCTION add_template(operator text, org uuid, template uuid, name text, title text, description text, spec jsonb); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.add_template(operator text, org uuid, template uuid, name text, title text, description text, spec jsonb) IS 'Creates a private template of an org, or its next revision.';


--
-- Name: administrator_v1(); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.administrator_v1() RETURNS oid
    LANGUAGE sql STABLE
    AS $$
  select d.datdba from pg_catalog.pg_database d join pg_catalog.pg_roles r on r.oid = d.datdba
   where d.datname = pg_catalog.current_database() and r.rolcreaterole and not r.rolsuper
$$;


ALTER FUNCTION rls.administrator_v1() OWNER TO streamspace_owner;

--
-- Name: FUNCTION administrator_v1(); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.administrator_v1() IS 'The owner of the database when it is not a superuser and may create roles; otherwise null.';


--
-- Name: admit_session(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.admit_session() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not exists (select from app.memberships m where m.org_id = new.org_id and m.user_id = new.owner_id and m.role <> 'viewer') then
    raise exception 'the owner is no member who may have sessions' using errcode = 'SS007';
  elsif not exists (select from app.organizations o where o.id = new.org_id and o.namespace is not null) then
    raise exception 'the organisation has no namespace' using errcode = 'SS011';
  end if;
  return new;
end $$;


ALTER FUNCTION rls.admit_session() OWNER TO streamspace_definer;

--
-- Name: FUNCTION admit_session(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.admit_session() IS 'Checks a new session: its owner must be a member who may have sessions, and its org must have a namespace.';


--
-- Name: agent_has_room(uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.agent_has_room(agent uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select exists (select from app.agent_orgs s join app.agents a on a.id = s.agent_id join app.agent_slots t on t.agent_id = a.id
                  where s.agent_id = agent_has_room.agent and t.session_id is null and t.slot <= a.slots)
$$;


ALTER FUNCTION rls.agent_has_room(agent uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION agent_has_room(agent uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.agent_has_room(agent uuid) IS 'Whether an agent that serves the org that was entered has a free slot. It tells no number. False for every other agent.';


--
-- Name: agent_is_foreign(uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.agent_is_foreign(agent uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select exists (select from app.agents a where a.id = agent)
     and not exists (select from app.agent_orgs s where s.agent_id = agent and s.org_id = rls.current_org_id())
$$;


ALTER FUNCTION rls.agent_is_foreign(agent uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION agent_is_foreign(agent uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.agent_is_foreign(agent uuid) IS 'Whether there is an agent with this id that does not serve the org that was entered.';


--
-- Name: already_inside(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.already_inside() RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception 'already inside an organisation' using errcode = 'SS003';
end $$;


ALTER FUNCTION rls.already_inside() OWNER TO streamspace_definer;

--
-- Name: FUNCTION already_inside(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.already_inside() IS 'Raises SS003, because the transaction is already in an org.';


--
-- Name: approve_template(text, uuid, uuid, text, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.approve_template(operator text, org uuid, template uuid, name text, revision integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.approve_template(operator text, org uuid, template uuid, name text, revision integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION approve_template(operator text, org uuid, template uuid, name text, revision integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.approve_template(operator text, org uuid, template uuid, name text, revision integer) IS 'Publishes the revision of an org''s template that its admins asked to be published, as the next revision of its public template.';


--
-- Name: current_org_id(); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.current_org_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(nullif(pg_catalog.current_setting('app.org_id', true), ''), rls.no_org())::uuid $$;


ALTER FUNCTION rls.current_org_id() OWNER TO streamspace_owner;

--
-- Name: FUNCTION current_org_id(); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.current_org_id() IS 'The org that was entered. Policies read the tenant only here. Raises 42501 before entering.';


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: audit_log; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.audit_log (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_log_seq CHECK ((seq > 0))
);

ALTER TABLE ONLY app.audit_log FORCE ROW LEVEL SECURITY;


ALTER TABLE app.audit_log OWNER TO streamspace_owner;

--
-- Name: TABLE audit_log; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.audit_log IS 'Who did what, and what was refused to whom. The entries form a chain: each hash covers the previous one.';


--
-- Name: audit_hash(bytea, app.audit_log); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.audit_hash(previous bytea, entry app.audit_log) RETURNS bytea
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  select sha256(previous || convert_to(
    jsonb_build_array(entry.org_id, entry.seq, entry.at, entry.actor, entry.action, entry.subject)::text, 'UTF8'))
$$;


ALTER FUNCTION rls.audit_hash(previous bytea, entry app.audit_log) OWNER TO streamspace_definer;

--
-- Name: FUNCTION audit_hash(previous bytea, entry app.audit_log); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.audit_hash(previous bytea, entry app.audit_log) IS 'The hash of an audit entry: SHA-256 over the previous hash and the entry.';


--
-- Name: backfill_v1(text, text, text, integer); Type: PROCEDURE; Schema: rls; Owner: streamspace_owner
--

CREATE PROCEDURE rls.backfill_v1(IN of_table text, IN assignments text, IN pending text, IN batch integer DEFAULT 1000)
    LANGUAGE plpgsql
    AS $_$
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
end $_$;


ALTER PROCEDURE rls.backfill_v1(IN of_table text, IN assignments text, IN pending text, IN batch integer) OWNER TO streamspace_owner;

--
-- Name: PROCEDURE backfill_v1(IN of_table text, IN assignments text, IN pending text, IN batch integer); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON PROCEDURE rls.backfill_v1(IN of_table text, IN assignments text, IN pending text, IN batch integer) IS 'Fills the pending rows of an org table in batches, one org at a time.';


--
-- Name: catalogue_functions(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.catalogue_functions() RETURNS TABLE(oid oid, space name, label text, owner oid, definer boolean, leakproof boolean, settings text[], language name, acl aclitem[])
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
begin
  return query
    select p.oid, n.nspname, p.oid::regprocedure::text, p.proowner, p.prosecdef, p.proleakproof,
           coalesce(p.proconfig, '{}'), l.lanname, coalesce(p.proacl, acldefault('f', p.proowner))
      from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      join pg_catalog.pg_language l on l.oid = p.prolang
     where p.oid >= 16384 and n.nspname !~ '^pg_temp'
       and (n.nspname in ('app', 'rls') or (p.tableoid, p.oid) not in (select r.class, r.object from rls.rules_reviewed() r));
end
$$;


ALTER FUNCTION rls.catalogue_functions() OWNER TO streamspace_definer;

--
-- Name: FUNCTION catalogue_functions(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.catalogue_functions() IS 'Functions and procedures, except those of initdb and of reviewed extensions.';


--
-- Name: catalogue_grants(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.catalogue_grants() RETURNS TABLE(oid oid, space name, name name, label text, "column" name, grantee oid, privilege text, is_grantable boolean, who text, what text)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
begin
  return query
    select g.oid, g.space, g.name, g.label, g.column, g.grantee, g.privilege, g.is_grantable,
           coalesce(r.rolname::text, 'public'), lower(g.privilege) || coalesce(' (' || g.column || ')', '')
      from (
        select r.oid, r.space, r.name, r.label, null::name as column, x.grantee, x.privilege_type as privilege, x.is_grantable
          from rls.catalogue_relations() r, aclexplode(r.acl) x
         where x.grantee <> r.owner
        union all
        select r.oid, r.space, r.name, r.label, a.attname, x.grantee, x.privilege_type, x.is_grantable
          from rls.catalogue_relations() r join pg_catalog.pg_attribute a on a.attrelid = r.oid, aclexplode(a.attacl) x
         where x.grantee <> r.owner
      ) g left join pg_catalog.pg_roles r on r.oid = g.grantee;
end
$$;


ALTER FUNCTION rls.catalogue_grants() OWNER TO streamspace_definer;

--
-- Name: FUNCTION catalogue_grants(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.catalogue_grants() IS 'Privileges on relations and on their columns, of every role except the owner.';


--
-- Name: catalogue_org_tables(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.catalogue_org_tables() RETURNS TABLE(oid oid, label text, name name, key smallint, key_name name, key_required boolean, key_type oid, key_default text, scoped text, floored text)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
begin
  return query
    select t.oid, t.label, t.name, a.attnum, a.attname, a.attnotnull, a.atttypid, pg_get_expr(d.adbin, d.adrelid),
           x.scoped, x.floored
      from rls.catalogue_relations() t
      join pg_catalog.pg_attribute a on a.attrelid = t.oid and not a.attisdropped
       and a.attname = case when t.name = 'organizations' then 'id' else 'org_id' end
      left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     cross join lateral rls.tenant_conditions_v1(a.attname) x
     where t.space = 'app' and t.kind in ('r', 'p');
end
$$;


ALTER FUNCTION rls.catalogue_org_tables() OWNER TO streamspace_definer;

--
-- Name: FUNCTION catalogue_org_tables(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.catalogue_org_tables() IS 'The org tables, with the conditions that their policies must have.';


--
-- Name: catalogue_policies(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.catalogue_policies() RETURNS TABLE(relation oid, name name, permissive boolean, command "char", roles text[], reads text, writes text)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
begin
  return query
    select p.polrelid, p.polname, p.polpermissive, p.polcmd,
           array(select coalesce(r.rolname::text, 'public') from unnest(p.polroles) x
                   left join pg_catalog.pg_roles r on r.oid = x order by 1),
           coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '')
      from pg_catalog.pg_policy p;
end
$$;


ALTER FUNCTION rls.catalogue_policies() OWNER TO streamspace_definer;

--
-- Name: FUNCTION catalogue_policies(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.catalogue_policies() IS 'All policies.';


--
-- Name: catalogue_policy_text("char", text[], text, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.catalogue_policy_text(command "char", roles text[], reads text, writes text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
  select regexp_replace(regexp_replace(concat_ws(' ', command, roles, 'using ' || nullif(reads, ''),
           'check ' || nullif(writes, '')), '\( SELECT (rls\.\w+\(\)) AS \w+\)', '(select \1)', 'g'), '\s+', ' ', 'g')
$$;


ALTER FUNCTION rls.catalogue_policy_text(command "char", roles text[], reads text, writes text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION catalogue_policy_text(command "char", roles text[], reads text, writes text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.catalogue_policy_text(command "char", roles text[], reads text, writes text) IS 'A policy in the format of the pins: on one line, without the column names that PostgreSQL adds to subqueries.';


--
-- Name: catalogue_relations(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.catalogue_relations() RETURNS TABLE(oid oid, space name, name name, label text, kind "char", owner oid, acl aclitem[], options text[], rls boolean, forced boolean)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
begin
  return query
    select c.oid, n.nspname, c.relname, n.nspname || '.' || c.relname, c.relkind, c.relowner, c.relacl, c.reloptions,
           c.relrowsecurity, c.relforcerowsecurity
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.oid >= 16384 and n.nspname !~ '^pg_(toast|temp)'
       and (n.nspname in ('app', 'rls') or (c.tableoid, c.oid) not in (select r.class, r.object from rls.rules_reviewed() r));
end
$$;


ALTER FUNCTION rls.catalogue_relations() OWNER TO streamspace_definer;

--
-- Name: FUNCTION catalogue_relations(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.catalogue_relations() IS 'Tables, views, indexes and sequences, except those of initdb and of reviewed extensions.';


--
-- Name: catalogue_roles(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.catalogue_roles() RETURNS TABLE(oid oid, name name)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
begin
  return query
    select r.oid, r.rolname from pg_catalog.pg_roles r where r.rolname ~ '^streamspace_';
end
$$;


ALTER FUNCTION rls.catalogue_roles() OWNER TO streamspace_definer;

--
-- Name: FUNCTION catalogue_roles(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.catalogue_roles() IS 'Our roles.';


--
-- Name: chain_audit(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.chain_audit() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update app.org_heads set audit_seq = audit_seq + 1 where org_id = new.org_id -- and from here on, entries take turns
    returning audit_seq, audit_hash into strict new.seq, new.previous;
  new.at := clock_timestamp();
  new.actor := rls.actor();
  new.hash := rls.audit_hash(new.previous, new);
  update app.org_heads set audit_hash = new.hash where org_id = new.org_id;
  return new;
end $$;


ALTER FUNCTION rls.chain_audit() OWNER TO streamspace_definer;

--
-- Name: FUNCTION chain_audit(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.chain_audit() IS 'Gives an audit entry its number, actor and time, and chains it to the previous one.';


--
-- Name: change_password(uuid, uuid, text, uuid, text, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.change_password(org uuid, usr uuid, claimed text, credential uuid, verified text, password_hash text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.change_password(org uuid, usr uuid, claimed text, credential uuid, verified text, password_hash text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION change_password(org uuid, usr uuid, claimed text, credential uuid, verified text, password_hash text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.change_password(org uuid, usr uuid, claimed text, credential uuid, verified text, password_hash text) IS 'Changes the password of who has signed in, if it still has the hash that it was compared with. All their other sign-ins end.';


--
-- Name: check_audit(bigint, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.check_audit(after bigint, page integer) RETURNS TABLE(checked bigint, checked_hash bytea, more boolean, broken bigint, reason text, head bigint, head_hash bytea)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.check_audit(after bigint, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION check_audit(after bigint, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.check_audit(after bigint, page integer) IS 'Checks a page of the chain of the org that was entered, up to the first entry that does not fit. Only the definer''s functions may execute it.';


--
-- Name: check_catalogue(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.check_catalogue() RETURNS TABLE(rule text, object text, detail text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
begin
  return query
    select * from rls.rules_tables()
    union all select * from rls.rules_policies()
    union all select * from rls.rules_keys()
    union all select * from rls.rules_roles()
    union all select * from rls.rules_views()
    union all select * from rls.rules_functions()
    union all select * from rls.rules_triggers()
    union all select * from rls.rules_privileges()
    union all select * from rls.rules_outside();
end
$$;


ALTER FUNCTION rls.check_catalogue() OWNER TO streamspace_definer;

--
-- Name: FUNCTION check_catalogue(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.check_catalogue() IS 'Everything in the catalogue that breaks a rule. The view violations shows it.';


--
-- Name: connect_agent(uuid, bytea, bigint, boolean, integer, text, bigint); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer DEFAULT 20, its_version text DEFAULT ''::text, its_contact bigint DEFAULT 0) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  present bigint;
  counted bigint;
begin
  select a.epoch, a.contact into present, counted from app.agents a
   where a.id = agent and a.secret_hash = hash and a.revoked_at is null for update;
  if not found then
    raise exception 'unknown agent' using errcode = 'SS010';
  elsif its_epoch <> 0 and its_epoch < present then
    raise exception 'replaced by a newer process of the agent' using errcode = 'SS004';
  elsif unconfined and (select count(*) from app.organizations) > 1 then
    raise exception 'sessions without namespaces, and more than one organisation' using errcode = 'SS012';
  end if;
  -- An agent got its epoch and the answer to each earlier contact from a database: this one is older.
  if its_epoch > present or its_contact - 1 > counted then
    perform rls.note_restore();
  end if;
  present := greatest(present, its_epoch) + (its_epoch = 0)::int;
  update app.agents a
     set epoch = present, seen_at = now(), slots = its_slots, version = its_version,
         contact = case its_contact when 0 then a.contact else its_contact end
   where a.id = agent;
  perform rls.provide_slots(agent, its_slots);
  return present;
end $$;


ALTER FUNCTION rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint) OWNER TO streamspace_definer;

--
-- Name: FUNCTION connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint) IS 'Notes that an agent is alive, its version, and how many sessions it can run. Epoch zero means a new process: it gets the next epoch, and reports of older processes are refused. its_contact is the agent''s number of this contact, 0 if it does not count. A later epoch or number than the database has shows that an older database was restored.';


--
-- Name: connect_agent(uuid, bytea, bigint, boolean, integer, text, bigint, text[]); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint, unenforced text[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  present constant bigint := rls.connect_agent(agent, hash, its_epoch, unconfined, its_slots, its_version, its_contact);
begin
  update app.agents a set unenforced_limits = unenforced where a.id = agent and a.unenforced_limits is distinct from unenforced;
  return present;
end $$;


ALTER FUNCTION rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint, unenforced text[]) OWNER TO streamspace_definer;

--
-- Name: FUNCTION connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint, unenforced text[]); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint, unenforced text[]) IS 'Notes that an agent is alive, and which limits of sessions its host does not enforce; null: it does not say.';


--
-- Name: consume_ticket(bytea); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.consume_ticket(hash bytea) RETURNS TABLE(org uuid, usr uuid, role text, credential uuid, session uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.scope(t.org_id) from app.tickets t where t.secret_hash = hash;
  if not found then
    return; -- without a scope the delete below would raise
  end if;
  return query
    with used as (
      delete from app.tickets t where t.secret_hash = hash and t.ends_at > now()
      returning t.org_id, t.credential_id, t.session_id
    )
    select k.org_id, k.user_id, k.role, k.id, u.session_id
      from used u join app.credentials k on k.org_id = u.org_id and k.id = u.credential_id;
end $$;


ALTER FUNCTION rls.consume_ticket(hash bytea) OWNER TO streamspace_definer;

--
-- Name: FUNCTION consume_ticket(hash bytea); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.consume_ticket(hash bytea) IS 'Consumes a ticket. The member that it names must still enter.';


--
-- Name: count_sessions(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.count_sessions() RETURNS TABLE(state text, sessions bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select s.state, count(*) from app.sessions s where s.state not in ('terminated', 'failed') group by s.state $$;


ALTER FUNCTION rls.count_sessions() OWNER TO streamspace_definer;

--
-- Name: FUNCTION count_sessions(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.count_sessions() IS 'The number of sessions of all orgs in each state, except final states.';


--
-- Name: create_key(uuid, uuid, text, text[], bytea, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.create_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, days integer) RETURNS TABLE(its_end timestamp with time zone, longest integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  longest := (select o.max_key_days from app.organizations o where o.id = rls.current_org_id());
  if coalesce(days, 1) <= longest then
    its_end := rls.insert_key(key, create_key.public_id, create_key.name, create_key.scopes, hash,
      make_interval(hours => 24 * coalesce(days, least(90, longest))));
    insert into app.audit_log (action, subject) values ('key.create', create_key.public_id::text);
  end if;
  return next;
end $$;


ALTER FUNCTION rls.create_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, days integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION create_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, days integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.create_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, days integer) IS 'Creates an API key of the member who acts; days are by default 90. The end is null when that is longer than the org allows.';


--
-- Name: create_org(text, uuid, text, text, text, uuid, bigint, bigint); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.create_org(operator text, org uuid, slug text, name text, namespace text, owner uuid, per_org bigint, per_user bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.enter_operator(org, operator);
  insert into app.organizations (id, slug, name, namespace) values (org, create_org.slug, create_org.name, create_org.namespace);
  insert into app.org_heads default values;
  insert into app.quota_limits (kind, per_org, per_user) values ('sessions', create_org.per_org, create_org.per_user);
  insert into app.memberships (user_id, role) values (owner, 'owner');
  insert into app.quota_usage (holder_id, kind) values (org, 'sessions'), (owner, 'sessions');
  insert into app.audit_log (action, subject) values ('org.create', org::text);
end $$;


ALTER FUNCTION rls.create_org(operator text, org uuid, slug text, name text, namespace text, owner uuid, per_org bigint, per_user bigint) OWNER TO streamspace_definer;

--
-- Name: FUNCTION create_org(operator text, org uuid, slug text, name text, namespace text, owner uuid, per_org bigint, per_user bigint); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.create_org(operator text, org uuid, slug text, name text, namespace text, owner uuid, per_org bigint, per_user bigint) IS 'Creates an org with its first owner and its quota.';


--
-- Name: create_org_table_v1(text, text, text, boolean, text); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.create_org_table_v1(name text, columns text, about text, of_org boolean DEFAULT true, definer_reads text DEFAULT 'everything'::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  everyone constant text := 'streamspace_app, streamspace_agent, streamspace_system';
  c record;
begin
  select * into strict c from rls.tenant_conditions_v1('org_id');
  execute format('create table app.%I (org_id uuid not null default rls.current_org_id(), %s%s)', name, columns,
    case of_org when true then format(', constraint %I foreign key (org_id) references app.organizations (id)', name || '_of_org') end);
  execute format('comment on table app.%I is %L', name, about);
  execute format('alter table app.%I enable row level security', name);
  execute format('alter table app.%I force row level security', name);
  execute format('create policy tenant_floor on app.%I as restrictive for all to %s using (%s) with check (%s)',
    name, everyone, c.floored, c.floored);
  execute format('comment on policy tenant_floor on app.%I is %L', name, 'Only rows of the org that was entered. An error before entering.');
  execute format('create policy org_select on app.%I for select to %s using (%s)', name, everyone, c.scoped);
  execute format('create policy org_insert on app.%I for insert to %s with check (%s)', name, everyone, c.scoped);
  execute format('create policy org_update on app.%I for update to %s using (%s) with check (%s)', name, everyone, c.scoped, c.scoped);
  execute format('create policy org_delete on app.%I for delete to %s using (%s)', name, everyone, c.scoped);
  execute format('create policy owner_inside on app.%I for all to streamspace_owner using (%s) with check (%s)', name, c.scoped, c.scoped);
  execute format('comment on policy owner_inside on app.%I is %L', name, 'A migration reads and writes only rows of the org that it entered.');
  execute format('create policy backup_select on app.%I for select to streamspace_backup using (true)', name);
  execute case definer_reads
    when 'everything' then format('create policy definer_select on app.%I for select to streamspace_definer using (true)', name)
    when 'inside' then format('create policy definer_select on app.%I for select to streamspace_definer using (%s)', name, c.scoped)
    when 'nothing' then 'select'
  end;
end $$;


ALTER FUNCTION rls.create_org_table_v1(name text, columns text, about text, of_org boolean, definer_reads text) OWNER TO streamspace_owner;

--
-- Name: FUNCTION create_org_table_v1(name text, columns text, about text, of_org boolean, definer_reads text); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.create_org_table_v1(name text, columns text, about text, of_org boolean, definer_reads text) IS 'Creates an org table: org_id as the first column, a foreign key to the org (unless another key implies it), the floor, a policy per command, the policy by which a dump reads it, and what the definer may read: everything, only inside an org, or nothing.';


--
-- Name: create_user(text, uuid, text, text, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.create_user(operator text, usr uuid, email text, name text, password_hash text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into app.users (id, email, name, password_hash) values (usr, email, name, password_hash);
  perform rls.log_operator(operator, 'user.create', usr::text);
end $$;


ALTER FUNCTION rls.create_user(operator text, usr uuid, email text, name text, password_hash text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION create_user(operator text, usr uuid, email text, name text, password_hash text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.create_user(operator text, usr uuid, email text, name text, password_hash text) IS 'Creates a user, who can then be added to orgs.';


--
-- Name: credential_of(bytea); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.credential_of(hash bytea) RETURNS TABLE(org uuid, slug text, name text, usr uuid, role text, id uuid, ends_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select o.id, o.slug, o.name, k.user_id, k.role, k.id, k.ends_at
    from app.credentials k join app.organizations o on o.id = k.org_id
   where k.secret_hash = hash and k.scopes is null and k.ends_at > now() and not o.suspended and not k.disabled
$$;


ALTER FUNCTION rls.credential_of(hash bytea) OWNER TO streamspace_definer;

--
-- Name: FUNCTION credential_of(hash bytea); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.credential_of(hash bytea) IS 'The sign-in with this secret: its org, user and role. No API key.';


--
-- Name: current_agent_id(); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.current_agent_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(pg_catalog.current_setting('app.agent_id', true), '')::uuid $$;


ALTER FUNCTION rls.current_agent_id() OWNER TO streamspace_owner;

--
-- Name: FUNCTION current_agent_id(); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.current_agent_id() IS 'The agent that reports; null for members and services.';


--
-- Name: current_credential_id(); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.current_credential_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(pg_catalog.current_setting('app.credential_id', true), '')::uuid $$;


ALTER FUNCTION rls.current_credential_id() OWNER TO streamspace_owner;

--
-- Name: FUNCTION current_credential_id(); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.current_credential_id() IS 'The credential of the member who acts; null for agents and services.';


--
-- Name: current_session_id(); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.current_session_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(pg_catalog.current_setting('app.session_id', true), '')::uuid $$;


ALTER FUNCTION rls.current_session_id() OWNER TO streamspace_owner;

--
-- Name: FUNCTION current_session_id(); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.current_session_id() IS 'The session that an agent reports on; null otherwise.';


--
-- Name: current_user_id(); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select nullif(pg_catalog.current_setting('app.user_id', true), '')::uuid $$;


ALTER FUNCTION rls.current_user_id() OWNER TO streamspace_owner;

--
-- Name: FUNCTION current_user_id(); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.current_user_id() IS 'The member who acts; null for agents and services.';


--
-- Name: disable_user(text, uuid, boolean); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.disable_user(operator text, usr uuid, disable boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update app.users u set disabled = disable where u.id = usr and u.disabled <> disable;
  if found then
    perform rls.log_operator(operator, case when disable then 'user.disable' else 'user.enable' end, usr::text);
  elsif not exists (select from app.users u where u.id = usr) then
    raise exception 'unknown user' using errcode = 'SS015';
  end if;
end $$;


ALTER FUNCTION rls.disable_user(operator text, usr uuid, disable boolean) OWNER TO streamspace_definer;

--
-- Name: FUNCTION disable_user(operator text, usr uuid, disable boolean); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.disable_user(operator text, usr uuid, disable boolean) IS 'Disables a user, or enables them again. A disabled user enters no org, with any sign-in.';


--
-- Name: end_access(text, uuid, uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.end_access(operator text, org uuid, usr uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.enter_operator(org, operator);
  delete from app.memberships m where m.user_id = usr and m.ends_at is not null; -- the policy allows only this org's
  if found then
    insert into app.audit_log (action, subject) values ('access.end', usr::text);
  end if;
end $$;


ALTER FUNCTION rls.end_access(operator text, org uuid, usr uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION end_access(operator text, org uuid, usr uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.end_access(operator text, org uuid, usr uuid) IS 'Ends a grant before its time.';


--
-- Name: end_other_sign_ins(uuid, uuid, uuid, text, boolean); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.end_other_sign_ins(org uuid, usr uuid, credential uuid, action text, always boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.end_other_sign_ins(org uuid, usr uuid, credential uuid, action text, always boolean) OWNER TO streamspace_definer;

--
-- Name: FUNCTION end_other_sign_ins(org uuid, usr uuid, credential uuid, action text, always boolean); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.end_other_sign_ins(org uuid, usr uuid, credential uuid, action text, always boolean) IS 'Ends all sign-ins of a user but one, in every org, with an audit entry in each. API keys stay. Only the definer''s functions may execute it.';


--
-- Name: end_unknown_sessions(text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.end_unknown_sessions(operator text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update app.installation i set keeps_unknown = false where i.keeps_unknown;
  if found then
    perform rls.log_operator(operator, 'unknown_sessions.end', '');
  end if;
end $$;


ALTER FUNCTION rls.end_unknown_sessions(operator text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION end_unknown_sessions(operator text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.end_unknown_sessions(operator text) IS 'Lets agents end the sessions that the database does not know, until a restore is noticed again.';


--
-- Name: ended_streams(uuid[], uuid[], text[], uuid[], uuid[]); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.ended_streams(orgs uuid[], users uuid[], roles text[], credentials uuid[], sessions uuid[]) RETURNS TABLE(n integer)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select q.n::int
    from unnest(orgs, users, roles, credentials, sessions) with ordinality as q (org, usr, role, credential, session, n)
    left join app.credentials k
      on k.org_id = q.org and k.id = q.credential and k.user_id = q.usr and k.role = q.role and k.ends_at > now()
     and not k.suspended and not k.disabled
    left join app.sessions s
      on s.org_id = q.org and s.id = q.session and (s.owner_id = q.usr or q.role in ('owner', 'admin'))
     and s.desired = 'running' and s.state not in ('terminated', 'failed')
   where k.id is null or s.id is null
   limit 10000
$$;


ALTER FUNCTION rls.ended_streams(orgs uuid[], users uuid[], roles text[], credentials uuid[], sessions uuid[]) OWNER TO streamspace_definer;

--
-- Name: FUNCTION ended_streams(orgs uuid[], users uuid[], roles text[], credentials uuid[], sessions uuid[]); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.ended_streams(orgs uuid[], users uuid[], roles text[], credentials uuid[], sessions uuid[]) IS 'Which of these streams have no access any more, by their places in the arrays: the credential or the session has ended, or is another''s.';


--
-- Name: enrol_agent(text, uuid, text, bytea); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.enrol_agent(operator text, agent uuid, name text, hash bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into app.agents (id, name, secret_hash) values (agent, name, hash);
  perform rls.log_operator(operator, 'agent.enrol', agent::text);
end $$;


ALTER FUNCTION rls.enrol_agent(operator text, agent uuid, name text, hash bytea) OWNER TO streamspace_definer;

--
-- Name: FUNCTION enrol_agent(operator text, agent uuid, name text, hash bytea); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.enrol_agent(operator text, agent uuid, name text, hash bytea) IS 'Creates an agent, which serves no org yet.';


--
-- Name: enter(uuid, uuid, text, uuid, boolean); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.enter(org uuid, usr uuid, claimed text, credential uuid, read_only boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- One statement asks and enters, since every request runs it.
  perform rls.scope(case when k.id is null then rls.refuse_entry(org, usr, credential) else org end),
          set_config('app.user_id', usr::text, true), set_config('app.role', k.role, true),
          set_config('app.credential_id', credential::text, true), set_config('transaction_read_only', read_only::text, true)
     from (values (1)) always left join app.credentials k
       on k.org_id = org and k.id = credential and k.user_id = usr and k.role = claimed and k.ends_at > now()
      and not k.suspended and not k.disabled;
end $$;


ALTER FUNCTION rls.enter(org uuid, usr uuid, claimed text, credential uuid, read_only boolean) OWNER TO streamspace_definer;

--
-- Name: FUNCTION enter(org uuid, usr uuid, claimed text, credential uuid, read_only boolean); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.enter(org uuid, usr uuid, claimed text, credential uuid, read_only boolean) IS 'A member enters an org with a credential. With read_only, later writes of the transaction fail with 25006.';


--
-- Name: enter_migration(uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.enter_migration(org uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.scope(org), set_config('app.service', 'migration', true);
end $$;


ALTER FUNCTION rls.enter_migration(org uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION enter_migration(org uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.enter_migration(org uuid) IS 'A migration enters one org. Only the owner may execute it.';


--
-- Name: enter_operator(uuid, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.enter_operator(org uuid, operator text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.scope(org), set_config('app.operator', operator, true);
end $$;


ALTER FUNCTION rls.enter_operator(org uuid, operator text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION enter_operator(org uuid, operator text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.enter_operator(org uuid, operator text) IS 'An operator enters an org. Only the definer''s functions may execute it, and they write an audit entry.';


--
-- Name: enter_report(uuid, bigint, uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.enter_report(agent uuid, its_epoch bigint, session uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.enter_report(agent uuid, its_epoch bigint, session uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION enter_report(agent uuid, its_epoch bigint, session uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.enter_report(agent uuid, its_epoch bigint, session uuid) IS 'An agent reports on a session. The org is that of the session, never an argument. The report reaches only this session.';


--
-- Name: enter_service(uuid, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.enter_service(org uuid, service text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.scope(org), set_config('app.service', service, true);
end $$;


ALTER FUNCTION rls.enter_service(org uuid, service text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION enter_service(org uuid, service text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.enter_service(org uuid, service text) IS 'Background work enters one org, under the name of the work.';


--
-- Name: find_agent(text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.find_agent(name text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select a.id from app.agents a where a.name = find_agent.name $$;


ALTER FUNCTION rls.find_agent(name text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION find_agent(name text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.find_agent(name text) IS 'An agent''s id by its name.';


--
-- Name: find_org(text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.find_org(slug text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select o.id from app.organizations o where o.slug = find_org.slug $$;


ALTER FUNCTION rls.find_org(slug text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION find_org(slug text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.find_org(slug text) IS 'An org''s id by its slug.';


--
-- Name: find_user(text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.find_user(email text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select u.id from app.users u where u.email = find_user.email $$;


ALTER FUNCTION rls.find_user(email text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION find_user(email text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.find_user(email text) IS 'A user''s id by email address.';


--
-- Name: follow_quota(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.follow_quota() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  held int := 0;
  holds int := (new.state not in ('terminated', 'failed'))::int;
  usage record;
  found_rows int := 0;
begin
  if tg_op = 'UPDATE' then
    held := (old.state not in ('terminated', 'failed'))::int;
  end if;
  if holds = held then
    return null;
  end if;
  for usage in
    select q.used, case when q.holder_id = q.org_id then 'org' else 'user' end as holder,
           case when q.holder_id = q.org_id then least(l.per_org, l.own_per_org)
                else least(l.per_user, coalesce(q.own_limit, l.own_per_user)) end as most -- least leaves out what is null
      from app.quota_usage q join app.quota_limits l using (org_id, kind)
     where q.org_id = new.org_id and q.kind = 'sessions' and q.holder_id in (new.org_id, new.owner_id)
     order by q.holder_id -- one order, or racing sessions deadlock
       for update of q
  loop
    found_rows := found_rows + 1;
    if holds > held and usage.used >= usage.most then
      raise exception 'no sessions left in the quota of the %', usage.holder
        using errcode = 'SS005',
              detail = jsonb_build_object('kind', 'sessions', 'holder', usage.holder, 'limit', usage.most)::text;
    end if;
  end loop;
  if found_rows <> 2 then
    raise exception 'the quota of the org or of the owner is missing' using errcode = 'SS009'; -- closed, not open
  end if;
  update app.quota_usage set used = used + holds - held
   where org_id = new.org_id and kind = 'sessions' and holder_id in (new.org_id, new.owner_id);
  return null;
end $$;


ALTER FUNCTION rls.follow_quota() OWNER TO streamspace_definer;

--
-- Name: FUNCTION follow_quota(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.follow_quota() IS 'Counts a session in the quota of its org and its owner: added at insert, removed when it ends, once each.';


--
-- Name: forget_password(text, bytea, timestamp with time zone); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.forget_password(address text, hash bytea, ends timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into app.password_resets as r (user_id, secret_hash, ends_at)
  select u.id, hash, ends from app.users u where u.email = address and u.verified_at is not null and not u.disabled
  on conflict (user_id) do update set secret_hash = excluded.secret_hash, ends_at = excluded.ends_at;
  return found;
end $$;


ALTER FUNCTION rls.forget_password(address text, hash bytea, ends timestamp with time zone) OWNER TO streamspace_definer;

--
-- Name: FUNCTION forget_password(address text, hash bytea, ends timestamp with time zone); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.forget_password(address text, hash bytea, ends timestamp with time zone) IS 'Makes a link to a new password, which replaces the one before, if the address is the verified one of a user.';


--
-- Name: free_agent(uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.free_agent(besides uuid) RETURNS TABLE(agent uuid, waits_for text, namespace text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  candidate record;
  missing text := 'agent';
  its_namespace text;
begin
  select o.namespace into its_namespace from app.organizations o where o.id = rls.current_org_id();
  for candidate in
    select a.id, coalesce(a.seen_at > now() - interval '30 s', false) and coalesce(s.failed_at < now() - interval '1 min', true) as ready
      from app.agent_orgs s join app.agents a on a.id = s.agent_id,
           lateral (select count(*) as free from app.agent_slots t
                     where t.agent_id = a.id and t.session_id is null and t.slot <= a.slots) room
     where a.revoked_at is null and a.id is distinct from besides
     order by room.free desc, a.seen_at desc
  loop
    missing := case when candidate.ready or missing = 'room' then 'room' else 'host' end;
    continue when not candidate.ready;
    -- The row stays locked until the session takes a slot, in the same transaction.
    perform from app.agent_slots t join app.agents a on a.id = t.agent_id
      where t.agent_id = candidate.id and t.session_id is null and t.slot <= a.slots
      limit 1 for update of t skip locked;
    if found then
      return query select candidate.id, ''::text, its_namespace;
      return;
    end if;
  end loop;
  return query select null::uuid, missing, its_namespace;
end $$;


ALTER FUNCTION rls.free_agent(besides uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION free_agent(besides uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.free_agent(besides uuid) IS 'An agent with a free slot for a session of the org that was entered, besides one that could not start it: the one with the most room. Otherwise what is missing: room, a host, or any agent that serves the org. It tells no number. Also the org''s namespace.';


--
-- Name: grant_access(text, uuid, uuid, text, text, timestamp with time zone); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.grant_access(operator text, org uuid, usr uuid, role text, reason text, ends timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.enter_operator(org, operator);
  insert into app.memberships (user_id, role, reason, ends_at)
    values (usr, grant_access.role, grant_access.reason, ends);
  insert into app.quota_usage (holder_id, kind) values (usr, 'sessions')
    on conflict (org_id, holder_id, kind) do update set own_limit = null;
  insert into app.audit_log (action, subject) values ('access.grant', usr::text);
end $$;


ALTER FUNCTION rls.grant_access(operator text, org uuid, usr uuid, role text, reason text, ends timestamp with time zone) OWNER TO streamspace_definer;

--
-- Name: FUNCTION grant_access(operator text, org uuid, usr uuid, role text, reason text, ends timestamp with time zone); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.grant_access(operator text, org uuid, usr uuid, role text, reason text, ends timestamp with time zone) IS 'Makes a user a member of an org until an end, for a reason that its owners see. A present member is refused.';


--
-- Name: heard_of(timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.heard_of(seen timestamp with time zone, created timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select greatest(coalesce(seen, created),
                  (select case when i.listened_at > now() - interval '20 s' then i.listens_since else now() end from app.installation i))
$$;


ALTER FUNCTION rls.heard_of(seen timestamp with time zone, created timestamp with time zone) OWNER TO streamspace_definer;

--
-- Name: FUNCTION heard_of(seen timestamp with time zone, created timestamp with time zone); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.heard_of(seen timestamp with time zone, created timestamp with time zone) IS 'Since when an agent has been silent, by its row: not before a control plane listened. Only the definer''s functions may execute it.';


--
-- Name: insert_key(uuid, uuid, text, text[], bytea, interval); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.insert_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, lasts interval) RETURNS timestamp with time zone
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  its_end timestamptz;
  its_role text;
begin
  perform from app.users u where u.id = rls.current_user_id() for update; -- two keys that would both be the last take turns
  if (select count(*) from app.credentials k where k.org_id = rls.current_org_id() and k.user_id = rls.current_user_id()
         and k.scopes is not null and k.ends_at > now()) >= 50 then
    raise exception 'a member has at most 50 keys' using errcode = 'SS024';
  end if;
  -- From the sign-in that asks: its user and role. A key is none.
  insert into app.credentials (id, public_id, user_id, role, name, scopes, secret_hash, ends_at)
    select key, insert_key.public_id, k.user_id, k.role, insert_key.name, insert_key.scopes, hash, least(now() + lasts, m.ends_at)
      from app.credentials k join app.memberships m on m.org_id = k.org_id and m.user_id = k.user_id
     where k.org_id = rls.current_org_id() and k.id = rls.current_credential_id() and k.scopes is null
    returning ends_at, role into its_end, its_role;
  if not found then
    raise exception 'not asked for by a sign-in' using errcode = 'SS001';
  end if;
  insert into app.events (type, subject_id, subject_name, audience, data)
  values ('key.created', insert_key.public_id, insert_key.name, case its_role when 'owner' then 'private' else 'owner' end,
    jsonb_build_object('scopes', insert_key.scopes, 'expires_at', its_end));
  return its_end;
end $$;


ALTER FUNCTION rls.insert_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, lasts interval) OWNER TO streamspace_definer;

--
-- Name: FUNCTION insert_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, lasts interval); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.insert_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, lasts interval) IS 'Creates an API key of the member who acts, and returns its end: a grant''s at the latest. Only the definer''s functions may execute it.';


--
-- Name: invitation_is_foreign(uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.invitation_is_foreign(invitation uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select exists (select from app.invitations i where i.id = invitation and i.org_id <> rls.current_org_id()) $$;


ALTER FUNCTION rls.invitation_is_foreign(invitation uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION invitation_is_foreign(invitation uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.invitation_is_foreign(invitation uuid) IS 'Whether an invitation belongs to another org than the one that was entered.';


--
-- Name: invitation_of(bytea); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.invitation_of(hash bytea) RETURNS TABLE(slug text, name text, email text, role text, account boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select f.slug, f.name, f.email, f.role, exists (select from app.users u where u.email = f.email) from rls.open_invitation(hash) f
$$;


ALTER FUNCTION rls.invitation_of(hash bytea) OWNER TO streamspace_definer;

--
-- Name: FUNCTION invitation_of(hash bytea); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.invitation_of(hash bytea) IS 'What an invitation is to, for whom, and whether there is an account with its address.';


--
-- Name: is_admin(); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.is_admin() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(pg_catalog.current_setting('app.role', true) in ('owner', 'admin'), false) $$;


ALTER FUNCTION rls.is_admin() OWNER TO streamspace_owner;

--
-- Name: FUNCTION is_admin(); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.is_admin() IS 'Whether the member who acts is an owner or an admin.';


--
-- Name: is_owner(); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.is_owner() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(pg_catalog.current_setting('app.role', true) = 'owner', false) $$;


ALTER FUNCTION rls.is_owner() OWNER TO streamspace_owner;

--
-- Name: FUNCTION is_owner(); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.is_owner() IS 'Whether the member who acts is an owner.';


--
-- Name: is_plain_text(text); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.is_plain_text(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select value operator(pg_catalog.!~) '[\u0001-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]' $$;


ALTER FUNCTION rls.is_plain_text(value text) OWNER TO streamspace_owner;

--
-- Name: FUNCTION is_plain_text(value text); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.is_plain_text(value text) IS 'Whether a text has no control characters and no bidirectional overrides. With these it can look like another text.';


--
-- Name: is_viewer(); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.is_viewer() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ select coalesce(pg_catalog.current_setting('app.role', true) = 'viewer', false) $$;


ALTER FUNCTION rls.is_viewer() OWNER TO streamspace_owner;

--
-- Name: FUNCTION is_viewer(); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.is_viewer() IS 'Whether the member who acts is a viewer.';


--
-- Name: keep_an_owner(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.keep_an_owner() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform from app.org_heads where org_id = old.org_id for update; -- two owners who demote each other take turns
  if not exists (select from app.memberships m where m.org_id = old.org_id and m.role = 'owner') then
    raise exception 'an organisation keeps an owner' using errcode = 'SS008';
  end if;
  return null;
end $$;


ALTER FUNCTION rls.keep_an_owner() OWNER TO streamspace_definer;

--
-- Name: FUNCTION keep_an_owner(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.keep_an_owner() IS 'Refuses to remove or demote the last owner of an org.';


--
-- Name: keep_session(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.keep_session() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  its_epoch bigint := nullif(current_setting('app.agent_epoch', true), '')::bigint;
begin
  if old.state in ('terminated', 'failed') and new.state <> old.state
     or old.desired = 'terminated' and new.desired <> 'terminated' then
    raise exception 'the session has ended' using errcode = 'SS006';
  elsif its_epoch < old.observed_epoch then
    raise exception 'a newer process of the agent has reported' using errcode = 'SS004';
  end if;
  new.observed_epoch := coalesce(its_epoch, old.observed_epoch);
  new.generation := old.generation + (new.desired <> old.desired)::int;
  if new.desired = 'terminated' and new.state not in ('terminated', 'failed') then
    new.end_wanted_at := coalesce(old.end_wanted_at, now());
    new.state := case when new.agent_id is null or new.silent_since is not null then 'terminated' else 'terminating' end;
    new.reason := case when new.silent_since is not null and new.reason = '' then 'agent_away' else new.reason end;
  end if;
  if new.state in ('terminated', 'failed') then
    new.ended_at := coalesce(old.ended_at, now());
    new.silent_since := null;
  elsif new.agent_id is distinct from old.agent_id then
    new.silent_since := null;
  end if;
  return new;
end $$;


ALTER FUNCTION rls.keep_session() OWNER TO streamspace_definer;

--
-- Name: FUNCTION keep_session(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.keep_session() IS 'An end is an end; while it is wanted there is no other state than on the way to it; what was never placed, or whose agent is silent, ends at once; a report of an older start of the agent is refused after one of a newer.';


--
-- Name: key_of(bytea); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.key_of(hash bytea) RETURNS TABLE(org uuid, slug text, name text, usr uuid, role text, id uuid, ends_at timestamp with time zone, scopes text[])
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  this_hour constant timestamptz := date_trunc('hour', now());
  used timestamptz;
begin
  select o.id, o.slug, o.name, k.user_id, k.role, k.id, k.ends_at, k.scopes, k.used_at
    into org, slug, key_of.name, usr, key_of.role, key_of.id, key_of.ends_at, key_of.scopes, used
    from app.credentials k join app.organizations o on o.id = k.org_id
   where k.secret_hash = hash and k.scopes is not null and k.ends_at > now() and not o.suspended and not k.disabled;
  if not found then
    return;
  end if;
  if used is distinct from this_hour then
    perform rls.scope(org);
    update app.credentials k set used_at = this_hour where k.id = key_of.id; -- in this org, by the policy
  end if;
  return next;
end $$;


ALTER FUNCTION rls.key_of(hash bytea) OWNER TO streamspace_definer;

--
-- Name: FUNCTION key_of(hash bytea); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.key_of(hash bytea) IS 'The API key with this secret: its org, user, role and scopes. Notes the hour in which it was used.';


--
-- Name: leave_lost_agents(integer, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.leave_lost_agents(patience integer, page integer) RETURNS TABLE(session uuid, its_state text)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with lost as (
    select s.id, can.move
      from app.sessions s join app.agents a on a.id = s.agent_id,
           lateral (select s.failed_on is null and exists (
                             select from app.agent_orgs o join app.agents other on other.id = o.agent_id
                              where o.agent_id <> s.agent_id and other.revoked_at is null) as move) can
     where s.org_id = rls.current_org_id() and s.state in ('pending', 'starting') and s.desired = 'running'
       and rls.heard_of(a.seen_at, a.created_at) < now() - interval '60 s'
       and (can.move or rls.heard_of(a.seen_at, a.created_at) < now() - make_interval(secs => patience))
     order by s.id
     limit page
       for update of s skip locked)
  update app.sessions s
     set agent_id = case when l.move then null else s.agent_id end, failed_on = case when l.move then s.agent_id else s.failed_on end,
         state = case when l.move then 'pending' else 'failed' end, waits_for = case when l.move then 'host' else '' end,
         reason = case when l.move then s.reason else 'host_lost' end
    from lost l where s.id = l.id
  returning s.id, s.state
$$;


ALTER FUNCTION rls.leave_lost_agents(patience integer, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION leave_lost_agents(patience integer, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.leave_lost_agents(patience integer, page integer) IS 'Takes sessions that have not started from agents that were not heard of for 60 seconds, if they can be tried on another one. Otherwise it fails them once the agent is silent for longer than the patience, in seconds.';


--
-- Name: limit_invitations(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.limit_invitations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform from app.org_heads for update; -- of this org, by the policy: two that would both be the last take turns
  if (select count(*) from app.invitations i where i.org_id = new.org_id and i.ends_at > now()) >= 1000 then
    raise exception 'an organisation has at most 1000 open invitations' using errcode = 'SS020';
  end if;
  return new;
end $$;


ALTER FUNCTION rls.limit_invitations() OWNER TO streamspace_definer;

--
-- Name: FUNCTION limit_invitations(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.limit_invitations() IS 'Refuses an invitation when the org has a thousand that are open.';


--
-- Name: limit_resources(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.limit_resources() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  refused record;
begin
  -- A statement of its own, so that it sees what was committed while the trigger before it waited for the locks.
  with limits as materialized (
    select l.kind, h.holder, h.most, (new.spec ->> l.kind)::bigint as asked
      from app.quota_limits l
           cross join lateral (values ('org', least(l.per_org, l.own_per_org)), ('user', least(l.per_user, l.own_per_user))) h (holder, most)
     where l.org_id = new.org_id and l.kind <> 'sessions' and h.most is not null
       and (tg_op = 'INSERT' or h.holder = 'user') -- who takes a session over adds nothing to the org
  )
  select l.kind, l.holder, l.most, l.asked, sum((s.spec ->> l.kind)::bigint) as used into refused
    from limits l
         join app.sessions s on s.org_id = new.org_id and s.state not in ('terminated', 'failed')
              and (l.holder = 'org' or s.owner_id = new.owner_id)
   group by l.kind, l.holder, l.most, l.asked
  having case when l.asked is null then tg_op = 'INSERT' else sum((s.spec ->> l.kind)::bigint) > l.most end
   order by l.asked is not null, l.kind, l.holder
   limit 1;
  if not found then
    return null;
  end if;
  if refused.asked is null then
    raise exception 'the template states no %, of which there is a quota', refused.kind
      using errcode = 'SS043', detail = jsonb_build_object('kind', refused.kind)::text;
  end if;
  raise exception 'no % left in the quota of the %', refused.kind, refused.holder
    using errcode = 'SS005',
          detail = jsonb_build_object('kind', refused.kind, 'holder', refused.holder, 'limit', refused.most,
                                      'used', refused.used - refused.asked, 'asked', refused.asked)::text;
end $$;


ALTER FUNCTION rls.limit_resources() OWNER TO streamspace_definer;

--
-- Name: FUNCTION limit_resources(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.limit_resources() IS 'Refuses a session above a quota of memory, CPU, processes or disk, and, under such a quota, a new session whose template states none. It runs after the trigger that locks the rows of quota_usage.';


--
-- Name: limit_templates(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.limit_templates() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform from app.org_heads for update; -- of this org, by the policy: two that would both be the last take turns
  if (select count(*) from app.templates t where t.org_id = new.org_id) > 1000 then
    raise exception 'an organisation has at most 1000 templates' using errcode = 'SS042';
  end if;
  return null;
end $$;


ALTER FUNCTION rls.limit_templates() OWNER TO streamspace_definer;

--
-- Name: FUNCTION limit_templates(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.limit_templates() IS 'Refuses a template when the org has a thousand.';


--
-- Name: list_agents(text, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.list_agents(after text, page integer) RETURNS TABLE(id uuid, name text, seen_at timestamp with time zone, revoked_at timestamp with time zone, created_at timestamp with time zone, unenforced_limits text[])
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select a.id, a.name, a.seen_at, a.revoked_at, a.created_at, a.unenforced_limits from app.agents a
         where a.name > after order by a.name limit least(page, 1000) $$;


ALTER FUNCTION rls.list_agents(after text, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION list_agents(after text, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.list_agents(after text, page integer) IS 'A page of agents by name, after a given name.';


--
-- Name: list_orgs(text, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.list_orgs(after text, page integer) RETURNS TABLE(id uuid, slug text, name text, namespace text, suspended boolean, created_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select o.id, o.slug, o.name, coalesce(o.namespace, ''), o.suspended, o.created_at from app.organizations o
         where o.slug > after order by o.slug limit least(page, 1000) $$;


ALTER FUNCTION rls.list_orgs(after text, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION list_orgs(after text, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.list_orgs(after text, page integer) IS 'A page of orgs by slug, after a given slug.';


--
-- Name: list_unknown_sessions(uuid, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.list_unknown_sessions(after uuid, page integer) RETURNS TABLE(session uuid, agent text, namespace text, slug text, started_at timestamp with time zone, seen_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select u.session, a.name, u.namespace, coalesce(o.slug, ''), u.started, a.seen_at
    from app.agents a
         cross join lateral jsonb_to_recordset(a.unknown_sessions) as u (session uuid, namespace text, started timestamptz)
         left join app.organizations o on o.namespace = u.namespace
   where a.revoked_at is null and u.session > after
   order by u.session
   limit least(page, 1000)
$$;


ALTER FUNCTION rls.list_unknown_sessions(after uuid, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION list_unknown_sessions(after uuid, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.list_unknown_sessions(after uuid, page integer) IS 'A page of the sessions that run and that the database does not know, after a given id.';


--
-- Name: list_users(text, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.list_users(after text, page integer) RETURNS TABLE(id uuid, email text, name text, disabled boolean, created_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select u.id, u.email, u.name, u.disabled, u.created_at from app.users u
         where u.email > after order by u.email limit least(page, 1000) $$;


ALTER FUNCTION rls.list_users(after text, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION list_users(after text, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.list_users(after text, page integer) IS 'A page of users by email address, after a given address.';


--
-- Name: listen(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.listen() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update app.installation i
     set listens_since = case when i.listened_at > now() - interval '20 s' then i.listens_since else now() end, listened_at = now()
$$;


ALTER FUNCTION rls.listen() OWNER TO streamspace_definer;

--
-- Name: FUNCTION listen(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.listen() IS 'A control plane says that it hears agents.';


--
-- Name: log_operator(text, text, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.log_operator(operator text, action text, subject text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
  entry app.operator_log;
begin
  update app.installation set log_seq = log_seq + 1 returning log_seq, log_hash into strict entry.seq, entry.previous;
  entry.at := clock_timestamp();
  entry.operator := operator;
  entry.action := action;
  entry.subject := subject;
  entry.hash := sha256(entry.previous || convert_to(
    jsonb_build_array(entry.seq, entry.at, entry.operator, entry.action, entry.subject)::text, 'UTF8'));
  insert into app.operator_log select entry.*;
  update app.installation set log_hash = entry.hash;
end $$;


ALTER FUNCTION rls.log_operator(operator text, action text, subject text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION log_operator(operator text, action text, subject text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.log_operator(operator text, action text, subject text) IS 'Writes an entry to the operators'' log. Only the definer''s functions may execute it.';


--
-- Name: make_owner(text, uuid, uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.make_owner(operator text, org uuid, usr uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.enter_operator(org, operator);
  insert into app.memberships as m (user_id, role) values (usr, 'owner')
    on conflict (org_id, user_id) do update set role = 'owner', ends_at = null, reason = '' where m.role <> 'owner';
  if found then
    insert into app.quota_usage (holder_id, kind) values (usr, 'sessions')
      on conflict (org_id, holder_id, kind) do update set own_limit = null;
    insert into app.audit_log (action, subject) values ('org.owner', usr::text);
  end if;
end $$;


ALTER FUNCTION rls.make_owner(operator text, org uuid, usr uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION make_owner(operator text, org uuid, usr uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.make_owner(operator text, org uuid, usr uuid) IS 'Makes a user an owner of an org.';


--
-- Name: memberships_of(uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.memberships_of(usr uuid) RETURNS TABLE(org uuid, slug text, name text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select o.id, o.slug, o.name, m.role
    from app.memberships m join app.organizations o on o.id = m.org_id
   where m.user_id = usr and not o.suspended and (m.ends_at is null or m.ends_at > now())
   order by o.slug
   limit 1000
$$;


ALTER FUNCTION rls.memberships_of(usr uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION memberships_of(usr uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.memberships_of(usr uuid) IS 'The orgs that a user may enter.';


--
-- Name: migration_texts(); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.migration_texts() RETURNS TABLE(version bigint, sha256 text)
    LANGUAGE sql IMMUTABLE
    AS $$ values (1::bigint, '039386642e670cbe8affd704f01e57c6fce706a5c9f0d4cd35b35c0d3ae6ec26'), (2::bigint, '21828237bf657a174a24e1a7d99212a71645edcec76b91a203da0c87054c2176'), (3::bigint, '6ed8d7e60e336ad66865b00946a3d07439450fa991870f80471fface616394e5'), (4::bigint, 'b10cb36e8894b49ce7d9ebd00123fff619904c0a2fb754b2ad6a027f20755e66'), (5::bigint, 'b5818978bb30d785b9ab15a459174512f309552b29ba0ef809dea030759fc395'), (6::bigint, '890119e4faa5a34cd445268c379e17ac182ef81e2f3a2ff887a7ebffad4326b4'), (7::bigint, 'ff3c3dec725f7f444bd2d7437a26723c32b5192b60eaf6bf3ca37ea82268f07e'), (8::bigint, '2df1ebb6837c880753b0abf7fcb19d72d822e92f705fbf3297c376fc20d557b2'), (9::bigint, 'ae832380c244c4cadbac570682e00695be6047961920e0adcdf84fad10b2050c'), (10::bigint, 'f5c770f9d95d3fceed115834b9f63283280ca115c263e6fe798d239469f945c1'), (11::bigint, '9c6e6f0086752b91a45b7c7bb57c6bdd2e4628ddf706f775958a558da0f00569'), (12::bigint, 'c22d97b551315f6b820ac260601c79f29b1b3f256d2cb5278930c059b29babbc'), (13::bigint, '50d44cdaacc0214f71f57005022fc2f470495c4b60f1526cb085b0cf161438db'), (14::bigint, 'c7ff7412a6f86f37ffcabcbc6cc0c3ad49a6bd05af3cdc65bb6f626e87d96f13'), (15::bigint, '8f6f1d17d47c2dc16fcb1ca698f025235ab8a4154c774df29ae2a8eab61ff57b'), (16::bigint, '5d6d5c0a86ba50a7908db51f48ca56a02a76edfa926d240b3d0ab36ad16cb1c9'), (17::bigint, '601ee75388260c426ff0b2316277906e9e60af4443bcd7302b09da0582fe543a'), (18::bigint, '1b974528d0622615447741e19ebbe970c6b46b2e56d73125135cd8b200400a57'), (19::bigint, 'be2e2e6fa1e05323678add8ad8ea2c5fa8e20feb2ba3a9fb1fd6cc1112d60e5c'), (20::bigint, '5c4c8352e10c270939a03aedfb95e438356f6ad03f434b4a709c8e58559eab4a'), (21::bigint, 'd81bb9d08468ea31cfcb64af8f264f16d1f5a60b47c4b58307e79ffd219aa554'), (22::bigint, '83c464cee5799070e38dcbccfee57494d0d70ac1bf71184b29fce0cb5af60345'), (23::bigint, '6371d1283c68adb42dc25715c7dafc4e5c7dd586a9fe470250698503ac087146'), (24::bigint, '2465d337067d5c0972cec64d2c412374aa2dfccb75dd3a440578441e04ed5355'), (25::bigint, 'a94eea47ee6715b14d40e5ccba80150b5f94ae060b172ee598db29b8a30ff14a'), (26::bigint, 'c91e36744c6c98ecc7d9b961e8bab99c446a4407fc046475557a63a50426ef8e') $$;


ALTER FUNCTION rls.migration_texts() OWNER TO streamspace_owner;

--
-- Name: FUNCTION migration_texts(); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.migration_texts() IS 'The migrations that made this database, by the hash of their text.';


--
-- Name: new_setup_code(text, bytea, timestamp with time zone); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.new_setup_code(operator text, hash bytea, ends timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update app.installation set secret_hash = hash, secret_ends_at = ends;
  if exists (select from app.organizations) then
    raise exception 'an organisation exists already' using errcode = 'SS013';
  end if;
  perform rls.log_operator(operator, 'setup.code', 'installation');
end $$;


ALTER FUNCTION rls.new_setup_code(operator text, hash bytea, ends timestamp with time zone) OWNER TO streamspace_definer;

--
-- Name: FUNCTION new_setup_code(operator text, hash bytea, ends timestamp with time zone); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.new_setup_code(operator text, hash bytea, ends timestamp with time zone) IS 'Makes the code with which an empty installation gets its first org. It replaces the code before.';


--
-- Name: newest_events(uuid[]); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.newest_events(orgs uuid[]) RETURNS TABLE(org uuid, newest bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select h.org_id, h.event_seq from app.org_heads h where h.org_id = any (orgs) limit 10000 $$;


ALTER FUNCTION rls.newest_events(orgs uuid[]) OWNER TO streamspace_definer;

--
-- Name: FUNCTION newest_events(orgs uuid[]); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.newest_events(orgs uuid[]) IS 'The number of the newest event of each of these orgs.';


--
-- Name: no_org(); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.no_org() RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception 'app.org_id is not set: org tables need an org scope' using errcode = '42501', hint = 'enter the org first';
end $$;


ALTER FUNCTION rls.no_org() OWNER TO streamspace_owner;

--
-- Name: FUNCTION no_org(); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.no_org() IS 'Raises 42501, because no org was entered.';


--
-- Name: note_access(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.note_access() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  inside constant text := coalesce(current_setting('app.org_id', true), '');
  c record;
begin
  if tg_op = 'DELETE' then
    for c in select k.org_id, k.public_id, k.user_id, k.name, k.role from ended k where k.ends_at > now() order by k.org_id, k.public_id loop
      perform set_config('app.org_id', c.org_id::text, true);
      insert into app.events (type, subject_id, subject_name, owner_id, audience)
      values (case when c.name is null then 'sign_in.ended' else 'key.ended' end, c.public_id, coalesce(c.name, ''), c.user_id,
        case when c.name is not null and c.role = 'owner' then 'private' else 'owner' end);
    end loop;
  else
    for c in
      select k.org_id, k.public_id, k.user_id, k.name, n.role
        from changed k join present n on n.org_id = k.org_id and n.id = k.id
       where (k.role, k.suspended, k.disabled, k.ends_at) is distinct from (n.role, n.suspended, n.disabled, n.ends_at)
         and k.ends_at > now()
       order by k.org_id, k.public_id -- one order, or two that change several orgs would deadlock
    loop
      perform set_config('app.org_id', c.org_id::text, true);
      insert into app.events (type, subject_id, subject_name, owner_id, audience)
      values (case when c.name is null then 'sign_in.changed' else 'key.changed' end, c.public_id, coalesce(c.name, ''), c.user_id,
        case when c.name is not null and c.role = 'owner' then 'private' else 'owner' end);
    end loop;
  end if;
  perform set_config('app.org_id', inside, true);
  return null;
end $$;


ALTER FUNCTION rls.note_access() OWNER TO streamspace_definer;

--
-- Name: FUNCTION note_access(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.note_access() IS 'Writes an event to the org of each sign-in and API key that ends or changes, by whichever way: signing out, revoking it, removing or changing the member, suspending the org, disabling the user.';


--
-- Name: note_departure(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.note_departure() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into app.departures (user_id) values (old.user_id) on conflict (org_id, user_id) do update set left_at = now();
  return null;
end $$;


ALTER FUNCTION rls.note_departure() OWNER TO streamspace_definer;

--
-- Name: FUNCTION note_departure(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.note_departure() IS 'Notes when a user leaves an org, by whichever way.';


--
-- Name: events; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.events (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    seq bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    type text NOT NULL,
    subject_id uuid NOT NULL,
    owner_id uuid,
    audience text DEFAULT 'owner'::text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    actor text DEFAULT ''::text NOT NULL,
    subject_name text DEFAULT ''::text NOT NULL,
    CONSTRAINT events_audience CHECK ((audience = ANY (ARRAY['everyone'::text, 'owner'::text, 'admins'::text, 'private'::text]))),
    CONSTRAINT events_data_size CHECK ((octet_length((data)::text) <= 8192)),
    CONSTRAINT events_subject_name_length CHECK ((length(subject_name) <= 254)),
    CONSTRAINT events_version_counts CHECK ((version > 0))
);

ALTER TABLE ONLY app.events FORCE ROW LEVEL SECURITY;


ALTER TABLE app.events OWNER TO streamspace_owner;

--
-- Name: TABLE events; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.events IS 'Events, numbered per org without gaps, in the order of commits.';


--
-- Name: COLUMN events.owner_id; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.events.owner_id IS 'The owner of the session that the event is about, or the member, or else who acted. No one for admins'' events.';


--
-- Name: COLUMN events.audience; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.events.audience IS 'Who sees it: everyone, its owner and admins, admins alone, or its owner alone (private).';


--
-- Name: COLUMN events.version; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.events.version IS 'The version of the form of data, for this type.';


--
-- Name: COLUMN events.actor; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.events.actor IS 'Who did it, as in the audit log: user:, agent:, service: or operator:, and an id or a name.';


--
-- Name: COLUMN events.subject_name; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.events.subject_name IS 'What the subject was called then.';


--
-- Name: note_event(uuid, app.events); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.note_event(org uuid, e app.events) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  inside constant text := coalesce(current_setting('app.org_id', true), '');
begin
  perform set_config('app.org_id', org::text, true);
  insert into app.events (type, subject_id, subject_name, audience, owner_id, data)
  values (e.type, e.subject_id, e.subject_name, e.audience, e.owner_id, e.data);
  perform set_config('app.org_id', inside, true);
end $$;


ALTER FUNCTION rls.note_event(org uuid, e app.events) OWNER TO streamspace_definer;

--
-- Name: FUNCTION note_event(org uuid, e app.events); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.note_event(org uuid, e app.events) IS 'Writes an event to an org, from a trigger that may run outside of it. Only the definer''s functions may execute it.';


--
-- Name: note_host(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.note_host() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  inside constant text := coalesce(current_setting('app.org_id', true), '');
  e app.events;
  served record;
begin
  e.audience := 'admins';
  e.data := '{}';
  if tg_op = 'INSERT' then
    e.type := 'host.added';
    select a.id, a.name into strict e.subject_id, e.subject_name from app.agents a where a.id = new.agent_id;
    perform rls.note_event(new.org_id, e);
  else
    e.type := 'host.revoked';
    e.subject_id := new.id;
    e.subject_name := new.name;
    -- Which orgs an agent serves is read inside of each, and an agent is rarely revoked. One order: no deadlock.
    for served in select o.id from app.organizations o order by o.id loop
      perform set_config('app.org_id', served.id::text, true);
      if exists (select from app.agent_orgs s where s.agent_id = new.id) then
        perform rls.note_event(served.id, e);
      end if;
    end loop;
    perform set_config('app.org_id', inside, true);
  end if;
  return null;
end $$;


ALTER FUNCTION rls.note_host() OWNER TO streamspace_definer;

--
-- Name: FUNCTION note_host(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.note_host() IS 'Writes an event for the admins of an org that an agent serves from now on, and of each org that a revoked agent has served.';


--
-- Name: note_member(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.note_member() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  e app.events;
begin
  select u.id, u.id, u.name into strict e.subject_id, e.owner_id, e.subject_name
    from app.users u where u.id = coalesce(new.user_id, old.user_id);
  e.type := case tg_op when 'INSERT' then 'member.joined' when 'UPDATE' then 'member.updated' else 'member.removed' end;
  e.audience := 'everyone';
  e.data := case tg_op when 'DELETE' then '{}' else jsonb_build_object('role', new.role) end;
  perform rls.note_event(coalesce(new.org_id, old.org_id), e);
  return null;
end $$;


ALTER FUNCTION rls.note_member() OWNER TO streamspace_definer;

--
-- Name: FUNCTION note_member(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.note_member() IS 'Writes an event when a user becomes a member, has another role, or is a member no more, by whichever way.';


--
-- Name: note_refused_sign_ins(uuid, text, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.note_refused_sign_ins(usr uuid, network text, times integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  its_org uuid;
begin
  for its_org in select m.org_id from app.memberships m where m.user_id = usr order by m.org_id loop -- one order, or two would deadlock
    perform set_config('app.org_id', '', true); -- leave the org before
    perform rls.scope(its_org), set_config('app.service', 'sign-in', true);
    insert into app.audit_log (action, subject) values ('credential.refused', usr || ', ' || times || ' from ' || network);
  end loop;
end $$;


ALTER FUNCTION rls.note_refused_sign_ins(usr uuid, network text, times integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION note_refused_sign_ins(usr uuid, network text, times integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.note_refused_sign_ins(usr uuid, network text, times integer) IS 'Writes to the audit log of each org of a user how often a sign-in of theirs was refused, and from which network.';


--
-- Name: note_restore(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.note_restore() RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update app.installation i
     set restored_at = case when i.listened_at > now() - interval '20 s' then i.listens_since else now() end, keeps_unknown = true
$$;


ALTER FUNCTION rls.note_restore() OWNER TO streamspace_definer;

--
-- Name: FUNCTION note_restore(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.note_restore() IS 'Notes that the database is an older one. It came into use when control planes began to listen. Only the definer''s functions may execute it.';


--
-- Name: note_silent_agents(integer, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.note_silent_agents(patience integer, page integer) RETURNS TABLE(session uuid, its_state text, silent boolean)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with heard as materialized (select a.id, rls.heard_of(a.seen_at, a.created_at) as at from app.agents a), due as (
    select s.id, heard.at, heard.at < now() - interval '60 s' as silent,
           s.state = 'running' and heard.at < now() - make_interval(secs => patience) as lost
      from app.sessions s join heard on heard.id = s.agent_id
     where s.org_id = rls.current_org_id() and s.state not in ('terminated', 'failed')
       and ((heard.at < now() - interval '60 s') <> (s.silent_since is not null)
            or s.state = 'running' and heard.at < now() - make_interval(secs => patience))
     order by s.id
     limit page
       for update of s skip locked)
  update app.sessions s
     set silent_since = case when d.silent then d.at end, state = case when d.lost then 'failed' else s.state end,
         reason = case when d.lost then 'agent_lost' else s.reason end
    from due d where s.id = d.id
  returning s.id, s.state, d.silent
$$;


ALTER FUNCTION rls.note_silent_agents(patience integer, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION note_silent_agents(patience integer, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.note_silent_agents(patience integer, page integer) IS 'Marks sessions whose agent was not heard of for 60 seconds, and takes the mark from those whose agent is back. It fails those that ran on an agent that is silent for longer than the patience, in seconds. Those that were to end have ended then (rls.keep_session).';


--
-- Name: note_suspension(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.note_suspension() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  new.suspended_at := case when new.suspended then now() end;
  return new;
end $$;


ALTER FUNCTION rls.note_suspension() OWNER TO streamspace_definer;

--
-- Name: FUNCTION note_suspension(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.note_suspension() IS 'Notes when an org is suspended.';


--
-- Name: number_event(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.number_event() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  its_owner uuid;
  its_name text;
begin
  update app.org_heads set event_seq = event_seq + 1 where org_id = new.org_id returning event_seq into strict new.seq;
  new.at := clock_timestamp();
  new.actor := coalesce(rls.actor(), '');
  select s.owner_id, s.name into its_owner, its_name from app.sessions s where s.org_id = new.org_id and s.id = new.subject_id;
  if new.audience = 'admins' then
    new.owner_id := null; -- or who acted would see it without being an admin any more
  else
    new.owner_id := coalesce(its_owner,
      (select m.user_id from app.memberships m where m.org_id = new.org_id and m.user_id = new.subject_id),
      new.owner_id, rls.current_user_id());
  end if;
  new.subject_name := coalesce(its_name, new.subject_name);
  return new;
end $$;


ALTER FUNCTION rls.number_event() OWNER TO streamspace_definer;

--
-- Name: FUNCTION number_event(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.number_event() IS 'Gives an event the next number of its org, its time, who did it, whom it is about, and the name of its session.';


--
-- Name: open_invitation(bytea); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.open_invitation(hash bytea) RETURNS TABLE(org uuid, slug text, name text, email text, role text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select o.id, o.slug, o.name, i.email, i.role
    from app.invitations i
    join app.organizations o on o.id = i.org_id
    join app.memberships m on m.org_id = i.org_id and m.user_id = i.invited_by
   where i.secret_hash = hash and i.ends_at > now() and not o.suspended
     and (m.role = 'owner' or m.role = 'admin' and i.role <> 'owner')
     and (m.ends_at is null or m.ends_at > now())
$$;


ALTER FUNCTION rls.open_invitation(hash bytea) OWNER TO streamspace_definer;

--
-- Name: FUNCTION open_invitation(hash bytea); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.open_invitation(hash bytea) IS 'The invitation with this secret, if it can be accepted. Only the definer''s functions may execute it.';


--
-- Name: operator_log_after(bigint, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.operator_log_after(after bigint, page integer) RETURNS TABLE(seq bigint, at timestamp with time zone, operator text, action text, subject text, hash bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select l.seq, l.at, l.operator, l.action, l.subject, l.hash from app.operator_log l
         where l.seq > after order by l.seq limit least(page, 1000) $$;


ALTER FUNCTION rls.operator_log_after(after bigint, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION operator_log_after(after bigint, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.operator_log_after(after bigint, page integer) IS 'A page of the operators'' log, after a given entry.';


--
-- Name: orgs_after(uuid, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.orgs_after(org uuid, page integer) RETURNS TABLE(id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select o.id from app.organizations o where o.id > org order by o.id limit least(page, 1000)
$$;


ALTER FUNCTION rls.orgs_after(org uuid, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION orgs_after(org uuid, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.orgs_after(org uuid, page integer) IS 'A page of orgs in the order of their ids, after a given id.';


--
-- Name: orgs_of_user(uuid, uuid, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.orgs_of_user(usr uuid, after uuid, page integer) RETURNS TABLE(org uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select m.org_id from app.memberships m where m.user_id = usr and m.org_id > after order by m.org_id limit least(page, 1000) $$;


ALTER FUNCTION rls.orgs_of_user(usr uuid, after uuid, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION orgs_of_user(usr uuid, after uuid, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.orgs_of_user(usr uuid, after uuid, page integer) IS 'A page of the orgs that a user is a member of, suspended ones included.';


--
-- Name: orgs_with_ended_keys(integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.orgs_with_ended_keys(page integer) RETURNS TABLE(org uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select distinct k.org_id from app.idempotency_keys k where k.ends_at < now() limit least(page, 1000) $$;


ALTER FUNCTION rls.orgs_with_ended_keys(page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION orgs_with_ended_keys(page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.orgs_with_ended_keys(page integer) IS 'Orgs with idempotency keys that have ended, which can be deleted.';


--
-- Name: orgs_with_expired_credentials(integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.orgs_with_expired_credentials(page integer) RETURNS TABLE(org uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select k.org_id from app.credentials k where k.ends_at < now()
  union
  select t.org_id from app.tickets t where t.ends_at < now()
  union
  select m.org_id from app.memberships m where m.ends_at < now()
  limit least(page, 1000)
$$;


ALTER FUNCTION rls.orgs_with_expired_credentials(page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION orgs_with_expired_credentials(page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.orgs_with_expired_credentials(page integer) IS 'Orgs with expired sign-ins, tickets or grants, which can be deleted.';


--
-- Name: orgs_with_expired_invitations(integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.orgs_with_expired_invitations(page integer) RETURNS TABLE(org uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select distinct i.org_id from app.invitations i where i.ends_at < now() limit least(page, 1000) $$;


ALTER FUNCTION rls.orgs_with_expired_invitations(page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION orgs_with_expired_invitations(page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.orgs_with_expired_invitations(page integer) IS 'Orgs with expired invitations, which can be deleted.';


--
-- Name: orgs_with_lost_agents(uuid, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.orgs_with_lost_agents(after uuid, page integer) RETURNS TABLE(org uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select distinct s.org_id from app.agents a join app.sessions s on s.agent_id = a.id
   where rls.heard_of(a.seen_at, a.created_at) < now() - interval '60 s'
     and s.state in ('pending', 'starting') and s.desired = 'running' and s.org_id > after
   order by s.org_id
   limit least(page, 1000)
$$;


ALTER FUNCTION rls.orgs_with_lost_agents(after uuid, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION orgs_with_lost_agents(after uuid, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.orgs_with_lost_agents(after uuid, page integer) IS 'A page of the orgs with sessions that have not started and whose agent was not heard of for 60 seconds, after a given id.';


--
-- Name: orgs_with_old_events(integer, uuid, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.orgs_with_old_events(kept integer, after uuid, page integer) RETURNS TABLE(org uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select h.org_id
    from app.org_heads h
         cross join lateral (select e.seq, e.at from app.events e where e.org_id = h.org_id order by e.seq limit 1) oldest
   where h.org_id > after and oldest.seq < h.event_seq and oldest.at < now() - make_interval(secs => greatest(kept, 3600))
   order by h.org_id
   limit least(page, 1000)
$$;


ALTER FUNCTION rls.orgs_with_old_events(kept integer, after uuid, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION orgs_with_old_events(kept integer, after uuid, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.orgs_with_old_events(kept integer, after uuid, page integer) IS 'A page of the orgs for which rls.remove_old_events has something to do, after a given id.';


--
-- Name: orgs_with_silent_agents(integer, uuid, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.orgs_with_silent_agents(patience integer, after uuid, page integer) RETURNS TABLE(org uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with heard as materialized (select a.id, rls.heard_of(a.seen_at, a.created_at) as at from app.agents a)
  select distinct s.org_id
    from heard join app.sessions s on s.agent_id = heard.id
   where s.state not in ('terminated', 'failed') and s.org_id > after
     and ((heard.at < now() - interval '60 s') <> (s.silent_since is not null)
          or s.state = 'running' and heard.at < now() - make_interval(secs => patience))
   order by s.org_id
   limit least(page, 1000)
$$;


ALTER FUNCTION rls.orgs_with_silent_agents(patience integer, after uuid, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION orgs_with_silent_agents(patience integer, after uuid, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.orgs_with_silent_agents(patience integer, after uuid, page integer) IS 'A page of the orgs with sessions for which rls.note_silent_agents has something to do, after a given id.';


--
-- Name: orgs_with_waiting_sessions(uuid, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.orgs_with_waiting_sessions(after uuid, page integer) RETURNS TABLE(org uuid)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select distinct s.org_id from app.sessions s
   where s.state = 'pending' and s.agent_id is null and s.org_id > after
   order by s.org_id
   limit least(page, 1000)
$$;


ALTER FUNCTION rls.orgs_with_waiting_sessions(after uuid, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION orgs_with_waiting_sessions(after uuid, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.orgs_with_waiting_sessions(after uuid, page integer) IS 'A page of the orgs with sessions that no agent has yet, after a given id.';


--
-- Name: own_orgs(text, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.own_orgs(after text, page integer) RETURNS TABLE(id uuid, slug text, name text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select o.id, o.slug, o.name, m.role
          from app.memberships m join app.organizations o on o.id = m.org_id
         where m.user_id = rls.current_user_id() and not o.suspended and (m.ends_at is null or m.ends_at > now()) and o.slug > after
         order by o.slug limit least(page, 1000) $$;


ALTER FUNCTION rls.own_orgs(after text, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION own_orgs(after text, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.own_orgs(after text, page integer) IS 'A page of the orgs that the member who acts may enter, by slug, after a given slug.';


--
-- Name: password_of(uuid, uuid, text, uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.password_of(org uuid, usr uuid, claimed text, credential uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.require_credential(org, usr, claimed, credential);
  return (select u.password_hash from app.users u where u.id = usr);
end $$;


ALTER FUNCTION rls.password_of(org uuid, usr uuid, claimed text, credential uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION password_of(org uuid, usr uuid, claimed text, credential uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.password_of(org uuid, usr uuid, claimed text, credential uuid) IS 'The hash of the password of who has signed in. Null: they have none.';


--
-- Name: placements(uuid, bigint, uuid, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.placements(agent uuid, its_epoch bigint, after uuid, page integer) RETURNS TABLE(session uuid, namespace text, desired text, generation bigint, state text, observed_epoch bigint, spec jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- An empty answer would say that nothing should run there.
  if not exists (select from app.agents a where a.id = agent and a.epoch = its_epoch) then
    raise exception 'replaced by a newer process of the agent' using errcode = 'SS004';
  end if;
  return query
    select s.id, coalesce(o.namespace, ''), s.desired, s.generation, s.state, s.observed_epoch, s.spec
      from app.sessions s join app.organizations o on o.id = s.org_id
     where s.agent_id = agent and s.id > after and s.state not in ('terminated', 'failed')
     order by s.id
     limit least(page, 1000);
end $$;


ALTER FUNCTION rls.placements(agent uuid, its_epoch bigint, after uuid, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION placements(agent uuid, its_epoch bigint, after uuid, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.placements(agent uuid, its_epoch bigint, after uuid, page integer) IS 'A page of the sessions that should run on an agent, of all orgs that it serves. Refused to an older process.';


--
-- Name: predates_restore(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.predates_restore() RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.current_org_id(); -- as part of the query the scope is looked at only where a plan comes to it
  return coalesce((select s.created_at < i.restored_at
                     from app.sessions s, app.installation i
                    where s.id = rls.current_session_id()), false);
end $$;


ALTER FUNCTION rls.predates_restore() OWNER TO streamspace_definer;

--
-- Name: FUNCTION predates_restore(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.predates_restore() IS 'Whether the session that an agent reports on was made before an older database came into use.';


--
-- Name: provide_slots(uuid, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.provide_slots(agent uuid, wanted integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  provided int;
begin
  select count(*) into provided from app.agent_slots t where t.agent_id = agent;
  if provided < wanted then
    insert into app.agent_slots (agent_id, slot)
    select agent, n from generate_series(1, wanted) n
     where not exists (select from app.agent_slots t where t.agent_id = agent and t.slot = n)
     limit wanted - provided;
  elsif provided > wanted then
    delete from app.agent_slots t
     where t.agent_id = agent and t.slot in (
       select f.slot from app.agent_slots f where f.agent_id = agent and f.session_id is null
        order by f.slot desc limit provided - wanted for update skip locked);
  end if;
end $$;


ALTER FUNCTION rls.provide_slots(agent uuid, wanted integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION provide_slots(agent uuid, wanted integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.provide_slots(agent uuid, wanted integer) IS 'Makes the number of an agent''s slots the wanted one. Slots in use stay. Only the definer''s functions may execute it.';


--
-- Name: publication_requests(uuid, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.publication_requests(after uuid, page integer) RETURNS TABLE(template uuid, slug text, name text, revision integer, title text, description text, spec jsonb, requested_at timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select t.id, o.slug, t.name, t.revision, t.title, t.description, t.spec, t.requested_at
    from app.templates t join app.organizations o on o.id = t.org_id
   where t.requested_at is not null and t.id > after
   order by t.id
   limit least(page, 1000)
$$;


ALTER FUNCTION rls.publication_requests(after uuid, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION publication_requests(after uuid, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.publication_requests(after uuid, page integer) IS 'A page of the templates that orgs have asked to be published, after a given id.';


--
-- Name: publish_template(text, uuid, text, text, text, jsonb); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.publish_template(operator text, template uuid, name text, title text, description text, spec jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  last record;
begin
  select t.id, t.revision, t.title, t.description, t.spec into last
    from app.public_templates t where t.name = publish_template.name order by t.revision desc limit 1;
  if last.id is not null and (last.title, last.description, last.spec)
     is not distinct from (publish_template.title, publish_template.description, publish_template.spec) then
    return;
  end if;
  insert into app.public_templates (id, revision, name, title, description, spec)
  values (coalesce(last.id, template), coalesce(last.revision, 0) + 1, publish_template.name, publish_template.title,
          publish_template.description, publish_template.spec);
  perform rls.log_operator(operator, 'template.publish', publish_template.name);
end $$;


ALTER FUNCTION rls.publish_template(operator text, template uuid, name text, title text, description text, spec jsonb) OWNER TO streamspace_definer;

--
-- Name: FUNCTION publish_template(operator text, template uuid, name text, title text, description text, spec jsonb); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.publish_template(operator text, template uuid, name text, title text, description text, spec jsonb) IS 'Creates the next revision of a public template, if it differs from the last one.';


--
-- Name: refuse_entry(uuid, uuid, uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.refuse_entry(org uuid, usr uuid, credential uuid) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if exists (select from app.credentials k
              where k.org_id = org and k.id = credential and k.user_id = usr and k.ends_at > now() and not k.suspended and not k.disabled) then
    raise exception 'the role has changed since the token was made' using errcode = 'SS002';
  end if;
  raise exception 'no longer a member of this organisation' using errcode = 'SS001';
end $$;


ALTER FUNCTION rls.refuse_entry(org uuid, usr uuid, credential uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION refuse_entry(org uuid, usr uuid, credential uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.refuse_entry(org uuid, usr uuid, credential uuid) IS 'Raises SS002 when only the claimed role is wrong, and SS001 otherwise. Only the definer''s functions may execute it.';


--
-- Name: rehash_password(uuid, text, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rehash_password(usr uuid, verified text, password_hash text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update app.users u set password_hash = rehash_password.password_hash where u.id = usr and u.password_hash = verified;
end $$;


ALTER FUNCTION rls.rehash_password(usr uuid, verified text, password_hash text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION rehash_password(usr uuid, verified text, password_hash text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rehash_password(usr uuid, verified text, password_hash text) IS 'Replaces the hash of a password by a stronger one of the same password, if the password has not changed.';


--
-- Name: reject_template(text, uuid, text, integer, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.reject_template(operator text, org uuid, name text, revision integer, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.reject_template(operator text, org uuid, name text, revision integer, reason text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION reject_template(operator text, org uuid, name text, revision integer, reason text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.reject_template(operator text, org uuid, name text, revision integer, reason text) IS 'Ends the request for the publication of a revision of an org''s template, with a reason that its admins see.';


--
-- Name: remove_old_events(integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.remove_old_events(kept integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.remove_old_events(kept integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION remove_old_events(kept integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.remove_old_events(kept integer) IS 'Removes the oldest events of the org, those before the first that is younger than a time in seconds, which is at least an hour. At most 1,000 at once, and never the newest one. Returns how many.';


--
-- Name: report_unknown(uuid, bigint, uuid[], text[], timestamp with time zone[], boolean); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.report_unknown(agent uuid, its_epoch bigint, sessions uuid[], namespaces text[], started timestamp with time zone[], keep boolean) RETURNS TABLE(session uuid)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  kept boolean;
begin
  select keep and i.keeps_unknown into kept from app.installation i;
  update app.agents a
     set unknown_sessions = (
       select coalesce(jsonb_agg(jsonb_build_object('session', u.session, 'namespace', u.namespace, 'started', u.started)), '[]')
         from unnest(sessions, namespaces, started) as u (session, namespace, started)
        where kept and not exists (select from app.sessions s where s.id = u.session))
   where a.id = agent and a.epoch = its_epoch;
  if not found then
    raise exception 'replaced by a newer process of the agent' using errcode = 'SS004';
  end if;
  return query
    select u.session from unnest(sessions) as u (session)
     where not exists (select from app.sessions s
                        where s.id = u.session and s.agent_id = agent and s.state not in ('terminated', 'failed'))
       and not (kept and not exists (select from app.sessions s where s.id = u.session))
     limit 1000;
end $$;


ALTER FUNCTION rls.report_unknown(agent uuid, its_epoch bigint, sessions uuid[], namespaces text[], started timestamp with time zone[], keep boolean) OWNER TO streamspace_definer;

--
-- Name: FUNCTION report_unknown(agent uuid, its_epoch bigint, sessions uuid[], namespaces text[], started timestamp with time zone[], keep boolean); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.report_unknown(agent uuid, its_epoch bigint, sessions uuid[], namespaces text[], started timestamp with time zone[], keep boolean) IS 'An agent tells which sessions run on it that should not, and learns which of them it must end. Those without a row are kept after a restore, if the setting says so too, and noted.';


--
-- Name: require_credential(uuid, uuid, text, uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.require_credential(org uuid, usr uuid, claimed text, credential uuid) RETURNS timestamp with time zone
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.require_credential(org uuid, usr uuid, claimed text, credential uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION require_credential(org uuid, usr uuid, claimed text, credential uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.require_credential(org uuid, usr uuid, claimed text, credential uuid) IS 'The end of a sign-in by which its holder may enter. For an API key and otherwise SS001 or SS002. Only the definer''s functions may execute it.';


--
-- Name: reset_password(bytea, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.reset_password(hash bytea, password_hash text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.reset_password(hash bytea, password_hash text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION reset_password(hash bytea, password_hash text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.reset_password(hash bytea, password_hash text) IS 'Consumes a link, sets its user''s password and ends their sign-ins and API keys in every org, where that is audited.';


--
-- Name: resource_use(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.resource_use() RETURNS TABLE(kind text, by_org bigint, by_user bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select k.kind, coalesce(sum((s.spec ->> k.kind)::bigint), 0)::bigint,
         coalesce(sum((s.spec ->> k.kind)::bigint) filter (where s.owner_id = rls.current_user_id()), 0)::bigint
    from (values ('memory'), ('cpu'), ('processes'), ('disk')) k (kind)
         left join app.sessions s on s.org_id = rls.current_org_id() and s.state not in ('terminated', 'failed')
   group by k.kind
$$;


ALTER FUNCTION rls.resource_use() OWNER TO streamspace_definer;

--
-- Name: FUNCTION resource_use(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.resource_use() IS 'How much memory, CPU, processes and disk the sessions state that have not ended: all of the org that was entered, and those of the caller.';


--
-- Name: revise_template(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.revise_template() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.revise_template() OWNER TO streamspace_definer;

--
-- Name: FUNCTION revise_template(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.revise_template() IS 'Gives a template the next revision when it changes, whoever changes it. What was asked to be published, or refused, is the revision before.';


--
-- Name: revoke_agent(text, uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.revoke_agent(operator text, agent uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- With the next epoch, reports of its present process are refused.
  update app.agents a set revoked_at = now(), epoch = a.epoch + 1 where a.id = agent and a.revoked_at is null;
  if not found then
    raise exception 'unknown agent' using errcode = 'SS010';
  end if;
  perform rls.log_operator(operator, 'agent.revoke', agent::text);
end $$;


ALTER FUNCTION rls.revoke_agent(operator text, agent uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION revoke_agent(operator text, agent uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.revoke_agent(operator text, agent uuid) IS 'Ends an agent for good: it never connects again.';


--
-- Name: rotate_agent(text, uuid, bytea); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rotate_agent(operator text, agent uuid, hash bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update app.agents a set secret_hash = hash where a.id = agent and a.revoked_at is null;
  if not found then
    raise exception 'unknown agent' using errcode = 'SS010';
  end if;
  perform rls.log_operator(operator, 'agent.rotate', agent::text);
end $$;


ALTER FUNCTION rls.rotate_agent(operator text, agent uuid, hash bytea) OWNER TO streamspace_definer;

--
-- Name: FUNCTION rotate_agent(operator text, agent uuid, hash bytea); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rotate_agent(operator text, agent uuid, hash bytea) IS 'Gives an agent another secret. The one before ends at once.';


--
-- Name: rotate_key(uuid, uuid, uuid, bytea, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rotate_key(replaced uuid, key uuid, public_id uuid, hash bytea, overlap_hours integer) RETURNS TABLE(name text, scopes text[], its_end timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  lasts interval;
begin
  select k.name, k.scopes, least(k.ends_at - k.created_at, make_interval(hours => 24 * o.max_key_days))
    into rotate_key.name, rotate_key.scopes, lasts
    from app.credentials k join app.organizations o on o.id = k.org_id
   where k.org_id = rls.current_org_id() and k.public_id = replaced and k.user_id = rls.current_user_id() and k.scopes is not null
     and k.ends_at > now();
  if not found then
    return;
  end if;
  its_end := rls.insert_key(key, rotate_key.public_id, rotate_key.name, rotate_key.scopes, hash, lasts);
  update app.credentials k set ends_at = least(k.ends_at, now() + make_interval(hours => overlap_hours))
   where k.public_id = replaced; -- in this org, by the policy
  insert into app.audit_log (action, subject) values ('key.rotate', replaced::text);
  return next;
end $$;


ALTER FUNCTION rls.rotate_key(replaced uuid, key uuid, public_id uuid, hash bytea, overlap_hours integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION rotate_key(replaced uuid, key uuid, public_id uuid, hash bytea, overlap_hours integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rotate_key(replaced uuid, key uuid, public_id uuid, hash bytea, overlap_hours integer) IS 'Creates a key like one of the member''s own, which lasts as long. The replaced one ends after the overlap. No row: there is no such key.';


--
-- Name: rules_extensions(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_extensions() RETURNS TABLE(name text, about text)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
begin
  return query
    select * from (values
      ('pg_stat_statements',
       'its view shows each role the texts of its own statements, and a member of pg_read_all_stats or a superuser those of all '
       'roles. Constants are replaced by parameters, but not in statements such as SET or ALTER ROLE: keep secrets out of '
       'those. Texts of statements tell of every organisation: grant the view to no role that serves'),
      ('pgaudit',
       'it writes statements, and with pgaudit.log_parameter their values, to the server''s log: that log then holds data of '
       'every organisation'),
      ('pg_repack',
       'it copies whole tables past the policies, as a superuser. While it works on a table, its trigger and its log table are '
       'findings; they are gone when it has ended'),
      ('pgstattuple', 'it tells how full a table is, of all organisations together, to members of pg_stat_scan_tables')
    ) e (name, about);
end
$$;


ALTER FUNCTION rls.rules_extensions() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_extensions(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_extensions() IS 'The reviewed extensions, each with the note for the audit''s report.';


--
-- Name: rules_functions(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_functions() RETURNS TABLE(rule text, object text, detail text)
    LANGUAGE sql STABLE
    AS $_$
with
  function as (select * from rls.catalogue_functions()),
  pin as (select * from rls.rules_pins())

-- R20 Every SECURITY DEFINER function is in rls, belongs to the definer and fixes its search_path.
-- It runs with more rights than its caller. So its owner must have few rights, and the caller must not be able to
-- substitute an object.
select 'R20', f.label, format('is owned by %s, with %s', f.owner::regrole, f.settings)
  from function f
 where f.definer
   and (f.space <> 'rls' or f.owner::regrole::text <> 'streamspace_definer' or not 'search_path=pg_catalog, pg_temp' = any (f.settings))

-- R21 Every function is in rls, belongs to the owner or the definer, is in SQL or PL/pgSQL, and PUBLIC cannot execute it.
-- No rule here checks a function elsewhere, of another owner, or in a language that can reach the server.
union all
select 'R21', f.label, case when exists (select from aclexplode(f.acl) x where x.grantee = 0) then 'can be executed by public'
         else format('is owned by %s, in %s', f.owner::regrole, f.language) end
  from function f
 where f.space <> 'rls' or f.language not in ('sql', 'plpgsql')
    or f.owner::regrole::text not in ('streamspace_owner', 'streamspace_definer')
    or exists (select from aclexplode(f.acl) x where x.grantee = 0)

-- R22 No function of ours is LEAKPROOF.
-- The planner may call a leakproof function on rows before the policies filter them.
union all
select 'R22', f.label, 'is leakproof' from function f where f.leakproof

-- R23 The functions that say who acts, the audit log's hash function, and those that lock to place sessions are unchanged: body,
-- volatility, settings and owner. Every policy relies on the first, verifying the audit log on the second, and that the third lock
-- is noticed only in a race.
union all
select 'R23', coalesce(pin.object, f.label), coalesce(f.says, 'is missing')
  from (select object, text from pin where rule = 'R23') pin
  full join (
    select f.label, format('%s %s %s %s %s %s %s', f.owner::regrole, f.language, p.provolatile, p.proparallel, p.prosecdef,
             f.settings, encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex')) as says
      from function f join pg_proc p on p.oid = f.oid
     where f.space = 'rls' and p.proname ~ '^(current_|is_(admin|owner|viewer)$|no_org$|audit_hash$|use_slot$|provide_slots$|leave_lost_agents$|note_silent_agents$)'
  ) f on f.label = pin.object
 where f.says is distinct from pin.text
$_$;


ALTER FUNCTION rls.rules_functions() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_functions(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_functions() IS 'Rules: functions.';


--
-- Name: rules_keys(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_keys() RETURNS TABLE(rule text, object text, detail text)
    LANGUAGE sql STABLE
    AS $$
with
  app_table as (select * from rls.catalogue_relations() where space = 'app' and kind in ('r', 'p')),
  org_table as (select * from rls.catalogue_org_tables()),
  pin as (select * from rls.rules_pins())

-- R08 org_id is a required uuid. Its default is the organisation that was entered.
-- A row without org_id belongs to no organisation. A query that had to name the organisation could name the wrong one.
select 'R08', t.label, format('%s is %s%s, default %s', t.key_name, t.key_type::regtype,
         case when t.key_required then ' not null' else '' end, coalesce(t.key_default, 'none'))
  from org_table t
 where not t.key_required or t.key_type <> 'uuid'::regtype
    or t.name <> 'organizations' and t.key_default is distinct from 'rls.current_org_id()'

-- R09 Every table in app has a primary key. On an org table it begins with org_id.
-- Otherwise an id used in one organisation could not be used in another, and foreign keys could not include org_id.
union all
select 'R09', t.label, coalesce('its primary key is ' || pg_get_indexdef(i.indexrelid), 'has no primary key')
  from app_table t left join org_table o on o.oid = t.oid left join pg_index i on i.indrelid = t.oid and i.indisprimary
 where i.indkey is null or o.oid is not null and i.indkey[0] <> o.key or not (i.indisvalid and i.indimmediate)

-- R10 Every other unique index or exclusion constraint of an org table begins with org_id, except the pinned ones.
-- PostgreSQL refuses a duplicate even when a policy hides the existing row, so the error reveals a row of another
-- organisation. The pinned indexes are on random ids and on hashes of secrets, which are looked up before the
-- organisation is known.
union all
select 'R10', t.label, pg_get_indexdef(i.indexrelid)
  from org_table t join pg_index i on i.indrelid = t.oid
 where (i.indisunique or i.indisexclusion) and not i.indisprimary and i.indkey[0] <> t.key
   and pg_get_indexdef(i.indexrelid) not in (select text from pin where rule = 'R10')

-- R11 Every foreign key of an org table matches org_id with org_id and is valid. The platform's tables have no foreign keys.
-- PostgreSQL checks foreign keys without policies. Without org_id, a key could point at, or test for, another
-- organisation's row.
union all
select 'R11', k.conrelid::regclass::text, k.conname || ' ' || pg_get_constraintdef(k.oid)
  from pg_constraint k left join org_table t on t.oid = k.conrelid join org_table f on f.oid = k.confrelid
 where k.contype = 'f'
   and (t.oid is null or not k.convalidated
        or not exists (select from unnest(k.conkey, k.confkey) x (here, there) where x.here = t.key and x.there = f.key))
$$;


ALTER FUNCTION rls.rules_keys() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_keys(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_keys() IS 'Rules: keys, which PostgreSQL checks without policies.';


--
-- Name: rules_notes(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_notes() RETURNS TABLE(rule text, object text, detail text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select 'R36', e.extname::text, x.about
    from pg_extension e join rls.rules_extensions() x on x.name = e.extname
   order by 2
$$;


ALTER FUNCTION rls.rules_notes() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_notes(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_notes() IS 'Notes for the auditor: they break no rule.';


--
-- Name: rules_outside(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_outside() RETURNS TABLE(rule text, object text, detail text)
    LANGUAGE sql STABLE
    AS $$
-- R35 There are no publications and no subscriptions.
-- A publication sends rows of every organisation to any subscriber and bypasses all policies.
select 'R35', p.pubname, 'is a publication' from pg_publication p
union all
select 'R35', s.subname, 'is a subscription'
  from pg_subscription s
 where s.subdbid = (select oid from pg_database where datname = current_database())

-- R36 There are no extensions except plpgsql and the reviewed ones, no foreign data wrappers and no foreign servers.
-- Each brings functions that no rule here has checked, and some open connections of their own.
union all
select 'R36', e.extname, 'is an extension' from pg_extension e 
 where e.extname <> 'plpgsql' and e.extname::text not in (select x.name from rls.rules_extensions() x)
union all
select 'R36', w.fdwname, 'is a foreign data wrapper' from pg_foreign_data_wrapper w
union all
select 'R36', s.srvname, 'is a foreign server' from pg_foreign_server s

-- R37 There are no user-defined operators, operator classes, casts or languages.
-- The planner may call an operator on rows that a policy hides, and a cast changes what a condition compares.
union all
select 'R37', pg_describe_object(x.class, x.oid, 0), 'is not PostgreSQL''s own'
  from (select 'pg_operator'::regclass, oid from pg_operator union all select 'pg_opclass'::regclass, oid from pg_opclass
        union all select 'pg_cast'::regclass, oid from pg_cast
        union all select 'pg_language'::regclass, oid from pg_language) x (class, oid)
 where x.oid >= 16384 and (x.class::oid, x.oid) not in (select r.class, r.object from rls.rules_reviewed() r)

-- R38 There are no large objects.
-- They belong to a role instead of an organisation, and have no policies.
union all
select 'R38', 'large object ' || l.oid, 'is owned by ' || l.lomowner::regrole from pg_largeobject_metadata l
$$;


ALTER FUNCTION rls.rules_outside() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_outside(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_outside() IS 'Rules: objects that lead out of the database or bypass the policies.';


--
-- Name: rules_pins(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_pins() RETURNS TABLE(rule text, object text, text text)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
begin
  return query
    select * from (values
      -- The platform's own tables, which have no org_id.
      ('R01', 'app.organizations', ''),
      ('R01', 'app.users', ''),
      ('R01', 'app.agents', ''),
      ('R01', 'app.public_templates', ''),
      ('R01', 'app.installation', ''),
      ('R01', 'app.operator_log', ''),
      ('R01', 'app.password_resets', ''),
      ('R01', 'app.agent_slots', ''),
      -- Goose's table and its sequence, with their columns.
      ('R02', 'rls.goose_db_version',
       'id integer, version_id bigint, is_applied boolean, tstamp timestamp without time zone'),
      ('R02', 'rls.goose_db_version_id_seq', 'last_value bigint, log_cnt bigint, is_called boolean'),
      -- What the app role reads of the platform's own tables.
      ('R05', 'agents.serves_us',
       'r {streamspace_app} using (EXISTS ( SELECT FROM app.agent_orgs a WHERE (a.agent_id = agents.id)))'),
      ('R05', 'public_templates.inside_any_org',
       'r {streamspace_app} using ((select rls.current_org_id()) IS NOT NULL)'),
      ('R05', 'users.co_members',
       'r {streamspace_app} using ((EXISTS ( SELECT FROM app.memberships m WHERE (m.user_id = users.id))) OR '
       '(EXISTS ( SELECT FROM app.departures d WHERE (d.user_id = users.id))))'),
      -- What the definer writes of the platform's own rows, and where it has one policy for all commands.
      ('R06', 'agents.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'agents.definer_update', 'w {streamspace_definer} using true'),
      ('R06', 'agent_slots.definer_delete', 'd {streamspace_definer} using true'),
      ('R06', 'agent_slots.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'agent_slots.definer_update', 'w {streamspace_definer} using true'),
      ('R06', 'installation.definer_update', 'w {streamspace_definer} using true'),
      ('R06', 'operator_log.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'password_resets.definer_delete', 'd {streamspace_definer} using true'),
      ('R06', 'password_resets.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'password_resets.definer_update', 'w {streamspace_definer} using true'),
      ('R06', 'public_templates.definer_delete', 'd {streamspace_definer} using true'),
      ('R06', 'org_heads.definer_heads',
       '* {streamspace_definer} using (org_id = (select rls.current_org_id())) check (org_id = (select '
       'rls.current_org_id()))'),
      ('R06', 'public_templates.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'quota_limits.definer_limits',
       '* {streamspace_definer} using (org_id = (select rls.current_org_id())) check (org_id = (select '
       'rls.current_org_id()))'),
      ('R06', 'quota_usage.definer_usage',
       '* {streamspace_definer} using (org_id = (select rls.current_org_id())) check (org_id = (select '
       'rls.current_org_id()))'),
      ('R06', 'users.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'users.definer_update', 'w {streamspace_definer} using true'),
      -- Unique indexes over all organisations: of random ids, of secrets' hashes, and of the organisations themselves.
      ('R10', 'app.credentials_secret',
       'CREATE UNIQUE INDEX credentials_secret ON app.credentials USING btree (secret_hash)'),
      ('R10', 'app.credentials_public',
       'CREATE UNIQUE INDEX credentials_public ON app.credentials USING btree (public_id)'),
      ('R10', 'app.tickets_secret', 'CREATE UNIQUE INDEX tickets_secret ON app.tickets USING btree (secret_hash)'),
      ('R10', 'app.templates_id', 'CREATE UNIQUE INDEX templates_id ON app.templates USING btree (id)'),
      ('R10', 'app.sessions_id', 'CREATE UNIQUE INDEX sessions_id ON app.sessions USING btree (id)'),
      ('R10', 'app.invitations_id', 'CREATE UNIQUE INDEX invitations_id ON app.invitations USING btree (id)'),
      ('R10', 'app.invitations_secret',
       'CREATE UNIQUE INDEX invitations_secret ON app.invitations USING btree (secret_hash)'),
      ('R10', 'app.organizations_slug_key',
       'CREATE UNIQUE INDEX organizations_slug_key ON app.organizations USING btree (slug)'),
      ('R10', 'app.organizations_namespace_key',
       'CREATE UNIQUE INDEX organizations_namespace_key ON app.organizations USING btree (namespace)'),
      -- Who is a member of what.
      ('R15', 'streamspace_migrator', 'streamspace_owner'),
      ('R15', 'streamspace_owner', 'streamspace_definer'),
      -- Functions that every policy, or a reader of the audit log, believes: owner, language, volatility, parallel safety,
      -- security definer, settings, and the SHA-256 of the body.
      ('R23', 'rls.audit_hash(bytea,app.audit_log)',
       'streamspace_definer sql s u f {"search_path=pg_catalog, pg_temp",TimeZone=UTC} '
       'b17baeb9c0d3393de0fe14f4d9101259c175be178be1807ab31bd3b859c921cf'),
      ('R23', 'rls.no_org()',
       'streamspace_owner plpgsql s s f {"search_path=pg_catalog, pg_temp"} '
       '5993eba4d95f406477a7fc3ba63902513fde2c2c1537bbb200b6f8c012bd490a'),
      ('R23', 'rls.current_org_id()',
       'streamspace_owner sql s s f {} 3c88b9df0b6502199139893cfe71063f2c93b0228d0148b17ca4ffcba0e935ca'),
      ('R23', 'rls.current_user_id()',
       'streamspace_owner sql s s f {} 64a18099d310c7c3bbf5bb877d525499119050259c0701783c282912393a41ea'),
      ('R23', 'rls.current_credential_id()',
       'streamspace_owner sql s s f {} 66fb5dd68400fdecbdc3dc6bfa4fe98dcd3f21b5d993d95088765b7564e624e5'),
      ('R23', 'rls.current_agent_id()',
       'streamspace_owner sql s s f {} 2ee506c15c56f715fb1045abb6f00ad08bfd606ee722d981b58fb37c079b19e8'),
      ('R23', 'rls.current_session_id()',
       'streamspace_owner sql s s f {} a07a7f59b7d7bb813bdb155949baaeb0923bc1df9e2833b2680b7200736ebd6b'),
      ('R23', 'rls.is_admin()',
       'streamspace_owner sql s s f {} 1f5f825efb4fa18df870f9de7d4803d16e6806778e9453860983eb8ea175a465'),
      ('R23', 'rls.is_owner()',
       'streamspace_owner sql s s f {} ec773fcc23392136ac5f054bb6cf802b86bb85ab7320390409c79746e66a9bbc'),
      ('R23', 'rls.is_viewer()',
       'streamspace_owner sql s s f {} abd6554908eaca88d356a52ebc1620d4715d94e43b19ca3bfe1e5d67f5993c7f'),
      ('R23', 'rls.leave_lost_agents(integer,integer)',
       'streamspace_definer sql v u t {"search_path=pg_catalog, pg_temp"} '
       '49de54e85907c4cdbcf0d9e7ad57ee5810f94711730deb61465ec02378f91bf3'),
      ('R23', 'rls.note_silent_agents(integer,integer)',
       'streamspace_definer sql v u t {"search_path=pg_catalog, pg_temp"} '
       '32949cdfeacd2859644d6dcbcb5576d287f37b22c21f00366bf23aaf39aca5e6'),
      ('R23', 'rls.provide_slots(uuid,integer)',
       'streamspace_definer plpgsql v u f {"search_path=pg_catalog, pg_temp"} '
       'bab06f8192bf2c9d1c87f6fbafa05dfb1fce74e2bc64b95cec553b8b711210f1'),
      ('R23', 'rls.use_slot()',
       'streamspace_definer plpgsql v u t {"search_path=pg_catalog, pg_temp"} '
       '41b8b557dec8dd615c649c26607774c07beada05aa957deadd779bb051b0f308'),
      -- Columns that the database fills, and what the definer's functions write of them.
      ('R27 filled', 'app.events', 'seq at actor owner_id'),
      ('R27 filled', 'app.audit_log', 'seq at actor previous hash'),
      ('R27 filled', 'app.sessions', 'generation observed_epoch created_at end_wanted_at ended_at waits_since'),
      ('R27 filled', 'app.tickets', 'credential_id ends_at'),
      ('R27 filled', 'app.invitations', 'invited_by created_at ends_at'),
      ('R27 filled', 'app.idempotency_keys', 'user_id ends_at'),
      ('R27 filled', 'app.quota_usage', 'used'),
      ('R27 filled', 'app.org_heads', 'event_seq audit_seq audit_hash'),
      ('R27', 'app.org_heads', 'insert to streamspace_definer'),
      ('R27', 'app.org_heads', 'update (event_seq) to streamspace_definer'),
      ('R27', 'app.org_heads', 'update (audit_seq) to streamspace_definer'),
      ('R27', 'app.org_heads', 'update (audit_hash) to streamspace_definer'),
      ('R27', 'app.events', 'insert (owner_id) to streamspace_definer'),
      ('R27', 'app.quota_usage', 'insert to streamspace_definer'),
      ('R27', 'app.quota_usage', 'update (used) to streamspace_definer'),
      -- Who sets a scope, and the locks by which migrations take turns.
      ('R31', 'set_config(text,text,boolean)', 'streamspace_definer'),
      ('R31', 'set_config(text,text,boolean)', 'streamspace_backup'),
      ('R31', 'pg_try_advisory_lock(bigint)', 'streamspace_owner'),
      ('R31', 'pg_try_advisory_lock(bigint)', 'streamspace_migrator'),
      ('R31', 'pg_advisory_unlock(bigint)', 'streamspace_owner'),
      ('R31', 'pg_advisory_unlock(bigint)', 'streamspace_migrator'),
      -- Who creates, and what later tables give.
      ('R32', 'rls', 'streamspace_definer'),
      ('R33', 'streamspace_owner', 'select on later r to streamspace_backup'),
      ('R33', 'streamspace_owner', 'select on later S to streamspace_backup'),
      -- What a role inside an organisation may not do.
      ('R39', 'audit_log.about_reported_session',
       'a {streamspace_agent} check (subject = ((select rls.current_session_id()))::text)'),
      ('R39', 'audit_log.own_or_admin',
       'r {streamspace_app} using ((actor = (''user:''::text || (select rls.current_user_id()))) OR (select '
       'rls.is_admin()))'),
      ('R39', 'audit_log.viewers_insert_refusals',
       'a {streamspace_app} check ((NOT (select rls.is_viewer())) OR (action = ''credential.sign_out''::text) OR '
       '(action = ''key.revoke''::text) OR ("right"(action, 8) = ''.refused''::text))'),
      ('R39', 'credentials.own_or_admin',
       '* {streamspace_app} using ((user_id = (select rls.current_user_id())) OR ((select rls.is_admin()) AND '
       '((role <> ''owner''::text) OR (select rls.is_owner()))))'),
      ('R39', 'events.about_own',
       'a {streamspace_app} check ((select rls.is_admin()) OR ((NOT (select rls.is_viewer())) AND (audience = '
       '''owner''::text) AND (owner_id = (select rls.current_user_id()))))'),
      ('R39', 'events.about_reported_session',
       'a {streamspace_agent} check (subject_id = (select rls.current_session_id()))'),
      ('R39', 'events.own_or_everyones',
       'r {streamspace_app} using ((audience = ''everyone''::text) OR (owner_id = (select '
       'rls.current_user_id())) OR ((audience <> ''private''::text) AND (select rls.is_admin())))'),
      ('R39', 'idempotency_keys.ended_delete', 'd {streamspace_app,streamspace_system} using (ends_at < now())'),
      ('R39', 'idempotency_keys.own_only', '* {streamspace_app} using (user_id = (select rls.current_user_id()))'),
      ('R39', 'invitations.admins_only', '* {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'invitations.ended_delete', 'd {streamspace_system} using (ends_at < now())'),
      ('R39', 'invitations.owners_invite_owners',
       'a {streamspace_app} check ((role <> ''owner''::text) OR (select rls.is_owner()))'),
      ('R39', 'invitations.owners_revoke_owners',
       'd {streamspace_app} using ((role <> ''owner''::text) OR (select rls.is_owner()))'),
      ('R39', 'memberships.admins_delete', 'd {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'memberships.admins_update', 'w {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'memberships.ended_delete', 'd {streamspace_system} using (ends_at < now())'),
      ('R39', 'memberships.owners_make_owners',
       'w {streamspace_app} using ((role <> ''owner''::text) OR (select rls.is_owner())) check ((role <> '
       '''owner''::text) OR (select rls.is_owner()))'),
      ('R39', 'memberships.owners_remove_owners',
       'd {streamspace_app} using ((role <> ''owner''::text) OR (select rls.is_owner()))'),
      ('R39', 'quota_limits.admins_insert',
       'a {streamspace_app} check ((kind <> ''sessions''::text) AND (select rls.is_admin()))'),
      ('R39', 'quota_limits.admins_update', 'w {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'quota_usage.admins_update', 'w {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'quota_usage.own_or_orgs',
       'r {streamspace_app} using ((holder_id = org_id) OR (holder_id = (select rls.current_user_id())) OR '
       '(select rls.is_admin()))'),
      ('R39', 'sessions.own_or_admin',
       '* {streamspace_app} using ((owner_id = (select rls.current_user_id())) OR (select rls.is_admin()))'),
      ('R39', 'sessions.reported_session',
       '* {streamspace_agent} using ((id = (select rls.current_session_id())) AND (agent_id = (select '
       'rls.current_agent_id())))'),
      ('R39', 'sessions.viewers_insert_none', 'a {streamspace_app} check (NOT (select rls.is_viewer()))'),
      ('R39', 'sessions.viewers_update_none', 'w {streamspace_app} using (NOT (select rls.is_viewer()))'),
      ('R39', 'templates.admins_delete', 'd {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'templates.admins_insert', 'a {streamspace_app} check (select rls.is_admin())'),
      ('R39', 'templates.admins_update', 'w {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'tickets.of_a_session_in_reach',
       'a {streamspace_app} check ((NOT (select rls.is_viewer())) AND (EXISTS ( SELECT FROM app.sessions s WHERE '
       '(s.id = tickets.session_id))))')
    ) p (rule, object, text);
end
$$;


ALTER FUNCTION rls.rules_pins() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_pins(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_pins() IS 'The exceptions to the rules, each with its full text.';


--
-- Name: rules_policies(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_policies() RETURNS TABLE(rule text, object text, detail text)
    LANGUAGE sql STABLE
    AS $$
with
  app_table as (select * from rls.catalogue_relations() where space = 'app' and kind in ('r', 'p')),
  org_table as (select * from rls.catalogue_org_tables()),
  policy as (select * from rls.catalogue_policies()),
  pin as (select * from rls.rules_pins())

-- R04 Every org table has the floor: a restrictive policy for all commands and the three roles that enter, with both conditions.
-- No other policy can widen it, and it raises an error when no organisation was entered.
select 'R04', t.label, coalesce((select format('tenant_floor is %s for %s to %s using %s with check %s',
         case when p.permissive then 'permissive' else 'restrictive' end, p.command, p.roles, p.reads, p.writes)
         from policy p where p.relation = t.oid and p.name = 'tenant_floor'), 'has no tenant_floor')
  from org_table t
 where not exists (
   select from policy p
    where p.relation = t.oid and p.name = 'tenant_floor' and not p.permissive and p.command = '*'
      and p.roles = array['streamspace_agent', 'streamspace_app', 'streamspace_system']
      and p.reads = t.floored and p.writes = t.floored)

-- R05 On every org table, roles that enter have the same policies for their organisation's rows. Pinned reads are the exception.
-- Permissive policies are combined with OR. If one is too wide, only the floor still protects the rows.
union all
select 'R05', t.label, format('%s for %s to %s using %s with check %s', p.name, p.command, p.roles, p.reads, p.writes)
  from app_table t join policy p on p.relation = t.oid left join org_table o on o.oid = t.oid
 where p.permissive and p.roles && array['streamspace_agent', 'streamspace_app', 'streamspace_system']
   and case -- so that only those in other words are written out
     when o.oid is null or p.roles <> array['streamspace_agent', 'streamspace_app', 'streamspace_system']
          or p.command <> 'a' and p.reads <> o.scoped or p.command in ('a', 'w', '*') and p.writes <> o.scoped
     then (t.name || '.' || p.name, rls.catalogue_policy_text(p.command, p.roles, p.reads, p.writes)) not in (
       select object, text from pin where rule = 'R05')
   end
union all
select 'R05', t.label, 'has no ' || canonical.name
  from org_table t
 cross join (values ('org_select', 'r'), ('org_insert', 'a'), ('org_update', 'w'), ('org_delete', 'd')) as canonical (name, command)
 where (t.name <> 'organizations' or canonical.command = 'r')
   and not exists (
     select from policy p
      where p.relation = t.oid and p.name = canonical.name and p.command = canonical.command::"char" and p.permissive)

-- R06 The definer reads all rows and writes an organisation's rows only inside it. Pinned policies cover the platform's rows.
-- Its functions run for any caller. A mistake in one of them must not write to another organisation.
union all
select 'R06', t.label, format('%s for %s using %s with check %s', p.name, p.command, p.reads, p.writes)
  from app_table t join policy p on p.relation = t.oid left join org_table o on o.oid = t.oid
 where p.permissive and p.roles @> array['streamspace_definer']
   and not (p.command = 'r' and p.reads in ('true', o.scoped))
   and (o.oid is null or p.command <> 'a' and p.reads <> o.scoped or p.command in ('a', '*') and p.writes <> o.scoped
        or p.command = 'w' and p.writes not in ('', o.scoped)
        or p.command = '*')
   and (t.name || '.' || p.name, rls.catalogue_policy_text(p.command, p.roles, p.reads, p.writes)) not in (
     select object, text from pin where rule = 'R06')

-- R07 Policies apply only to the three roles that enter, the definer, the owner and the backup role.
-- A policy for PUBLIC also applies to every role that is added later.
union all
select 'R07', p.relation::regclass::text, format('%s is to %s', p.name, p.roles)
  from policy p
 where not p.roles <@ array['streamspace_agent', 'streamspace_app', 'streamspace_backup', 'streamspace_definer',
   'streamspace_owner', 'streamspace_system']

-- R39 Exactly the pinned restrictive policies limit what a role may do inside an organisation.
-- When one is missing there is no error: everything works, but a member reads the rows of their colleagues.
union all
select 'R39', coalesce(pin.object, p.label), coalesce(p.says, 'is missing, or another')
  from (select object, text from pin where rule = 'R39') pin
  full join (
    select t.name || '.' || p.name as label,
           rls.catalogue_policy_text(p.command, p.roles, p.reads, p.writes) as says
      from policy p join app_table t on t.oid = p.relation
     where not p.permissive and p.name <> 'tenant_floor'
  ) p on p.label = pin.object
 where p.says is distinct from pin.text

-- R40 The owner, which migrates, has the same policy on every org table: for the rows of the organisation that it entered.
-- Without it an update in a migration changes no row and reports no error. With a wider one it changes the rows of
-- every organisation.
union all
select 'R40', p.relation::regclass::text, format('%s is %s for %s to %s using %s with check %s', p.name,
         case when p.permissive then 'permissive' else 'restrictive' end, p.command, p.roles, p.reads, p.writes)
  from policy p left join org_table t on t.oid = p.relation
 where 'streamspace_owner' = any (p.roles)
   and (p.name = 'owner_inside' and p.permissive and p.command = '*' and p.roles = array['streamspace_owner']
        and p.reads = t.scoped and p.writes = t.scoped) is not true
union all
select 'R40', t.label, 'has no owner_inside'
  from org_table t
 where not exists (select from policy p where p.relation = t.oid and p.name = 'owner_inside')

-- R41 The backup role has the same policy on every table in app: it reads all rows, and does nothing else.
-- pg_dump reads through it. From a table without the policy it dumps no row and reports no error.
union all
select 'R41', p.relation::regclass::text, format('%s is %s for %s to %s using %s', p.name,
         case when p.permissive then 'permissive' else 'restrictive' end, p.command, p.roles, p.reads)
  from policy p
 where 'streamspace_backup' = any (p.roles)
   and not (p.name = 'backup_select' and p.permissive and p.command = 'r' and p.roles = array['streamspace_backup']
            and p.reads = 'true')
union all
select 'R41', t.label, 'has no backup_select'
  from app_table t
 where not exists (select from policy p where p.relation = t.oid and p.name = 'backup_select')
$$;


ALTER FUNCTION rls.rules_policies() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_policies(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_policies() IS 'Rules: policies.';


--
-- Name: rules_privileges(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_privileges() RETURNS TABLE(rule text, object text, detail text)
    LANGUAGE sql STABLE
    AS $$
with
  ours as (select * from rls.catalogue_roles()),
  service as (select * from ours where name not in ('streamspace_owner', 'streamspace_definer')), -- owns nothing
  org_table as (select * from rls.catalogue_org_tables()),
  function as (select * from rls.catalogue_functions()),
  named_grants as (select * from rls.catalogue_grants()),
  pin as (select * from rls.rules_pins())

-- R26 No role may update org_id, and no role that serves may insert it.
-- A row whose org_id changes is lost to one organisation and given to another.
select 'R26', g.label, g.what || ' to ' || g.who
  from named_grants g join org_table t on t.oid = g.oid
 where g.privilege = 'UPDATE' and (g.column is null or g.column = t.key_name)
    or g.privilege = 'INSERT' and (g.column is null or g.column = t.key_name) and g.grantee in (select oid from service)

-- R27 No role may write a column that the database fills: numbers, actors, times, hashes, generations.
-- A role that could write them could rewrite history or exceed a quota.
union all
select 'R27', g.label, g.what || ' to ' || g.who
  from named_grants g
  join (select object, string_to_array(text, ' ') as columns from pin where rule = 'R27 filled') filled on filled.object = g.label
 where g.privilege in ('INSERT', 'UPDATE')
   and (g.column is null and g.privilege = 'INSERT' or g.column = any (filled.columns))
   and (g.label, g.what || ' to ' || g.who) not in (select object, text from pin where rule = 'R27')

-- R28 Only the definer and the backup role read hashes of secrets.
-- With a hash, a password can be guessed offline, and a query that compares hashes finds the holder of a secret.
union all
select 'R28', g.label, g.what || ' to ' || g.who
  from named_grants g
 where g.privilege = 'SELECT' and g.who not in ('streamspace_definer', 'streamspace_backup')
   and (g.column in ('secret_hash', 'password_hash')
        or g.column is null and exists (
          select from pg_attribute a where a.attrelid = g.oid and a.attname in ('secret_hash', 'password_hash')))

-- R29 No role may truncate, reference, create triggers on or maintain another role's table, or pass a grant on.
-- Policies do not apply to any of these.
union all
select 'R29', g.label, format('%s to %s%s', g.what, g.who, case when g.is_grantable then ', who may grant it' else '' end)
  from named_grants g
 where g.is_grantable or g.privilege not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE')

-- R30 In our schemas only our roles have grants: on tables, columns, functions and the schemas themselves.
-- PUBLIC includes every role, and this design knows nothing about the roles of another application.
union all
select 'R30', g.label, g.what || ' to ' || g.who
  from named_grants g
 where g.space in ('app', 'rls') and g.grantee not in (select oid from ours)
union all
select 'R30', f.label, 'execute to ' || x.grantee::regrole
  from function f, aclexplode(f.acl) x
 where x.grantee <> 0 and x.grantee not in (select oid from ours) and x.grantee <> f.owner
union all
select 'R30', n.nspname, format('%s to %s', lower(x.privilege_type), coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_namespace n, aclexplode(n.nspacl) x
 where n.nspname in ('app', 'rls') and x.grantee not in (select oid from ours)

-- R31 Neither our roles nor PUBLIC may call set_config, take advisory locks, use large objects, notify, or end others' work.
-- set_config could enter any organisation from inside a query. The others reach other connections, or store data that
-- no policy covers. Pinned are set_config for the definer and the backup role, and the lock with which migrations wait
-- for each other. An administrator without a superuser cannot revoke what initdb granted to PUBLIC (db/managed.sql).
union all
select 'R31', p.oid::regprocedure::text, 'execute to ' || coalesce(nullif(x.grantee, 0)::regrole::text, 'public')
  from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
 where p.pronamespace = to_regnamespace('pg_catalog') and x.grantee <> p.proowner
   and (p.proname in ('set_config', 'loread', 'lowrite', 'pg_notify', 'pg_cancel_backend', 'pg_terminate_backend')
        or p.proname like 'lo\_%' or p.proname like 'pg\_advisory%' or p.proname like 'pg\_try\_advisory%')
   and (x.grantee = 0 or x.grantee in (select oid from ours))
   and (p.oid::regprocedure::text, x.grantee::regrole::text) not in (select object, text from pin where rule = 'R31')
   and not (x.grantee = 0 and (select rls.administrator_v1()) is not null
            and p.proacl is not distinct from (select i.initprivs from pg_init_privs i where i.classoid = 'pg_proc'::regclass
                                                  and i.objoid = p.oid))

-- R32 Only the owner of a schema, and the definer in rls, may create objects here. No other role may create temporary tables.
-- An object belongs to the role that creates it and has no policies. A search_path may find it before ours.
union all
select 'R32', n.nspname, 'create to ' || coalesce(nullif(x.grantee, 0)::regrole::text, 'public')
  from pg_namespace n, aclexplode(n.nspacl) x
 where n.nspname !~ '^pg_temp' and x.privilege_type = 'CREATE' and x.grantee <> n.nspowner
   and (n.nspname, x.grantee::regrole::text) not in (select object, text from pin where rule = 'R32')
union all
select 'R32', 'this database',
       format('%s to %s', lower(x.privilege_type), coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x
 where d.datname = current_database() and x.grantee <> d.datdba
   and (x.privilege_type <> 'CONNECT' or x.grantee = 0)

-- R33 By default only the backup role may read new tables, and PUBLIC may not execute new functions of ours.
-- Default privileges take effect without a grant that a reviewer would see.
union all
select 'R33', d.defaclrole::regrole::text, format('%s on later %s to %s', lower(x.privilege_type), d.defaclobjtype,
         coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_default_acl d, aclexplode(d.defaclacl) x
 where x.grantee <> d.defaclrole
   and (d.defaclrole::regrole::text, format('%s on later %s to %s', lower(x.privilege_type), d.defaclobjtype,
         coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))) not in (select object, text from pin where rule = 'R33')
union all
select 'R33', o.name, 'public may execute its later functions'
  from ours o
 where o.name in ('streamspace_owner', 'streamspace_definer')
   and not exists (
     select from pg_default_acl d where d.defaclrole = o.oid and d.defaclobjtype = 'f' and d.defaclnamespace = 0)

-- R34 No role, except a superuser, has a grant to set or alter a server parameter.
-- Some parameters disable triggers or load a library.
union all
select 'R34', a.parname, format('%s to %s', lower(x.privilege_type), coalesce(nullif(x.grantee, 0)::regrole::text, 'public'))
  from pg_parameter_acl a, aclexplode(a.paracl) x
 where x.grantee <> 10
$$;


ALTER FUNCTION rls.rules_privileges() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_privileges(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_privileges() IS 'Rules: privileges.';


--
-- Name: rules_reviewed(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_reviewed() RETURNS TABLE(class oid, object oid)
    LANGUAGE plpgsql STABLE
    AS $$
#variable_conflict use_column
begin
  return query
    select d.classid, d.objid
      from pg_catalog.pg_extension e
      join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_extension'::regclass and d.refobjid = e.oid
     where d.deptype = 'e' and e.extname::text in (select x.name from rls.rules_extensions() x);
end
$$;


ALTER FUNCTION rls.rules_reviewed() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_reviewed(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_reviewed() IS 'Objects of reviewed extensions. Those in app and rls are checked all the same.';


--
-- Name: rules_roles(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_roles() RETURNS TABLE(rule text, object text, detail text)
    LANGUAGE sql STABLE
    AS $$
with
  ours as (select * from rls.catalogue_roles()),
  service as (select * from ours where name not in ('streamspace_owner', 'streamspace_definer')), -- owns nothing
  relation as (select * from rls.catalogue_relations()),
  administrator as (select rls.administrator_v1() as oid), -- db/managed.sql says what it can do
  pin as (select * from rls.rules_pins())

-- R13 Our roles have no SUPERUSER, CREATEROLE, CREATEDB, REPLICATION or BYPASSRLS.
-- Each of these attributes bypasses every policy, or can create a role that does.
select 'R13', r.rolname, array_to_string(array[
         case when r.rolsuper then 'superuser' end, case when r.rolcreaterole then 'createrole' end,
         case when r.rolcreatedb then 'createdb' end, case when r.rolreplication then 'replication' end,
         case when r.rolbypassrls then 'bypassrls' end, case when r.rolcanlogin then 'login' end], ', ')
  from pg_roles r
 where r.rolname ~ '^streamspace_'
   and (r.rolsuper or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolbypassrls
        or r.rolcanlogin and r.rolname in ('streamspace_owner', 'streamspace_definer'))

-- R14 No other role, except superusers and the administrator, bypasses row-level security or could give itself one of ours.
-- BYPASSRLS reads every organisation. Before PostgreSQL 16, CREATEROLE can join the owner. The files of the server hold
-- the tables.
union all
select 'R14', r.rolname, case when r.rolbypassrls then 'bypasses row-level security' else 'may create, and so join, roles' end
  from pg_roles r
 where not r.rolsuper and r.rolname !~ '^streamspace_' and r.oid is distinct from (select a.oid from administrator a)
   and (r.rolbypassrls or r.rolcreaterole and current_setting('server_version_num')::int < 160000)
union all
select 'R14', m.member::regrole::text, 'is a member of ' || m.roleid::regrole
  from pg_auth_members m join pg_roles r on r.oid = m.member and not r.rolsuper
 where m.roleid::regrole::text in ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
   and r.rolname !~ '^streamspace_'

-- R15 The migrator may become the owner, and the owner the definer. Our roles have no other members or memberships.
-- A member has, or can take, all rights of the role, including its policies. From PostgreSQL 16 on the administrator keeps
-- ADMIN on each role that it made, but has and takes none of its rights.
union all
select 'R15', m.member::regrole::text,
       format('is a member of %s%s', m.roleid::regrole, case when m.admin_option then ', and may add others' end)
  from pg_auth_members m
 where (m.member in (select oid from ours) or m.roleid in (select oid from ours))
   and (m.admin_option or (m.member::regrole::text, m.roleid::regrole::text) not in (
     select object, text from pin where rule = 'R15'))
   and (m.member = (select a.oid from administrator a)
        and to_jsonb(m) @> '{"inherit_option": false, "set_option": false}') is not true

-- R16 Roles that serve own nothing. The definer owns only functions, and the owner owns everything else.
-- An object's owner can grant, alter and drop it, and so remove what protects it.
union all
select 'R16', pg_describe_object(d.classid, d.objid, d.objsubid), 'is owned by ' || o.name
  from pg_shdepend d join ours o on o.oid = d.refobjid
 where d.refclassid = 'pg_authid'::regclass and d.deptype = 'o'
   and d.dbid in (0, (select oid from pg_database where datname = current_database()))
   and (o.oid in (select oid from service)
        or o.name = 'streamspace_definer' and d.classid not in ('pg_proc'::regclass, 'pg_default_acl'::regclass))
union all
select 'R16', r.label, 'is owned by ' || r.owner::regrole
  from relation r
 where r.space in ('app', 'rls') and r.owner not in (select oid from ours)
union all
select 'R16', n.nspname, 'is owned by ' || n.nspowner::regrole
  from pg_namespace n
 where n.nspname in ('app', 'rls') and n.nspowner::regrole::text <> 'streamspace_owner'

-- R17 No setting of a role or of this database sets app.* or disables what the policies rely on.
-- Such a setting applies as soon as a connection begins: an organisation that was never entered, triggers that do not
-- fire, or other functions.
union all
select 'R17', format('%s in %s', case when s.setrole = 0 then 'everybody' else s.setrole::regrole::text end,
         case when s.setdatabase = 0 then 'every database' else 'this database' end), c
  from pg_db_role_setting s, unnest(s.setconfig) c
 where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
   and (c ~* '^app\.' or lower(split_part(c, '=', 1)) in (
     'row_security', 'session_replication_role', 'role', 'session_authorization', 'search_path',
     'session_preload_libraries', 'local_preload_libraries'))
$$;


ALTER FUNCTION rls.rules_roles() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_roles(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_roles() IS 'Rules: roles, what they own and their settings.';


--
-- Name: rules_tables(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_tables() RETURNS TABLE(rule text, object text, detail text)
    LANGUAGE sql STABLE
    AS $$
with
  relation as (select * from rls.catalogue_relations()),
  app_table as (select * from relation where space = 'app' and kind in ('r', 'p')),
  org_table as (select * from rls.catalogue_org_tables()),
  pin as (select * from rls.rules_pins())

-- R01 Every table in app has org_id, except the platform's own tables.
-- No policy can separate the rows of a table without org_id by organisation.
select 'R01', t.label, 'has no org_id'
  from app_table t
 where t.label not in (select object from pin where rule = 'R01')
   and not exists (select from org_table o where o.oid = t.oid)

-- R02 Every table is in app, except goose's. There are no foreign tables, and no sequence except goose's.
-- The other rules look only at the policies of tables in app.
union all
select 'R02', r.label, case r.kind when 'f' then 'a foreign table' when 'S' then 'a sequence' else 'a table' end
  from relation r
 where (r.space <> 'app' and r.kind in ('r', 'p') or r.kind in ('f', 'S'))
   and not exists (
     select from pin
      where pin.rule = 'R02' and pin.object = r.label
        and pin.text = (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
                          from pg_attribute a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped))

-- R03 Every table in app has row-level security enabled and forced.
-- When it is not enabled, PostgreSQL ignores the policies. When it is not forced, they do not bind the table's owner,
-- and a migration sees the rows of every organisation.
union all
select 'R03', t.label, case when t.rls then 'does not force row-level security' else 'has no row-level security' end
  from app_table t
 where not (t.rls and t.forced)

-- R12 No table in app is partitioned, is a partition, or inherits.
-- The policies of the parent table do not apply to a query on one of its parts.
union all
select 'R12', i.inhrelid::regclass::text, 'inherits from ' || i.inhparent::regclass
  from pg_inherits i join app_table t on t.oid in (i.inhparent, i.inhrelid)
union all
select 'R12', t.label, 'is partitioned' from app_table t where t.kind = 'p'
$$;


ALTER FUNCTION rls.rules_tables() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_tables(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_tables() IS 'Rules: tables.';


--
-- Name: rules_triggers(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_triggers() RETURNS TABLE(rule text, object text, detail text)
    LANGUAGE sql STABLE
    AS $$
with
  relation as (select * from rls.catalogue_relations())

-- R24 Triggers run SECURITY DEFINER functions of the definer. All triggers are enabled, including those of foreign keys.
-- They number, chain and count rows for every writer. A disabled foreign key lets a row point into another
-- organisation.
select 'R24', t.tgrelid::regclass::text,
       format('%s runs %s%s', t.tgname, t.tgfoid::regprocedure, case when t.tgenabled <> 'O' then ', and is not enabled' end)
  from pg_trigger t join pg_proc p on p.oid = t.tgfoid join relation r on r.oid = t.tgrelid
 where t.tgenabled <> 'O'
    or not t.tgisinternal
       and (not p.prosecdef or p.proowner::regrole::text <> 'streamspace_definer' or p.pronamespace <> to_regnamespace('rls'))

-- R25 There are no event triggers, and no rewrite rules except those of views.
-- Both run unnoticed while another role works, with the rights of that role.
union all
select 'R25', e.evtname, 'is an event trigger that runs ' || e.evtfoid::regprocedure from pg_event_trigger e
 where (e.tableoid, e.oid) not in (select r.class, r.object from rls.rules_reviewed() r)
union all
select 'R25', w.ev_class::regclass::text, 'has the rule ' || w.rulename
  from pg_rewrite w join relation r on r.oid = w.ev_class
 where w.rulename <> '_RETURN'
$$;


ALTER FUNCTION rls.rules_triggers() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_triggers(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_triggers() IS 'Rules: triggers and rewrite rules.';


--
-- Name: rules_version(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_version() RETURNS integer
    LANGUAGE sql IMMUTABLE
    AS $$ select 17 $$;


ALTER FUNCTION rls.rules_version() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_version(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_version() IS 'The version of the rules.';


--
-- Name: rules_views(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.rules_views() RETURNS TABLE(rule text, object text, detail text)
    LANGUAGE sql STABLE
    AS $$
with
  relation as (select * from rls.catalogue_relations())

-- R18 Every view is a security_invoker view.
-- Any other view reads with the rights and the policies of its owner, instead of the caller's.
select 'R18', r.label, 'reads as its owner, ' || r.owner::regrole
  from relation r
 where r.kind = 'v' and not coalesce(r.options && array['security_invoker=true', 'security_invoker=on'], false)

-- R19 There are no materialised views.
-- A materialised view holds rows of every organisation that it was filled from, and cannot have policies.
union all
select 'R19', r.label, 'is a materialised view' from relation r where r.kind = 'm'
$$;


ALTER FUNCTION rls.rules_views() OWNER TO streamspace_definer;

--
-- Name: FUNCTION rules_views(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.rules_views() IS 'Rules: views.';


--
-- Name: scope(uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.scope(org uuid) RETURNS text
    LANGUAGE sql
    AS $$ select case when coalesce(pg_catalog.current_setting('app.org_id', true), '') = ''
                    then pg_catalog.set_config('app.org_id', org::text, true) else rls.already_inside() end $$;


ALTER FUNCTION rls.scope(org uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION scope(org uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.scope(org uuid) IS 'Sets the org of the transaction. Only the definer''s functions may execute it.';


--
-- Name: serve_org(text, uuid, uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.serve_org(operator text, agent uuid, org uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.enter_operator(org, operator);
  if exists (select from app.agents a where a.id = agent and a.revoked_at is not null) then
    raise exception 'revoked agent' using errcode = 'SS010';
  end if;
  insert into app.agent_orgs (agent_id) values (agent) on conflict (org_id, agent_id) do nothing;
  if found then
    insert into app.audit_log (action, subject) values ('agent.serve', agent::text);
  end if;
end $$;


ALTER FUNCTION rls.serve_org(operator text, agent uuid, org uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION serve_org(operator text, agent uuid, org uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.serve_org(operator text, agent uuid, org uuid) IS 'Lets an agent run an org''s sessions, unless it is revoked.';


--
-- Name: session_is_foreign(uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.session_is_foreign(session uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select exists (select from app.sessions s where s.id = session and s.org_id <> rls.current_org_id()) $$;


ALTER FUNCTION rls.session_is_foreign(session uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION session_is_foreign(session uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.session_is_foreign(session uuid) IS 'Whether a session belongs to another org than the one that was entered.';


--
-- Name: sessions_left_behind(integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.sessions_left_behind(page integer) RETURNS TABLE(org uuid, session uuid, reason text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select s.org_id, s.id, case when o.suspended then 'org_suspended' else 'owner_left' end
    from app.sessions s join app.organizations o on o.id = s.org_id
    left join app.departures d on d.org_id = s.org_id and d.user_id = s.owner_id
   where s.desired = 'running' and s.state not in ('terminated', 'failed')
     and (o.suspended_at < now() - interval '1 day'
          or d.left_at < now() - interval '1 day'
             and not exists (select from app.memberships m where m.org_id = s.org_id and m.user_id = s.owner_id))
   order by s.id
   limit least(page, 1000)
$$;


ALTER FUNCTION rls.sessions_left_behind(page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION sessions_left_behind(page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.sessions_left_behind(page integer) IS 'Sessions whose owner left the org, or whose org was suspended, a day ago or earlier. The service ends them.';


--
-- Name: sessions_overdue(integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.sessions_overdue(page integer) RETURNS TABLE(org uuid, session uuid, reason text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select s.org_id, s.id, 'agent_away'
    from app.sessions s
   where s.desired = 'terminated' and s.state not in ('terminated', 'failed') and s.end_wanted_at < now() - interval '5 min'
   order by s.end_wanted_at
   limit least(page, 1000)
$$;


ALTER FUNCTION rls.sessions_overdue(page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION sessions_overdue(page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.sessions_overdue(page integer) IS 'Sessions whose agent has not ended them within five minutes of the request. The service ends them instead.';


--
-- Name: set_limits(text, uuid, jsonb); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.set_limits(operator text, org uuid, limits jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.enter_operator(org, operator);
  perform from app.quota_limits l where l.kind = 'sessions' for no key update; -- first, as admins do, or they deadlock
  insert into app.quota_limits (kind)
  select g.kind from jsonb_to_recordset(limits) g (kind text) where g.kind <> 'sessions'
      on conflict (org_id, kind) do nothing;
  update app.quota_limits l
     set per_org = case l.kind when 'sessions' then coalesce(g.per_org, l.per_org) else nullif(coalesce(g.per_org, l.per_org), 0) end,
         per_user = case l.kind when 'sessions' then coalesce(g.per_user, l.per_user) else nullif(coalesce(g.per_user, l.per_user), 0) end
    from jsonb_to_recordset(limits) g (kind text, per_org bigint, per_user bigint)
   where l.kind = g.kind; -- the policy allows only this org's
  insert into app.events (type, subject_id, audience, data)
  select 'quota.updated', org, 'everyone', jsonb_object_agg(l.kind, jsonb_strip_nulls(jsonb_build_object(
           'per_org', least(l.per_org, l.own_per_org), 'per_user', least(l.per_user, l.own_per_user))))
    from app.quota_limits l
   where least(l.per_org, l.own_per_org, l.per_user, l.own_per_user) is not null;
  insert into app.audit_log (action, subject) values ('org.limits', org::text);
end $$;


ALTER FUNCTION rls.set_limits(operator text, org uuid, limits jsonb) OWNER TO streamspace_definer;

--
-- Name: FUNCTION set_limits(operator text, org uuid, limits jsonb); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.set_limits(operator text, org uuid, limits jsonb) IS 'Changes how much an org and each of its members may have: an array of objects with kind, per_org and per_user. Null: it stays. Zero: no limit, except of sessions. What runs above a lower limit runs on.';


--
-- Name: set_limits(text, uuid, bigint, bigint); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.set_limits(operator text, org uuid, per_org bigint, per_user bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  its app.quota_limits;
begin
  perform rls.enter_operator(org, operator);
  update app.quota_limits l set per_org = coalesce(set_limits.per_org, l.per_org), per_user = coalesce(set_limits.per_user, l.per_user)
   where l.kind = 'sessions' -- the policy allows only this org's
  returning l.* into its;
  insert into app.events (type, subject_id, audience, data)
  values ('quota.updated', org, 'everyone', jsonb_build_object('sessions', jsonb_build_object(
    'per_org', least(its.per_org, its.own_per_org), 'per_user', least(its.per_user, its.own_per_user))));
  insert into app.audit_log (action, subject) values ('org.limits', org::text);
end $$;


ALTER FUNCTION rls.set_limits(operator text, org uuid, per_org bigint, per_user bigint) OWNER TO streamspace_definer;

--
-- Name: FUNCTION set_limits(operator text, org uuid, per_org bigint, per_user bigint); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.set_limits(operator text, org uuid, per_org bigint, per_user bigint) IS 'Changes how many sessions an org and each of its members may have. Null: it stays. What runs above a lower limit runs on.';


--
-- Name: set_password(text, uuid, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.set_password(operator text, usr uuid, password_hash text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update app.users u set password_hash = set_password.password_hash where u.id = usr;
  if not found then
    raise exception 'unknown user' using errcode = 'SS015';
  end if;
  delete from app.password_resets r where r.user_id = usr; -- a link that was asked for before
  perform rls.log_operator(operator, 'user.reset', usr::text);
end $$;


ALTER FUNCTION rls.set_password(operator text, usr uuid, password_hash text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION set_password(operator text, usr uuid, password_hash text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.set_password(operator text, usr uuid, password_hash text) IS 'Sets a user''s password. Existing sign-ins stay valid.';


--
-- Name: set_settings(integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.set_settings(max_key_days integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update app.organizations o set max_key_days = set_settings.max_key_days where rls.is_admin(); -- this org, by the policy
  if not found then
    raise exception 'only an admin changes the settings' using errcode = '42501';
  end if;
end $$;


ALTER FUNCTION rls.set_settings(max_key_days integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION set_settings(max_key_days integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.set_settings(max_key_days integer) IS 'An admin changes the settings of their org.';


--
-- Name: set_up(bytea, uuid, text, text, text, uuid, text, text, text, bigint, bigint); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.set_up(hash bytea, usr uuid, email text, name text, password_hash text, org uuid, slug text, org_name text, namespace text, per_org bigint, per_user bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- The row's lock lets one set-up finish before another begins.
  update app.installation i set secret_hash = null, secret_ends_at = null where i.secret_hash = hash and i.secret_ends_at > now();
  if not found then
    raise exception 'unknown or expired setup code' using errcode = 'SS014';
  elsif exists (select from app.organizations) then
    raise exception 'an organisation exists already' using errcode = 'SS013';
  end if;
  perform rls.create_user('setup', usr, email, name, password_hash);
  perform rls.create_org('setup', org, slug, org_name, namespace, usr, per_org, per_user);
end $$;


ALTER FUNCTION rls.set_up(hash bytea, usr uuid, email text, name text, password_hash text, org uuid, slug text, org_name text, namespace text, per_org bigint, per_user bigint) OWNER TO streamspace_definer;

--
-- Name: FUNCTION set_up(hash bytea, usr uuid, email text, name text, password_hash text, org uuid, slug text, org_name text, namespace text, per_org bigint, per_user bigint); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.set_up(hash bytea, usr uuid, email text, name text, password_hash text, org uuid, slug text, org_name text, namespace text, per_org bigint, per_user bigint) IS 'Creates the first org with its owner, for whom holds the setup code.';


--
-- Name: sign_in(uuid, uuid, uuid, bytea, timestamp with time zone, text, text, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.sign_in(usr uuid, org uuid, credential uuid, hash bytea, ends timestamp with time zone, address text DEFAULT ''::text, browser text DEFAULT ''::text, verified text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  its_role text;
  its_end timestamptz;
  its_name uuid;
begin
  -- A change of the password, by whichever function, updates the row and ends the user's sign-ins. So one by the password before is
  -- either ended by it, or waits here and is refused. FOR KEY SHARE would not wait: a password is no key.
  perform from app.users u where u.id = usr and (verified is null or u.password_hash = verified) for share;
  if not found then
    raise exception 'the password has changed' using errcode = 'SS001';
  end if;
  select m.role, m.ends_at into its_role, its_end
    from app.memberships m
   where m.org_id = org and m.user_id = usr and (m.ends_at is null or m.ends_at > now());
  if not found then
    raise exception 'not a member of this organisation' using errcode = 'SS001';
  end if;
  perform rls.scope(org), set_config('app.user_id', usr::text, true);
  begin
    insert into app.credentials (id, user_id, role, secret_hash, ends_at, address, browser)
    values (credential, usr, its_role, hash, least(ends, its_end), sign_in.address, sign_in.browser)
    returning public_id into its_name;
  exception when foreign_key_violation then -- the org is suspended, the user disabled, or the membership another by now
    raise exception 'not a member of this organisation' using errcode = 'SS001';
  end;
  insert into app.audit_log (action, subject) values ('credential.sign_in', its_name::text);
  return its_role;
end $$;


ALTER FUNCTION rls.sign_in(usr uuid, org uuid, credential uuid, hash bytea, ends timestamp with time zone, address text, browser text, verified text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION sign_in(usr uuid, org uuid, credential uuid, hash bytea, ends timestamp with time zone, address text, browser text, verified text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.sign_in(usr uuid, org uuid, credential uuid, hash bytea, ends timestamp with time zone, address text, browser text, verified text) IS 'Creates a credential for a member and returns their role. verified is the hash that the password was compared with, null if there was none.';


--
-- Name: sign_in_is_foreign(uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.sign_in_is_foreign(sign_in uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select exists (select from app.credentials k where k.public_id = sign_in and k.org_id <> rls.current_org_id()) $$;


ALTER FUNCTION rls.sign_in_is_foreign(sign_in uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION sign_in_is_foreign(sign_in uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.sign_in_is_foreign(sign_in uuid) IS 'Whether a sign-in or an API key, by its public id, is to another org than the one that was entered.';


--
-- Name: sign_out_others(uuid, uuid, text, uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.sign_out_others(org uuid, usr uuid, claimed text, credential uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform from app.users u where u.id = usr for update;
  perform rls.require_credential(org, usr, claimed, credential);
  perform rls.end_other_sign_ins(org, usr, credential, 'credential.sign_out_others', false);
end $$;


ALTER FUNCTION rls.sign_out_others(org uuid, usr uuid, claimed text, credential uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION sign_out_others(org uuid, usr uuid, claimed text, credential uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.sign_out_others(org uuid, usr uuid, claimed text, credential uuid) IS 'Ends all sign-ins of a user in every org, but the one that asks.';


--
-- Name: sign_out_user(text, uuid, uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.sign_out_user(operator text, org uuid, usr uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.enter_operator(org, operator);
  delete from app.credentials k where k.user_id = usr; -- the policy allows only this org's
  if found then
    insert into app.audit_log (action, subject) values ('member.sign_out', usr::text);
  end if;
end $$;


ALTER FUNCTION rls.sign_out_user(operator text, org uuid, usr uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION sign_out_user(operator text, org uuid, usr uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.sign_out_user(operator text, org uuid, usr uuid) IS 'Ends all sign-ins of a user to one org, and their API keys.';


--
-- Name: start_elsewhere(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.start_elsewhere() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.current_org_id(); -- raises without an org, which an update that finds no row need not
  update app.agent_orgs s set failed_at = now() where s.agent_id = rls.current_agent_id();
  update app.sessions s set agent_id = null, failed_on = s.agent_id, state = 'pending', waits_for = 'host'
   where s.id = rls.current_session_id() and s.agent_id = rls.current_agent_id()
     and s.desired = 'running' and s.state in ('pending', 'starting') and s.failed_on is null
     and exists (select from app.agent_orgs o join app.agents a on a.id = o.agent_id
                  where o.agent_id <> s.agent_id and a.revoked_at is null);
  return found;
end $$;


ALTER FUNCTION rls.start_elsewhere() OWNER TO streamspace_definer;

--
-- Name: FUNCTION start_elsewhere(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.start_elsewhere() IS 'Notes that the agent that reports could not start the session, and takes the session from it, if it can be tried on another one.';


--
-- Name: suspend_org(text, uuid, boolean); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.suspend_org(operator text, org uuid, suspend boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.enter_operator(org, operator);
  update app.organizations o set suspended = suspend where o.suspended <> suspend; -- the policy allows only this org
  if found then
    insert into app.audit_log (action, subject) values (case when suspend then 'org.suspend' else 'org.resume' end, org::text);
  end if;
end $$;


ALTER FUNCTION rls.suspend_org(operator text, org uuid, suspend boolean) OWNER TO streamspace_definer;

--
-- Name: FUNCTION suspend_org(operator text, org uuid, suspend boolean); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.suspend_org(operator text, org uuid, suspend boolean) IS 'Suspends an org, or resumes it. A suspended org is entered by none of its members.';


--
-- Name: switch_org(uuid, uuid, text, uuid, text, uuid, bytea, text, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.switch_org(org uuid, usr uuid, claimed text, credential uuid, slug text, new_credential uuid, hash bytea, address text, browser text) RETURNS TABLE(its_org uuid, its_name text, its_role text, its_end timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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


ALTER FUNCTION rls.switch_org(org uuid, usr uuid, claimed text, credential uuid, slug text, new_credential uuid, hash bytea, address text, browser text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION switch_org(org uuid, usr uuid, claimed text, credential uuid, slug text, new_credential uuid, hash bytea, address text, browser text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.switch_org(org uuid, usr uuid, claimed text, credential uuid, slug text, new_credential uuid, hash bytea, address text, browser text) IS 'Creates a credential in another org of who has signed in, without a password. It ends no later than theirs. No row: they may not enter.';


--
-- Name: take_over(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.take_over() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if new.owner_id is distinct from rls.current_user_id()
     or exists (select from app.memberships m where m.org_id = old.org_id and m.user_id = old.owner_id) then
    raise exception 'the owner of the session is still a member' using errcode = 'SS016';
  elsif new.desired = 'terminated' or new.state in ('terminated', 'failed') then
    raise exception 'the session has ended' using errcode = 'SS006';
  end if;
  -- Of two take-overs each locks a former member's row and then a member's: they cannot wait for each other.
  update app.quota_usage q set used = q.used - 1 where q.holder_id = old.owner_id;
  update app.quota_usage q set used = q.used + 1 from app.quota_limits l
   where l.kind = q.kind and q.holder_id = new.owner_id and q.used < least(l.per_user, coalesce(q.own_limit, l.own_per_user));
  if not found then
    raise exception 'no sessions left in the quota of the user' using errcode = 'SS005', detail =
      (select jsonb_build_object('kind', 'sessions', 'holder', 'user',
                                 'limit', least(l.per_user, coalesce(q.own_limit, l.own_per_user)))::text
         from app.quota_limits l join app.quota_usage q using (org_id, kind) where q.holder_id = new.owner_id);
  end if;
  return null;
end $$;


ALTER FUNCTION rls.take_over() OWNER TO streamspace_definer;

--
-- Name: FUNCTION take_over(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.take_over() IS 'Lets an admin become the owner of a session whose owner has left, and counts it in the quota of the admin instead.';


--
-- Name: template_is_foreign(uuid); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.template_is_foreign(template uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select exists (select from app.templates t where t.id = template and t.org_id <> rls.current_org_id()) $$;


ALTER FUNCTION rls.template_is_foreign(template uuid) OWNER TO streamspace_definer;

--
-- Name: FUNCTION template_is_foreign(template uuid); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.template_is_foreign(template uuid) IS 'Whether a private template belongs to another org than the one that was entered.';


--
-- Name: tenant_conditions_v1(name); Type: FUNCTION; Schema: rls; Owner: streamspace_owner
--

CREATE FUNCTION rls.tenant_conditions_v1(key name) RETURNS TABLE(scoped text, floored text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select pg_catalog.format('(%I = ( SELECT rls.current_org_id() AS current_org_id))', key),
         pg_catalog.format('((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND '
           '(%I = ( SELECT rls.current_org_id() AS current_org_id)))', key)
$$;


ALTER FUNCTION rls.tenant_conditions_v1(key name) OWNER TO streamspace_owner;

--
-- Name: FUNCTION tenant_conditions_v1(key name); Type: COMMENT; Schema: rls; Owner: streamspace_owner
--

COMMENT ON FUNCTION rls.tenant_conditions_v1(key name) IS 'The conditions on the column with the org''s id: one for the permissive policies, one for the floor.';


--
-- Name: unacknowledged(uuid[], integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.unacknowledged(agents uuid[], page integer) RETURNS TABLE(agent uuid, session uuid, namespace text, desired text, generation bigint, state text, observed_epoch bigint, spec jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select s.agent_id, s.id, coalesce(o.namespace, ''), s.desired, s.generation, s.state, s.observed_epoch, s.spec
    from app.sessions s join app.organizations o on o.id = s.org_id
   where s.agent_id = any (agents) and s.state not in ('terminated', 'failed') and s.observed_generation < s.generation
   order by s.id
   limit least(page, 1000)
$$;


ALTER FUNCTION rls.unacknowledged(agents uuid[], page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION unacknowledged(agents uuid[], page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.unacknowledged(agents uuid[], page integer) IS 'Sessions of some agents whose newest generation no agent has reported on: it may not know of it.';


--
-- Name: unpublish_template(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.unpublish_template() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  delete from app.public_templates p where p.id = old.public_id;
  if found then
    perform rls.log_operator('organisation ' || old.org_id, 'template.withdraw', old.name);
  end if;
  return null;
end $$;


ALTER FUNCTION rls.unpublish_template() OWNER TO streamspace_definer;

--
-- Name: FUNCTION unpublish_template(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.unpublish_template() IS 'Removes the public template that was made of an org''s own, when the org withdraws or deletes that.';


--
-- Name: use_slot(); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.use_slot() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  held uuid := case when old.state not in ('terminated', 'failed') then old.agent_id end;
  needed uuid := case when new.state not in ('terminated', 'failed') then new.agent_id end;
begin
  if held is distinct from needed then
    delete from app.agent_slots t using app.agents a where t.session_id = old.id and a.id = t.agent_id and t.slot > a.slots;
    update app.agent_slots t set session_id = null where t.session_id = old.id;
    -- An agent that does not serve the org, and an id that another session has, are refused by the table's keys, and not for a
    -- reason that tells of slots.
    if needed is not null and exists (select from app.agent_orgs s where s.agent_id = needed)
       and not exists (select from app.agent_slots t where t.session_id = new.id) then
      update app.agent_slots t set session_id = new.id
       where t.agent_id = needed and t.slot = (
         select f.slot from app.agent_slots f join app.agents a on a.id = f.agent_id
          where f.agent_id = needed and f.session_id is null and f.slot <= a.slots
          order by f.slot limit 1 for update of f skip locked);
      if not found then
        raise exception 'no free slot on the agent' using errcode = 'SS030';
      end if;
    end if;
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  if old.agent_id is distinct from new.agent_id then
    -- What another agent has reported says nothing of this one's epochs.
    new.observed_epoch := 0;
    new.observed_generation := 0;
    new.waits_since := case when new.agent_id is null then now() else new.waits_since end;
  end if;
  if new.agent_id is not null or new.state <> 'pending' then
    new.waits_for := '';
  end if;
  return new;
end $$;


ALTER FUNCTION rls.use_slot() OWNER TO streamspace_definer;

--
-- Name: FUNCTION use_slot(); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.use_slot() IS 'A session on an agent holds one of its slots until it ends. Without a free slot it is refused, whoever writes it.';


--
-- Name: user_by_email(text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.user_by_email(address text) RETURNS TABLE(id uuid, password_hash text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select u.id, u.password_hash from app.users u where u.email = address and not u.disabled $$;


ALTER FUNCTION rls.user_by_email(address text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION user_by_email(address text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.user_by_email(address text) IS 'The user with this email address, unless disabled.';


--
-- Name: verify_audit(bigint, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.verify_audit(after bigint, page integer) RETURNS TABLE(checked bigint, checked_hash bytea, more boolean, broken bigint, reason text, head bigint, head_hash bytea)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select c.* from rls.check_audit(after, page) c where rls.is_admin() $$;


ALTER FUNCTION rls.verify_audit(after bigint, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION verify_audit(after bigint, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.verify_audit(after bigint, page integer) IS 'Checks a page of the audit log''s chain, for admins.';


--
-- Name: verify_org_audit(uuid, bigint, integer); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.verify_org_audit(org uuid, after bigint, page integer) RETURNS TABLE(checked bigint, checked_hash bytea, more boolean, broken bigint, reason text, head bigint, head_hash bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform rls.scope(org);
  return query select c.* from rls.check_audit(after, page) c;
end $$;


ALTER FUNCTION rls.verify_org_audit(org uuid, after bigint, page integer) OWNER TO streamspace_definer;

--
-- Name: FUNCTION verify_org_audit(org uuid, after bigint, page integer); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.verify_org_audit(org uuid, after bigint, page integer) IS 'Checks a page of the chain of an org''s audit log, for operators. It returns numbers and hashes, no entry.';


--
-- Name: withdraw_template(text, text); Type: FUNCTION; Schema: rls; Owner: streamspace_definer
--

CREATE FUNCTION rls.withdraw_template(operator text, name text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  delete from app.public_templates t where t.name = withdraw_template.name;
  if not found then
    return false;
  end if;
  perform rls.log_operator(operator, 'template.withdraw', withdraw_template.name);
  return true;
end $$;


ALTER FUNCTION rls.withdraw_template(operator text, name text) OWNER TO streamspace_definer;

--
-- Name: FUNCTION withdraw_template(operator text, name text); Type: COMMENT; Schema: rls; Owner: streamspace_definer
--

COMMENT ON FUNCTION rls.withdraw_template(operator text, name text) IS 'Removes a public template with all its revisions, if there is one. Sessions keep their copy.';


--
-- Name: agent_orgs; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.agent_orgs (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    agent_id uuid NOT NULL,
    failed_at timestamp with time zone
);

ALTER TABLE ONLY app.agent_orgs FORCE ROW LEVEL SECURITY;


ALTER TABLE app.agent_orgs OWNER TO streamspace_owner;

--
-- Name: TABLE agent_orgs; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.agent_orgs IS 'The agents that serve an org.';


--
-- Name: COLUMN agent_orgs.failed_at; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.agent_orgs.failed_at IS 'When a session of this org last failed to start there, and the host was the cause.';


--
-- Name: agent_slots; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.agent_slots (
    agent_id uuid NOT NULL,
    slot integer NOT NULL,
    session_id uuid
);

ALTER TABLE ONLY app.agent_slots FORCE ROW LEVEL SECURITY;


ALTER TABLE app.agent_slots OWNER TO streamspace_owner;

--
-- Name: TABLE agent_slots; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.agent_slots IS 'The slots of each agent, and the session that holds each, of whichever org. Only the definer''s functions reach them, so that an org learns nothing of the sessions of others.';


--
-- Name: agents; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.agents (
    id uuid NOT NULL,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    epoch bigint DEFAULT 0 NOT NULL,
    version text DEFAULT ''::text NOT NULL,
    seen_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    slots integer DEFAULT 0 NOT NULL,
    contact bigint DEFAULT 0 NOT NULL,
    unknown_sessions jsonb DEFAULT '[]'::jsonb NOT NULL,
    unenforced_limits text[],
    CONSTRAINT agents_name_is_text CHECK ((rls.is_plain_text(name) AND ((length(name) >= 1) AND (length(name) <= 80)))),
    CONSTRAINT agents_slots_bounds CHECK (((slots >= 0) AND (slots <= 1000))),
    CONSTRAINT agents_unenforced_limits_are_known CHECK ((unenforced_limits = array_remove(ARRAY[
CASE
    WHEN ('cpu'::text = ANY (unenforced_limits)) THEN 'cpu'::text
    ELSE NULL::text
END,
CASE
    WHEN ('disk'::text = ANY (unenforced_limits)) THEN 'disk'::text
    ELSE NULL::text
END,
CASE
    WHEN ('memory'::text = ANY (unenforced_limits)) THEN 'memory'::text
    ELSE NULL::text
END,
CASE
    WHEN ('processes'::text = ANY (unenforced_limits)) THEN 'processes'::text
    ELSE NULL::text
END], NULL::text))),
    CONSTRAINT agents_unknown_sessions_bounds CHECK ((jsonb_array_length(unknown_sessions) <= 1000)),
    CONSTRAINT agents_version_is_text CHECK ((rls.is_plain_text(version) AND (length(version) <= 100)))
);

ALTER TABLE ONLY app.agents FORCE ROW LEVEL SECURITY;


ALTER TABLE app.agents OWNER TO streamspace_owner;

--
-- Name: TABLE agents; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.agents IS 'Programs that run sessions. epoch counts their starts; seen_at is the time of the last contact; a revoked agent never connects again.';


--
-- Name: COLUMN agents.version; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.agents.version IS 'The version of the program, as it said at the last contact; empty: it did not say.';


--
-- Name: COLUMN agents.slots; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.agents.slots IS 'How many sessions the agent says that it can run at the same time.';


--
-- Name: COLUMN agents.contact; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.agents.contact IS 'The number of its last contact, as the agent counts; 0: it does not say.';


--
-- Name: COLUMN agents.unknown_sessions; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.agents.unknown_sessions IS 'Sessions that it keeps and that the database does not know: the id, the namespace, and since when it runs, of each.';


--
-- Name: COLUMN agents.unenforced_limits; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.agents.unenforced_limits IS 'Which limits of sessions the kernel of its host does not enforce, in the order of the alphabet; null: it did not say.';


--
-- Name: credentials; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.credentials (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    suspended boolean DEFAULT false NOT NULL,
    disabled boolean DEFAULT false NOT NULL,
    secret_hash bytea NOT NULL,
    public_id uuid DEFAULT gen_random_uuid() NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    browser text DEFAULT ''::text NOT NULL,
    name text,
    scopes text[],
    used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    CONSTRAINT credentials_address_length CHECK ((length(address) <= 64)),
    CONSTRAINT credentials_browser_length CHECK ((length(browser) <= 200)),
    CONSTRAINT credentials_key_has_a_name CHECK (((name IS NULL) = (scopes IS NULL))),
    CONSTRAINT credentials_name_length CHECK (((length(name) >= 1) AND (length(name) <= 80))),
    CONSTRAINT credentials_scopes_count CHECK (((cardinality(scopes) >= 1) AND (cardinality(scopes) <= 50)))
);

ALTER TABLE ONLY app.credentials FORCE ROW LEVEL SECURITY;


ALTER TABLE app.credentials OWNER TO streamspace_owner;

--
-- Name: TABLE credentials; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.credentials IS 'Sign-ins and API keys. The foreign keys keep the copies equal: a new role, a suspension of the org and disabling the user cascade, and removing a member deletes their sign-ins and keys. So rls.enter reads one row, in one index.';


--
-- Name: COLUMN credentials.public_id; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.credentials.public_id IS 'What lists, the log and the audit log call the sign-in. rls.enter takes the id, which only the sign-in''s holder is given.';


--
-- Name: COLUMN credentials.address; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.credentials.address IS 'The network address that the sign-in came from.';


--
-- Name: COLUMN credentials.browser; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.credentials.browser IS 'The User-Agent that the sign-in came from.';


--
-- Name: COLUMN credentials.scopes; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.credentials.scopes IS 'What an API key may do; null for a sign-in, which may do what its role may.';


--
-- Name: COLUMN credentials.used_at; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.credentials.used_at IS 'The hour in which an API key was last used.';


--
-- Name: departures; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.departures (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    user_id uuid NOT NULL,
    left_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY app.departures FORCE ROW LEVEL SECURITY;


ALTER TABLE app.departures OWNER TO streamspace_owner;

--
-- Name: TABLE departures; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.departures IS 'When a user last left an org. Their sessions end a day later, and their name stays readable.';


--
-- Name: idempotency_keys; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.idempotency_keys (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    user_id uuid DEFAULT rls.current_user_id() NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    subject_id uuid NOT NULL,
    ends_at timestamp with time zone DEFAULT (now() + '24:00:00'::interval) NOT NULL,
    CONSTRAINT idempotency_keys_fingerprint_is_sha256 CHECK ((length(fingerprint) = 32)),
    CONSTRAINT idempotency_keys_key_length CHECK (((length(key) >= 1) AND (length(key) <= 255)))
);

ALTER TABLE ONLY app.idempotency_keys FORCE ROW LEVEL SECURITY;


ALTER TABLE app.idempotency_keys OWNER TO streamspace_owner;

--
-- Name: TABLE idempotency_keys; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.idempotency_keys IS 'What a member created with which Idempotency-Key, for a day. A row is written together with what was created.';


--
-- Name: COLUMN idempotency_keys.fingerprint; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.idempotency_keys.fingerprint IS 'The SHA-256 of the operation and of what the request said.';


--
-- Name: COLUMN idempotency_keys.subject_id; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.idempotency_keys.subject_id IS 'The id of what was created.';


--
-- Name: installation; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.installation (
    is_the_row boolean DEFAULT true NOT NULL,
    secret_hash bytea,
    secret_ends_at timestamp with time zone,
    log_seq bigint DEFAULT 0 NOT NULL,
    log_hash bytea DEFAULT '\x'::bytea NOT NULL,
    listened_at timestamp with time zone,
    listens_since timestamp with time zone,
    restored_at timestamp with time zone,
    keeps_unknown boolean DEFAULT false NOT NULL,
    CONSTRAINT installation_has_one_row CHECK (is_the_row),
    CONSTRAINT installation_secret_ends CHECK (((secret_hash IS NULL) = (secret_ends_at IS NULL)))
);

ALTER TABLE ONLY app.installation FORCE ROW LEVEL SECURITY;


ALTER TABLE app.installation OWNER TO streamspace_owner;

--
-- Name: TABLE installation; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.installation IS 'One row: the setup code of an empty installation, and the end of the operators'' log.';


--
-- Name: COLUMN installation.listened_at; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.installation.listened_at IS 'When a control plane last said that it hears agents. It says so every five seconds.';


--
-- Name: COLUMN installation.listens_since; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.installation.listens_since IS 'Since when control planes have said so without a gap of 20 seconds.';


--
-- Name: COLUMN installation.restored_at; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.installation.restored_at IS 'When an older database came into use, as an agent has shown. Sessions made before it are not started any more.';


--
-- Name: COLUMN installation.keeps_unknown; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.installation.keeps_unknown IS 'Whether sessions that the database does not know are kept: from the notice of a restore to the operator''s decision.';


--
-- Name: invitations; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.invitations (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    id uuid NOT NULL,
    email text NOT NULL,
    role text NOT NULL,
    secret_hash bytea NOT NULL,
    by_mail boolean NOT NULL,
    invited_by uuid DEFAULT rls.current_user_id() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ends_at timestamp with time zone DEFAULT (now() + '7 days'::interval) NOT NULL,
    CONSTRAINT invitations_email_is_normal CHECK (((email = lower(email)) AND ((length(email) >= 3) AND (length(email) <= 254)))),
    CONSTRAINT invitations_role CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'viewer'::text])))
);

ALTER TABLE ONLY app.invitations FORCE ROW LEVEL SECURITY;


ALTER TABLE app.invitations OWNER TO streamspace_owner;

--
-- Name: TABLE invitations; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.invitations IS 'Invitations that are not used yet. They are deleted when they are used, and with the membership of whoever made them.';


--
-- Name: COLUMN invitations.by_mail; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.invitations.by_mail IS 'Only the mailbox of the address got the link, so that using it proves the address.';


--
-- Name: memberships; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.memberships (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    ends_at timestamp with time zone,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT memberships_grant_has_a_reason CHECK (((ends_at IS NULL) = (reason = ''::text))),
    CONSTRAINT memberships_owners_stay CHECK (((ends_at IS NULL) OR (role <> 'owner'::text))),
    CONSTRAINT memberships_reason_length CHECK ((length(reason) <= 200)),
    CONSTRAINT memberships_role CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'member'::text, 'viewer'::text])))
);

ALTER TABLE ONLY app.memberships FORCE ROW LEVEL SECURITY;


ALTER TABLE app.memberships OWNER TO streamspace_owner;

--
-- Name: TABLE memberships; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.memberships IS 'The members of an org and their roles. A grant of an operator is a membership with an end and a reason.';


--
-- Name: operator_log; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.operator_log (
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    operator text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL
);

ALTER TABLE ONLY app.operator_log FORCE ROW LEVEL SECURITY;


ALTER TABLE app.operator_log OWNER TO streamspace_owner;

--
-- Name: TABLE operator_log; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.operator_log IS 'What operators did outside of any org. The entries form a chain: each hash covers the previous one.';


--
-- Name: org_heads; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.org_heads (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    event_seq bigint DEFAULT 0 NOT NULL,
    audit_seq bigint DEFAULT 0 NOT NULL,
    audit_hash bytea DEFAULT '\x'::bytea NOT NULL
);

ALTER TABLE ONLY app.org_heads FORCE ROW LEVEL SECURITY;


ALTER TABLE app.org_heads OWNER TO streamspace_owner;

--
-- Name: TABLE org_heads; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.org_heads IS 'The last event number and audit entry of each org. Only triggers write it.';


--
-- Name: organizations; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.organizations (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    namespace text,
    suspended boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    suspended_at timestamp with time zone,
    max_key_days integer DEFAULT 365 NOT NULL,
    CONSTRAINT organizations_max_key_days CHECK (((max_key_days >= 1) AND (max_key_days <= 730))),
    CONSTRAINT organizations_name_is_text CHECK ((rls.is_plain_text(name) AND ((length(name) >= 1) AND (length(name) <= 80)))),
    CONSTRAINT organizations_namespace_is_a_label CHECK ((namespace ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text)),
    CONSTRAINT organizations_slug_is_a_label CHECK ((slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text))
);

ALTER TABLE ONLY app.organizations FORCE ROW LEVEL SECURITY;


ALTER TABLE app.organizations OWNER TO streamspace_owner;

--
-- Name: TABLE organizations; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.organizations IS 'The tenants. An org without a namespace cannot start sessions.';


--
-- Name: COLUMN organizations.max_key_days; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.organizations.max_key_days IS 'How long an API key of the org may last.';


--
-- Name: password_resets; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.password_resets (
    user_id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    ends_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY app.password_resets FORCE ROW LEVEL SECURITY;


ALTER TABLE app.password_resets OWNER TO streamspace_owner;

--
-- Name: TABLE password_resets; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.password_resets IS 'The last link to a new password of each user who asked for one. It is deleted when it is used.';


--
-- Name: public_templates; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.public_templates (
    id uuid NOT NULL,
    revision integer NOT NULL,
    name text NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    spec jsonb NOT NULL,
    published_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT public_templates_description_is_text CHECK ((rls.is_plain_text(description) AND (length(description) <= 1000))),
    CONSTRAINT public_templates_name_is_a_label CHECK ((name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text)),
    CONSTRAINT public_templates_revision_positive CHECK ((revision > 0)),
    CONSTRAINT public_templates_spec_is_an_object CHECK (((jsonb_typeof(spec) = 'object'::text) AND (octet_length((spec)::text) <= 24576))),
    CONSTRAINT public_templates_title_is_text CHECK ((rls.is_plain_text(title) AND ((length(title) >= 1) AND (length(title) <= 80))))
);

ALTER TABLE ONLY app.public_templates FORCE ROW LEVEL SECURITY;


ALTER TABLE app.public_templates OWNER TO streamspace_owner;

--
-- Name: TABLE public_templates; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.public_templates IS 'Templates for every org, as immutable revisions. The highest revision of an id is the current one.';


--
-- Name: quota_limits; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.quota_limits (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    kind text NOT NULL,
    per_org bigint,
    per_user bigint,
    own_per_org bigint,
    own_per_user bigint,
    CONSTRAINT quota_limits_kind CHECK ((kind = ANY (ARRAY['sessions'::text, 'memory'::text, 'cpu'::text, 'processes'::text, 'disk'::text]))),
    CONSTRAINT quota_limits_not_negative CHECK (((per_org >= 0) AND (per_user >= 0) AND (own_per_org >= 0) AND (own_per_user >= 0))),
    CONSTRAINT quota_limits_sessions_are_limited CHECK (((kind <> 'sessions'::text) OR ((per_org IS NOT NULL) AND (per_user IS NOT NULL))))
);

ALTER TABLE ONLY app.quota_limits FORCE ROW LEVEL SECURITY;


ALTER TABLE app.quota_limits OWNER TO streamspace_owner;

--
-- Name: TABLE quota_limits; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.quota_limits IS 'The limits of an org, and of each member, per kind of resource: those of operators, and those that admins set. The lower one applies.';


--
-- Name: COLUMN quota_limits.kind; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.quota_limits.kind IS 'Sessions, or a member of their spec: memory and disk in MiB, cpu in thousandths of a processor, processes.';


--
-- Name: COLUMN quota_limits.per_org; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.quota_limits.per_org IS 'What operators allow the org; null: no limit.';


--
-- Name: COLUMN quota_limits.per_user; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.quota_limits.per_user IS 'What operators allow each member; null: no limit.';


--
-- Name: COLUMN quota_limits.own_per_org; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.quota_limits.own_per_org IS 'What admins allow the org; null: as much as operators do.';


--
-- Name: COLUMN quota_limits.own_per_user; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.quota_limits.own_per_user IS 'What admins allow a member who has no limit of their own; null: as much as operators do.';


--
-- Name: quota_usage; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.quota_usage (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    holder_id uuid NOT NULL,
    kind text NOT NULL,
    used bigint DEFAULT 0 NOT NULL,
    own_limit bigint,
    CONSTRAINT quota_usage_not_negative CHECK (((used >= 0) AND (own_limit >= 0))),
    CONSTRAINT quota_usage_own_limit_of_a_member CHECK (((own_limit IS NULL) OR (holder_id <> org_id)))
);

ALTER TABLE ONLY app.quota_usage FORCE ROW LEVEL SECURITY;


ALTER TABLE app.quota_usage OWNER TO streamspace_owner;

--
-- Name: TABLE quota_usage; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.quota_usage IS 'Current usage per holder: the org itself, or one of its members.';


--
-- Name: COLUMN quota_usage.own_limit; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.quota_usage.own_limit IS 'What admins allow this member, instead of what they allow each; null: no limit of their own. A new membership begins without one.';


--
-- Name: sessions; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.sessions (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    name text NOT NULL,
    template_id uuid NOT NULL,
    template_name text NOT NULL,
    template_title text NOT NULL,
    spec jsonb NOT NULL,
    agent_id uuid,
    desired text DEFAULT 'running'::text NOT NULL,
    generation bigint DEFAULT 1 NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    observed_generation bigint DEFAULT 0 NOT NULL,
    observed_epoch bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    end_wanted_at timestamp with time zone,
    ended_at timestamp with time zone,
    failed_on uuid,
    waits_for text DEFAULT ''::text NOT NULL,
    waits_since timestamp with time zone DEFAULT now() NOT NULL,
    detail text DEFAULT ''::text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    silent_since timestamp with time zone,
    CONSTRAINT sessions_desired CHECK ((desired = ANY (ARRAY['running'::text, 'terminated'::text]))),
    CONSTRAINT sessions_detail_size CHECK ((octet_length(detail) <= 2048)),
    CONSTRAINT sessions_ended_when_final CHECK (((ended_at IS NOT NULL) = (state = ANY (ARRAY['terminated'::text, 'failed'::text])))),
    CONSTRAINT sessions_name_is_text CHECK (rls.is_plain_text(name)),
    CONSTRAINT sessions_name_length CHECK (((length(name) >= 1) AND (length(name) <= 80))),
    CONSTRAINT sessions_reason_length CHECK ((octet_length(reason) <= 64)),
    CONSTRAINT sessions_silent_while_placed CHECK (((silent_since IS NULL) OR ((agent_id IS NOT NULL) AND (state <> ALL (ARRAY['terminated'::text, 'failed'::text]))))),
    CONSTRAINT sessions_state CHECK ((state = ANY (ARRAY['pending'::text, 'starting'::text, 'running'::text, 'terminating'::text, 'terminated'::text, 'failed'::text]))),
    CONSTRAINT sessions_tags_are_texts CHECK (((cardinality(tags) <= 10) AND (array_position(tags, NULL::text) IS NULL) AND (array_position(tags, ''::text) IS NULL) AND rls.is_plain_text(array_to_string(tags, ','::text)) AND (array_to_string(tags, ','::text) ~ '^([^,]{1,40}(,[^,]{1,40})*)?$'::text))),
    CONSTRAINT sessions_waits_before_placement CHECK (((waits_for = ''::text) OR ((state = 'pending'::text) AND (agent_id IS NULL)))),
    CONSTRAINT sessions_waits_for CHECK ((waits_for = ANY (ARRAY[''::text, 'host'::text, 'room'::text])))
);

ALTER TABLE ONLY app.sessions FORCE ROW LEVEL SECURITY;


ALTER TABLE app.sessions OWNER TO streamspace_owner;

--
-- Name: TABLE sessions; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.sessions IS 'desired is the wanted state, state the last reported one; spec and the template''s names are copied from the revision at the start.';


--
-- Name: COLUMN sessions.generation; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.sessions.generation IS 'The number of changes of desired.';


--
-- Name: COLUMN sessions.observed_epoch; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.sessions.observed_epoch IS 'The epoch of the agent process that reported state.';


--
-- Name: COLUMN sessions.failed_on; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.sessions.failed_on IS 'The agent that did not start the session. It is then tried once on another one.';


--
-- Name: COLUMN sessions.waits_for; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.sessions.waits_for IS 'What an unplaced session waits for: that an agent of its org is back (host), or has a free slot (room).';


--
-- Name: COLUMN sessions.waits_since; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.sessions.waits_since IS 'Since when the session has had no agent.';


--
-- Name: COLUMN sessions.detail; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.sessions.detail IS 'The last lines that the desktop''s programs wrote when it did not start. Text of a program, to be shown as it is and never as markup.';


--
-- Name: COLUMN sessions.tags; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.sessions.tags IS 'Up to ten texts without commas, by which users find their sessions.';


--
-- Name: COLUMN sessions.silent_since; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.sessions.silent_since IS 'The last news of the session''s agent, while there has been none for 60 seconds. A session that is to end then ends at once.';


--
-- Name: templates; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.templates (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    id uuid NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    name text NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    spec jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    requested_at timestamp with time zone,
    public_id uuid,
    rejection text DEFAULT ''::text NOT NULL,
    CONSTRAINT templates_description_is_text CHECK ((rls.is_plain_text(description) AND (length(description) <= 1000))),
    CONSTRAINT templates_name_is_a_label CHECK ((name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text)),
    CONSTRAINT templates_rejection_is_text CHECK ((rls.is_plain_text(rejection) AND (length(rejection) <= 500))),
    CONSTRAINT templates_spec_is_an_object CHECK (((jsonb_typeof(spec) = 'object'::text) AND (octet_length((spec)::text) <= 24576))),
    CONSTRAINT templates_title_is_text CHECK ((rls.is_plain_text(title) AND ((length(title) >= 1) AND (length(title) <= 80))))
);

ALTER TABLE ONLY app.templates FORCE ROW LEVEL SECURITY;


ALTER TABLE app.templates OWNER TO streamspace_owner;

--
-- Name: TABLE templates; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.templates IS 'The private templates of an org.';


--
-- Name: COLUMN templates.requested_at; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.templates.requested_at IS 'When an admin asked for the publication of this revision; null: no one has, or it was approved.';


--
-- Name: COLUMN templates.public_id; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.templates.public_id IS 'The public template that an operator has made of it; null: none. It may have been withdrawn since.';


--
-- Name: COLUMN templates.rejection; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.templates.rejection IS 'Why an operator refused to publish this revision; empty: no one has, or it was requested again.';


--
-- Name: tickets; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.tickets (
    org_id uuid DEFAULT rls.current_org_id() NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    credential_id uuid DEFAULT rls.current_credential_id() NOT NULL,
    secret_hash bytea NOT NULL,
    ends_at timestamp with time zone DEFAULT (now() + '00:00:30'::interval) NOT NULL
);

ALTER TABLE ONLY app.tickets FORCE ROW LEVEL SECURITY;


ALTER TABLE app.tickets OWNER TO streamspace_owner;

--
-- Name: TABLE tickets; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.tickets IS 'A ticket opens the stream of one session once. It is deleted with the credential that created it.';


--
-- Name: users; Type: TABLE; Schema: app; Owner: streamspace_owner
--

CREATE TABLE app.users (
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text,
    disabled boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    verified_at timestamp with time zone,
    CONSTRAINT users_email_is_normal CHECK (((email = lower(email)) AND ((length(email) >= 3) AND (length(email) <= 254)))),
    CONSTRAINT users_name_is_text CHECK ((rls.is_plain_text(name) AND ((length(name) >= 1) AND (length(name) <= 80))))
);

ALTER TABLE ONLY app.users FORCE ROW LEVEL SECURITY;


ALTER TABLE app.users OWNER TO streamspace_owner;

--
-- Name: TABLE users; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON TABLE app.users IS 'People. A user is not part of an org; memberships connect users with orgs.';


--
-- Name: COLUMN users.password_hash; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.users.password_hash IS 'Null for a user without a password, who cannot sign in with one.';


--
-- Name: COLUMN users.verified_at; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON COLUMN app.users.verified_at IS 'When a link that only the mailbox got was used; null: never.';


--
-- Name: goose_db_version; Type: TABLE; Schema: rls; Owner: streamspace_owner
--

CREATE TABLE rls.goose_db_version (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone DEFAULT now() NOT NULL
);


ALTER TABLE rls.goose_db_version OWNER TO streamspace_owner;

--
-- Name: goose_db_version_id_seq; Type: SEQUENCE; Schema: rls; Owner: streamspace_owner
--

ALTER TABLE rls.goose_db_version ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME rls.goose_db_version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: agent_orgs agent_orgs_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.agent_orgs
    ADD CONSTRAINT agent_orgs_pkey PRIMARY KEY (org_id, agent_id);


--
-- Name: agent_slots agent_slots_one_for_a_session; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.agent_slots
    ADD CONSTRAINT agent_slots_one_for_a_session UNIQUE (session_id);


--
-- Name: agent_slots agent_slots_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.agent_slots
    ADD CONSTRAINT agent_slots_pkey PRIMARY KEY (agent_id, slot);


--
-- Name: agents agents_name_key; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.agents
    ADD CONSTRAINT agents_name_key UNIQUE (name);


--
-- Name: agents agents_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (id);


--
-- Name: audit_log audit_log_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (org_id, seq);


--
-- Name: credentials credentials_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (org_id, id) INCLUDE (user_id, role, ends_at, suspended, disabled);


--
-- Name: departures departures_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.departures
    ADD CONSTRAINT departures_pkey PRIMARY KEY (org_id, user_id);


--
-- Name: events events_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (org_id, seq);


--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (org_id, user_id, key);


--
-- Name: installation installation_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (is_the_row);


--
-- Name: invitations invitations_one_for_an_address; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.invitations
    ADD CONSTRAINT invitations_one_for_an_address UNIQUE (org_id, email);


--
-- Name: invitations invitations_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.invitations
    ADD CONSTRAINT invitations_pkey PRIMARY KEY (org_id, id);


--
-- Name: memberships memberships_as_credentials_copy_them; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.memberships
    ADD CONSTRAINT memberships_as_credentials_copy_them UNIQUE (org_id, user_id, role);


--
-- Name: memberships memberships_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (org_id, user_id);


--
-- Name: operator_log operator_log_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.operator_log
    ADD CONSTRAINT operator_log_pkey PRIMARY KEY (seq);


--
-- Name: org_heads org_heads_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.org_heads
    ADD CONSTRAINT org_heads_pkey PRIMARY KEY (org_id);


--
-- Name: organizations organizations_as_credentials_copy_them; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.organizations
    ADD CONSTRAINT organizations_as_credentials_copy_them UNIQUE (id, suspended);


--
-- Name: organizations organizations_namespace_key; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.organizations
    ADD CONSTRAINT organizations_namespace_key UNIQUE (namespace);


--
-- Name: organizations organizations_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);


--
-- Name: organizations organizations_slug_key; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.organizations
    ADD CONSTRAINT organizations_slug_key UNIQUE (slug);


--
-- Name: password_resets password_resets_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.password_resets
    ADD CONSTRAINT password_resets_pkey PRIMARY KEY (user_id);


--
-- Name: password_resets password_resets_secret; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.password_resets
    ADD CONSTRAINT password_resets_secret UNIQUE (secret_hash);


--
-- Name: public_templates public_templates_name_key; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.public_templates
    ADD CONSTRAINT public_templates_name_key UNIQUE (name, revision);


--
-- Name: public_templates public_templates_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.public_templates
    ADD CONSTRAINT public_templates_pkey PRIMARY KEY (id, revision);


--
-- Name: quota_limits quota_limits_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.quota_limits
    ADD CONSTRAINT quota_limits_pkey PRIMARY KEY (org_id, kind);


--
-- Name: quota_usage quota_usage_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.quota_usage
    ADD CONSTRAINT quota_usage_pkey PRIMARY KEY (org_id, holder_id, kind);


--
-- Name: sessions sessions_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (org_id, id);


--
-- Name: templates templates_name_key; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.templates
    ADD CONSTRAINT templates_name_key UNIQUE (org_id, name);


--
-- Name: templates templates_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.templates
    ADD CONSTRAINT templates_pkey PRIMARY KEY (org_id, id);


--
-- Name: tickets tickets_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.tickets
    ADD CONSTRAINT tickets_pkey PRIMARY KEY (org_id, id);


--
-- Name: users users_as_credentials_copy_them; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.users
    ADD CONSTRAINT users_as_credentials_copy_them UNIQUE (id, disabled);


--
-- Name: users users_email_key; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.users
    ADD CONSTRAINT users_email_key UNIQUE (email);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: goose_db_version goose_db_version_pkey; Type: CONSTRAINT; Schema: rls; Owner: streamspace_owner
--

ALTER TABLE ONLY rls.goose_db_version
    ADD CONSTRAINT goose_db_version_pkey PRIMARY KEY (id);


--
-- Name: agent_orgs_agent; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX agent_orgs_agent ON app.agent_orgs USING btree (agent_id);


--
-- Name: agent_slots_free; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX agent_slots_free ON app.agent_slots USING btree (agent_id, slot) WHERE (session_id IS NULL);


--
-- Name: audit_log_of_action; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX audit_log_of_action ON app.audit_log USING btree (org_id, action, seq DESC);


--
-- Name: audit_log_of_actor; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX audit_log_of_actor ON app.audit_log USING btree (org_id, actor, seq DESC);


--
-- Name: credentials_expired; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX credentials_expired ON app.credentials USING btree (ends_at);


--
-- Name: credentials_keys; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX credentials_keys ON app.credentials USING btree (org_id, created_at, public_id) WHERE (scopes IS NOT NULL);


--
-- Name: credentials_membership; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX credentials_membership ON app.credentials USING btree (org_id, user_id, role);


--
-- Name: credentials_public; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE UNIQUE INDEX credentials_public ON app.credentials USING btree (public_id);


--
-- Name: credentials_secret; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE UNIQUE INDEX credentials_secret ON app.credentials USING btree (secret_hash);


--
-- Name: credentials_user; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX credentials_user ON app.credentials USING btree (user_id, disabled);


--
-- Name: departures_user; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX departures_user ON app.departures USING btree (user_id);


--
-- Name: events_for_everyone; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX events_for_everyone ON app.events USING btree (org_id, seq) WHERE (audience = 'everyone'::text);


--
-- Name: events_of_owner; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX events_of_owner ON app.events USING btree (org_id, owner_id, seq);


--
-- Name: events_of_subject; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX events_of_subject ON app.events USING btree (org_id, subject_id, seq);


--
-- Name: idempotency_keys_ended; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX idempotency_keys_ended ON app.idempotency_keys USING btree (ends_at);


--
-- Name: invitations_expired; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX invitations_expired ON app.invitations USING btree (ends_at);


--
-- Name: invitations_id; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE UNIQUE INDEX invitations_id ON app.invitations USING btree (id);


--
-- Name: invitations_inviter; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX invitations_inviter ON app.invitations USING btree (org_id, invited_by);


--
-- Name: invitations_newest; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX invitations_newest ON app.invitations USING btree (org_id, created_at DESC, id DESC);


--
-- Name: invitations_secret; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE UNIQUE INDEX invitations_secret ON app.invitations USING btree (secret_hash);


--
-- Name: memberships_ended; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX memberships_ended ON app.memberships USING btree (ends_at) WHERE (ends_at IS NOT NULL);


--
-- Name: memberships_user; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX memberships_user ON app.memberships USING btree (user_id);


--
-- Name: sessions_id; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE UNIQUE INDEX sessions_id ON app.sessions USING btree (id);


--
-- Name: sessions_newest; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX sessions_newest ON app.sessions USING btree (org_id, created_at DESC, id DESC);


--
-- Name: sessions_newest_active; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX sessions_newest_active ON app.sessions USING btree (org_id, created_at DESC, id DESC) WHERE (state <> ALL (ARRAY['terminated'::text, 'failed'::text]));


--
-- Name: sessions_of_agent; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX sessions_of_agent ON app.sessions USING btree (agent_id, id) WHERE (state <> ALL (ARRAY['terminated'::text, 'failed'::text]));


--
-- Name: sessions_of_owner; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX sessions_of_owner ON app.sessions USING btree (org_id, owner_id, created_at DESC, id DESC);


--
-- Name: sessions_of_owner_active; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX sessions_of_owner_active ON app.sessions USING btree (org_id, owner_id, created_at DESC, id DESC) WHERE (state <> ALL (ARRAY['terminated'::text, 'failed'::text]));


--
-- Name: sessions_overdue; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX sessions_overdue ON app.sessions USING btree (end_wanted_at) WHERE ((desired = 'terminated'::text) AND (state <> ALL (ARRAY['terminated'::text, 'failed'::text])));


--
-- Name: sessions_placed; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX sessions_placed ON app.sessions USING btree (org_id, agent_id);


--
-- Name: sessions_unacknowledged; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX sessions_unacknowledged ON app.sessions USING btree (agent_id, id) WHERE ((state <> ALL (ARRAY['terminated'::text, 'failed'::text])) AND (observed_generation < generation));


--
-- Name: sessions_waiting; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX sessions_waiting ON app.sessions USING btree (org_id, waits_since, id) WHERE ((state = 'pending'::text) AND (agent_id IS NULL));


--
-- Name: templates_id; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE UNIQUE INDEX templates_id ON app.templates USING btree (id);


--
-- Name: templates_requested; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX templates_requested ON app.templates USING btree (id) WHERE (requested_at IS NOT NULL);


--
-- Name: tickets_credential; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX tickets_credential ON app.tickets USING btree (org_id, credential_id);


--
-- Name: tickets_expired; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX tickets_expired ON app.tickets USING btree (ends_at);


--
-- Name: tickets_secret; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE UNIQUE INDEX tickets_secret ON app.tickets USING btree (secret_hash);


--
-- Name: tickets_session; Type: INDEX; Schema: app; Owner: streamspace_owner
--

CREATE INDEX tickets_session ON app.tickets USING btree (org_id, session_id);


--
-- Name: sessions admit_session; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER admit_session BEFORE INSERT ON app.sessions FOR EACH ROW EXECUTE FUNCTION rls.admit_session();


--
-- Name: audit_log chain_audit; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER chain_audit BEFORE INSERT ON app.audit_log FOR EACH ROW EXECUTE FUNCTION rls.chain_audit();


--
-- Name: sessions follow_quota; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER follow_quota AFTER INSERT OR UPDATE ON app.sessions FOR EACH ROW EXECUTE FUNCTION rls.follow_quota();


--
-- Name: memberships keep_an_owner; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER keep_an_owner AFTER DELETE OR UPDATE OF role ON app.memberships FOR EACH ROW WHEN ((old.role = 'owner'::text)) EXECUTE FUNCTION rls.keep_an_owner();


--
-- Name: sessions keep_session; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER keep_session BEFORE UPDATE ON app.sessions FOR EACH ROW EXECUTE FUNCTION rls.keep_session();


--
-- Name: invitations limit_invitations; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER limit_invitations BEFORE INSERT ON app.invitations FOR EACH ROW EXECUTE FUNCTION rls.limit_invitations();


--
-- Name: sessions limit_resources; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER limit_resources AFTER INSERT ON app.sessions FOR EACH ROW WHEN ((new.state <> ALL (ARRAY['terminated'::text, 'failed'::text]))) EXECUTE FUNCTION rls.limit_resources();


--
-- Name: templates limit_templates; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER limit_templates AFTER INSERT ON app.templates FOR EACH ROW EXECUTE FUNCTION rls.limit_templates();


--
-- Name: credentials note_changed_access; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER note_changed_access AFTER UPDATE ON app.credentials REFERENCING OLD TABLE AS changed NEW TABLE AS present FOR EACH STATEMENT EXECUTE FUNCTION rls.note_access();


--
-- Name: memberships note_departure; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER note_departure AFTER DELETE ON app.memberships FOR EACH ROW EXECUTE FUNCTION rls.note_departure();


--
-- Name: credentials note_ended_access; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER note_ended_access AFTER DELETE ON app.credentials REFERENCING OLD TABLE AS ended FOR EACH STATEMENT EXECUTE FUNCTION rls.note_access();


--
-- Name: agent_orgs note_host; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER note_host AFTER INSERT ON app.agent_orgs FOR EACH ROW EXECUTE FUNCTION rls.note_host();


--
-- Name: memberships note_member; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER note_member AFTER INSERT OR DELETE ON app.memberships FOR EACH ROW EXECUTE FUNCTION rls.note_member();


--
-- Name: agents note_revoked_host; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER note_revoked_host AFTER UPDATE ON app.agents FOR EACH ROW WHEN (((old.revoked_at IS NULL) AND (new.revoked_at IS NOT NULL))) EXECUTE FUNCTION rls.note_host();


--
-- Name: memberships note_role; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER note_role AFTER UPDATE ON app.memberships FOR EACH ROW WHEN ((old.role <> new.role)) EXECUTE FUNCTION rls.note_member();


--
-- Name: organizations note_suspension; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER note_suspension BEFORE UPDATE OF suspended ON app.organizations FOR EACH ROW WHEN ((new.suspended <> old.suspended)) EXECUTE FUNCTION rls.note_suspension();


--
-- Name: events number_event; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER number_event BEFORE INSERT ON app.events FOR EACH ROW EXECUTE FUNCTION rls.number_event();


--
-- Name: templates revise_template; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER revise_template BEFORE UPDATE ON app.templates FOR EACH ROW EXECUTE FUNCTION rls.revise_template();


--
-- Name: sessions take_over; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER take_over AFTER UPDATE OF owner_id ON app.sessions FOR EACH ROW WHEN ((new.owner_id <> old.owner_id)) EXECUTE FUNCTION rls.take_over();


--
-- Name: sessions take_over_resources; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER take_over_resources AFTER UPDATE OF owner_id ON app.sessions FOR EACH ROW WHEN ((new.owner_id <> old.owner_id)) EXECUTE FUNCTION rls.limit_resources();


--
-- Name: templates unpublish_deleted; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER unpublish_deleted AFTER DELETE ON app.templates FOR EACH ROW WHEN ((old.public_id IS NOT NULL)) EXECUTE FUNCTION rls.unpublish_template();


--
-- Name: templates unpublish_withdrawn; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER unpublish_withdrawn AFTER UPDATE OF public_id ON app.templates FOR EACH ROW WHEN (((old.public_id IS NOT NULL) AND (new.public_id IS NULL))) EXECUTE FUNCTION rls.unpublish_template();


--
-- Name: sessions use_slot; Type: TRIGGER; Schema: app; Owner: streamspace_owner
--

CREATE TRIGGER use_slot BEFORE INSERT OR DELETE OR UPDATE ON app.sessions FOR EACH ROW EXECUTE FUNCTION rls.use_slot();


--
-- Name: agent_orgs agent_orgs_of_agent; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.agent_orgs
    ADD CONSTRAINT agent_orgs_of_agent FOREIGN KEY (agent_id) REFERENCES app.agents(id);


--
-- Name: agent_orgs agent_orgs_of_org; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.agent_orgs
    ADD CONSTRAINT agent_orgs_of_org FOREIGN KEY (org_id) REFERENCES app.organizations(id);


--
-- Name: agent_slots agent_slots_of_agent; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.agent_slots
    ADD CONSTRAINT agent_slots_of_agent FOREIGN KEY (agent_id) REFERENCES app.agents(id);


--
-- Name: audit_log audit_log_of_org; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.audit_log
    ADD CONSTRAINT audit_log_of_org FOREIGN KEY (org_id) REFERENCES app.organizations(id);


--
-- Name: credentials credentials_follow_membership; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.credentials
    ADD CONSTRAINT credentials_follow_membership FOREIGN KEY (org_id, user_id, role) REFERENCES app.memberships(org_id, user_id, role) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: credentials credentials_follow_suspension; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.credentials
    ADD CONSTRAINT credentials_follow_suspension FOREIGN KEY (org_id, suspended) REFERENCES app.organizations(id, suspended) ON UPDATE CASCADE;


--
-- Name: credentials credentials_follow_user; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.credentials
    ADD CONSTRAINT credentials_follow_user FOREIGN KEY (user_id, disabled) REFERENCES app.users(id, disabled) ON UPDATE CASCADE;


--
-- Name: departures departures_of_org; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.departures
    ADD CONSTRAINT departures_of_org FOREIGN KEY (org_id) REFERENCES app.organizations(id);


--
-- Name: departures departures_of_user; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.departures
    ADD CONSTRAINT departures_of_user FOREIGN KEY (user_id) REFERENCES app.users(id);


--
-- Name: events events_of_org; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.events
    ADD CONSTRAINT events_of_org FOREIGN KEY (org_id) REFERENCES app.organizations(id);


--
-- Name: idempotency_keys idempotency_keys_of_member; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.idempotency_keys
    ADD CONSTRAINT idempotency_keys_of_member FOREIGN KEY (org_id, user_id) REFERENCES app.memberships(org_id, user_id) ON DELETE CASCADE;


--
-- Name: invitations invitations_of_inviter; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.invitations
    ADD CONSTRAINT invitations_of_inviter FOREIGN KEY (org_id, invited_by) REFERENCES app.memberships(org_id, user_id) ON DELETE CASCADE;


--
-- Name: memberships memberships_of_org; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.memberships
    ADD CONSTRAINT memberships_of_org FOREIGN KEY (org_id) REFERENCES app.organizations(id);


--
-- Name: memberships memberships_of_user; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.memberships
    ADD CONSTRAINT memberships_of_user FOREIGN KEY (user_id) REFERENCES app.users(id);


--
-- Name: org_heads org_heads_of_org; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.org_heads
    ADD CONSTRAINT org_heads_of_org FOREIGN KEY (org_id) REFERENCES app.organizations(id);


--
-- Name: password_resets password_resets_of_user; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.password_resets
    ADD CONSTRAINT password_resets_of_user FOREIGN KEY (user_id) REFERENCES app.users(id);


--
-- Name: quota_limits quota_limits_of_org; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.quota_limits
    ADD CONSTRAINT quota_limits_of_org FOREIGN KEY (org_id) REFERENCES app.organizations(id);


--
-- Name: quota_usage quota_usage_has_limit; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.quota_usage
    ADD CONSTRAINT quota_usage_has_limit FOREIGN KEY (org_id, kind) REFERENCES app.quota_limits(org_id, kind);


--
-- Name: sessions sessions_of_org; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.sessions
    ADD CONSTRAINT sessions_of_org FOREIGN KEY (org_id) REFERENCES app.organizations(id);


--
-- Name: sessions sessions_placed_where_served; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.sessions
    ADD CONSTRAINT sessions_placed_where_served FOREIGN KEY (org_id, agent_id) REFERENCES app.agent_orgs(org_id, agent_id) ON DELETE SET NULL (agent_id);


--
-- Name: templates templates_of_org; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.templates
    ADD CONSTRAINT templates_of_org FOREIGN KEY (org_id) REFERENCES app.organizations(id);


--
-- Name: tickets tickets_follow_credential; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.tickets
    ADD CONSTRAINT tickets_follow_credential FOREIGN KEY (org_id, credential_id) REFERENCES app.credentials(org_id, id) ON DELETE CASCADE;


--
-- Name: tickets tickets_of_session; Type: FK CONSTRAINT; Schema: app; Owner: streamspace_owner
--

ALTER TABLE ONLY app.tickets
    ADD CONSTRAINT tickets_of_session FOREIGN KEY (org_id, session_id) REFERENCES app.sessions(org_id, id) ON DELETE CASCADE;


--
-- Name: events about_own; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY about_own ON app.events AS RESTRICTIVE FOR INSERT TO streamspace_app WITH CHECK ((( SELECT rls.is_admin() AS is_admin) OR ((NOT ( SELECT rls.is_viewer() AS is_viewer)) AND (audience = 'owner'::text) AND (owner_id = ( SELECT rls.current_user_id() AS current_user_id)))));


--
-- Name: audit_log about_reported_session; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY about_reported_session ON app.audit_log AS RESTRICTIVE FOR INSERT TO streamspace_agent WITH CHECK ((subject = (( SELECT rls.current_session_id() AS current_session_id))::text));


--
-- Name: events about_reported_session; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY about_reported_session ON app.events AS RESTRICTIVE FOR INSERT TO streamspace_agent WITH CHECK ((subject_id = ( SELECT rls.current_session_id() AS current_session_id)));


--
-- Name: memberships admins_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY admins_delete ON app.memberships AS RESTRICTIVE FOR DELETE TO streamspace_app USING (( SELECT rls.is_admin() AS is_admin));


--
-- Name: templates admins_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY admins_delete ON app.templates AS RESTRICTIVE FOR DELETE TO streamspace_app USING (( SELECT rls.is_admin() AS is_admin));


--
-- Name: quota_limits admins_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY admins_insert ON app.quota_limits AS RESTRICTIVE FOR INSERT TO streamspace_app WITH CHECK (((kind <> 'sessions'::text) AND ( SELECT rls.is_admin() AS is_admin)));


--
-- Name: templates admins_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY admins_insert ON app.templates AS RESTRICTIVE FOR INSERT TO streamspace_app WITH CHECK (( SELECT rls.is_admin() AS is_admin));


--
-- Name: invitations admins_only; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY admins_only ON app.invitations AS RESTRICTIVE TO streamspace_app USING (( SELECT rls.is_admin() AS is_admin));


--
-- Name: POLICY admins_only ON invitations; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY admins_only ON app.invitations IS 'Owners and admins see who is invited. No one else does.';


--
-- Name: memberships admins_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY admins_update ON app.memberships AS RESTRICTIVE FOR UPDATE TO streamspace_app USING (( SELECT rls.is_admin() AS is_admin));


--
-- Name: quota_limits admins_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY admins_update ON app.quota_limits AS RESTRICTIVE FOR UPDATE TO streamspace_app USING (( SELECT rls.is_admin() AS is_admin));


--
-- Name: quota_usage admins_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY admins_update ON app.quota_usage AS RESTRICTIVE FOR UPDATE TO streamspace_app USING (( SELECT rls.is_admin() AS is_admin));


--
-- Name: templates admins_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY admins_update ON app.templates AS RESTRICTIVE FOR UPDATE TO streamspace_app USING (( SELECT rls.is_admin() AS is_admin));


--
-- Name: agent_orgs; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.agent_orgs ENABLE ROW LEVEL SECURITY;

--
-- Name: agent_slots; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.agent_slots ENABLE ROW LEVEL SECURITY;

--
-- Name: agents; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.agents ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_log; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.audit_log ENABLE ROW LEVEL SECURITY;

--
-- Name: agent_orgs backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.agent_orgs FOR SELECT TO streamspace_backup USING (true);


--
-- Name: agent_slots backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.agent_slots FOR SELECT TO streamspace_backup USING (true);


--
-- Name: agents backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.agents FOR SELECT TO streamspace_backup USING (true);


--
-- Name: audit_log backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.audit_log FOR SELECT TO streamspace_backup USING (true);


--
-- Name: credentials backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.credentials FOR SELECT TO streamspace_backup USING (true);


--
-- Name: departures backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.departures FOR SELECT TO streamspace_backup USING (true);


--
-- Name: events backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.events FOR SELECT TO streamspace_backup USING (true);


--
-- Name: idempotency_keys backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.idempotency_keys FOR SELECT TO streamspace_backup USING (true);


--
-- Name: installation backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.installation FOR SELECT TO streamspace_backup USING (true);


--
-- Name: invitations backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.invitations FOR SELECT TO streamspace_backup USING (true);


--
-- Name: memberships backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.memberships FOR SELECT TO streamspace_backup USING (true);


--
-- Name: operator_log backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.operator_log FOR SELECT TO streamspace_backup USING (true);


--
-- Name: org_heads backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.org_heads FOR SELECT TO streamspace_backup USING (true);


--
-- Name: organizations backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.organizations FOR SELECT TO streamspace_backup USING (true);


--
-- Name: password_resets backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.password_resets FOR SELECT TO streamspace_backup USING (true);


--
-- Name: public_templates backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.public_templates FOR SELECT TO streamspace_backup USING (true);


--
-- Name: quota_limits backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.quota_limits FOR SELECT TO streamspace_backup USING (true);


--
-- Name: quota_usage backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.quota_usage FOR SELECT TO streamspace_backup USING (true);


--
-- Name: sessions backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.sessions FOR SELECT TO streamspace_backup USING (true);


--
-- Name: templates backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.templates FOR SELECT TO streamspace_backup USING (true);


--
-- Name: tickets backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.tickets FOR SELECT TO streamspace_backup USING (true);


--
-- Name: users backup_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY backup_select ON app.users FOR SELECT TO streamspace_backup USING (true);


--
-- Name: users co_members; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY co_members ON app.users FOR SELECT TO streamspace_app USING (((EXISTS ( SELECT
   FROM app.memberships m
  WHERE (m.user_id = users.id))) OR (EXISTS ( SELECT
   FROM app.departures d
  WHERE (d.user_id = users.id)))));


--
-- Name: POLICY co_members ON users; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY co_members ON app.users IS 'A member sees the people of the org they act in, and those who have left it.';


--
-- Name: credentials; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.credentials ENABLE ROW LEVEL SECURITY;

--
-- Name: agent_slots definer_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_delete ON app.agent_slots FOR DELETE TO streamspace_definer USING (true);


--
-- Name: credentials definer_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_delete ON app.credentials FOR DELETE TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: events definer_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_delete ON app.events FOR DELETE TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: invitations definer_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_delete ON app.invitations FOR DELETE TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: memberships definer_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_delete ON app.memberships FOR DELETE TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: password_resets definer_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_delete ON app.password_resets FOR DELETE TO streamspace_definer USING (true);


--
-- Name: public_templates definer_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_delete ON app.public_templates FOR DELETE TO streamspace_definer USING (true);


--
-- Name: tickets definer_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_delete ON app.tickets FOR DELETE TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: org_heads definer_heads; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_heads ON app.org_heads TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: agent_orgs definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.agent_orgs FOR INSERT TO streamspace_definer WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: agent_slots definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.agent_slots FOR INSERT TO streamspace_definer WITH CHECK (true);


--
-- Name: agents definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.agents FOR INSERT TO streamspace_definer WITH CHECK (true);


--
-- Name: audit_log definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.audit_log FOR INSERT TO streamspace_definer WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: credentials definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.credentials FOR INSERT TO streamspace_definer WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: departures definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.departures FOR INSERT TO streamspace_definer WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: events definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.events FOR INSERT TO streamspace_definer WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: memberships definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.memberships FOR INSERT TO streamspace_definer WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: operator_log definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.operator_log FOR INSERT TO streamspace_definer WITH CHECK (true);


--
-- Name: organizations definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.organizations FOR INSERT TO streamspace_definer WITH CHECK ((id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: password_resets definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.password_resets FOR INSERT TO streamspace_definer WITH CHECK (true);


--
-- Name: public_templates definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.public_templates FOR INSERT TO streamspace_definer WITH CHECK (true);


--
-- Name: templates definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.templates FOR INSERT TO streamspace_definer WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: users definer_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_insert ON app.users FOR INSERT TO streamspace_definer WITH CHECK (true);


--
-- Name: quota_limits definer_limits; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_limits ON app.quota_limits TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: agent_orgs definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.agent_orgs FOR SELECT TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: agent_slots definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.agent_slots FOR SELECT TO streamspace_definer USING (true);


--
-- Name: agents definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.agents FOR SELECT TO streamspace_definer USING (true);


--
-- Name: audit_log definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.audit_log FOR SELECT TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: credentials definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.credentials FOR SELECT TO streamspace_definer USING (true);


--
-- Name: departures definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.departures FOR SELECT TO streamspace_definer USING (true);


--
-- Name: events definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.events FOR SELECT TO streamspace_definer USING (true);


--
-- Name: idempotency_keys definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.idempotency_keys FOR SELECT TO streamspace_definer USING (true);


--
-- Name: installation definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.installation FOR SELECT TO streamspace_definer USING (true);


--
-- Name: invitations definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.invitations FOR SELECT TO streamspace_definer USING (true);


--
-- Name: memberships definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.memberships FOR SELECT TO streamspace_definer USING (true);


--
-- Name: operator_log definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.operator_log FOR SELECT TO streamspace_definer USING (true);


--
-- Name: org_heads definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.org_heads FOR SELECT TO streamspace_definer USING (true);


--
-- Name: organizations definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.organizations FOR SELECT TO streamspace_definer USING (true);


--
-- Name: password_resets definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.password_resets FOR SELECT TO streamspace_definer USING (true);


--
-- Name: public_templates definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.public_templates FOR SELECT TO streamspace_definer USING (true);


--
-- Name: sessions definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.sessions FOR SELECT TO streamspace_definer USING (true);


--
-- Name: templates definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.templates FOR SELECT TO streamspace_definer USING (true);


--
-- Name: tickets definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.tickets FOR SELECT TO streamspace_definer USING (true);


--
-- Name: users definer_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_select ON app.users FOR SELECT TO streamspace_definer USING (true);


--
-- Name: agent_orgs definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.agent_orgs FOR UPDATE TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: agent_slots definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.agent_slots FOR UPDATE TO streamspace_definer USING (true);


--
-- Name: agents definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.agents FOR UPDATE TO streamspace_definer USING (true);


--
-- Name: credentials definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.credentials FOR UPDATE TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: departures definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.departures FOR UPDATE TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: installation definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.installation FOR UPDATE TO streamspace_definer USING (true);


--
-- Name: memberships definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.memberships FOR UPDATE TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: organizations definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.organizations FOR UPDATE TO streamspace_definer USING ((id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: password_resets definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.password_resets FOR UPDATE TO streamspace_definer USING (true);


--
-- Name: sessions definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.sessions FOR UPDATE TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: templates definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.templates FOR UPDATE TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: users definer_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_update ON app.users FOR UPDATE TO streamspace_definer USING (true);


--
-- Name: quota_usage definer_usage; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY definer_usage ON app.quota_usage TO streamspace_definer USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: departures; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.departures ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency_keys ended_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY ended_delete ON app.idempotency_keys AS RESTRICTIVE FOR DELETE TO streamspace_app, streamspace_system USING ((ends_at < now()));


--
-- Name: POLICY ended_delete ON idempotency_keys; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY ended_delete ON app.idempotency_keys IS 'A key stays for its day. Then its member can use it again, and background work removes it.';


--
-- Name: invitations ended_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY ended_delete ON app.invitations AS RESTRICTIVE FOR DELETE TO streamspace_system USING ((ends_at < now()));


--
-- Name: POLICY ended_delete ON invitations; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY ended_delete ON app.invitations IS 'Background work removes only invitations that have ended.';


--
-- Name: memberships ended_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY ended_delete ON app.memberships AS RESTRICTIVE FOR DELETE TO streamspace_system USING ((ends_at < now()));


--
-- Name: POLICY ended_delete ON memberships; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY ended_delete ON app.memberships IS 'Background work removes only grants that have ended.';


--
-- Name: events; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.events ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency_keys; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.idempotency_keys ENABLE ROW LEVEL SECURITY;

--
-- Name: public_templates inside_any_org; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY inside_any_org ON app.public_templates FOR SELECT TO streamspace_app USING ((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL));


--
-- Name: POLICY inside_any_org ON public_templates; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY inside_any_org ON app.public_templates IS 'Every member of every org reads them. No role writes them.';


--
-- Name: installation; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.installation ENABLE ROW LEVEL SECURITY;

--
-- Name: invitations; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.invitations ENABLE ROW LEVEL SECURITY;

--
-- Name: memberships; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.memberships ENABLE ROW LEVEL SECURITY;

--
-- Name: tickets of_a_session_in_reach; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY of_a_session_in_reach ON app.tickets AS RESTRICTIVE FOR INSERT TO streamspace_app WITH CHECK (((NOT ( SELECT rls.is_viewer() AS is_viewer)) AND (EXISTS ( SELECT
   FROM app.sessions s
  WHERE (s.id = tickets.session_id)))));


--
-- Name: POLICY of_a_session_in_reach ON tickets; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY of_a_session_in_reach ON app.tickets IS 'A ticket is visible when its session is: the policies of sessions apply to the subquery.';


--
-- Name: operator_log; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.operator_log ENABLE ROW LEVEL SECURITY;

--
-- Name: agent_orgs org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.agent_orgs FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: audit_log org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.audit_log FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: credentials org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.credentials FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: departures org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.departures FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: events org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.events FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: idempotency_keys org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.idempotency_keys FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: invitations org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.invitations FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: memberships org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.memberships FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: org_heads org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.org_heads FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: quota_limits org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.quota_limits FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: quota_usage org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.quota_usage FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: sessions org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.sessions FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: templates org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.templates FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: tickets org_delete; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_delete ON app.tickets FOR DELETE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: org_heads; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.org_heads ENABLE ROW LEVEL SECURITY;

--
-- Name: agent_orgs org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.agent_orgs FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: audit_log org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.audit_log FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: credentials org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.credentials FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: departures org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.departures FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: events org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.events FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: idempotency_keys org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.idempotency_keys FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: invitations org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.invitations FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: memberships org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.memberships FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: org_heads org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.org_heads FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: quota_limits org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.quota_limits FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: quota_usage org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.quota_usage FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: sessions org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.sessions FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: templates org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.templates FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: tickets org_insert; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_insert ON app.tickets FOR INSERT TO streamspace_app, streamspace_agent, streamspace_system WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: agent_orgs org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.agent_orgs FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: audit_log org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.audit_log FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: credentials org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.credentials FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: departures org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.departures FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: events org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.events FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: idempotency_keys org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.idempotency_keys FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: invitations org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.invitations FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: memberships org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.memberships FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: org_heads org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.org_heads FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: organizations org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.organizations FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: quota_limits org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.quota_limits FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: quota_usage org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.quota_usage FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: sessions org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.sessions FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: templates org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.templates FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: tickets org_select; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_select ON app.tickets FOR SELECT TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: agent_orgs org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.agent_orgs FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: audit_log org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.audit_log FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: credentials org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.credentials FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: departures org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.departures FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: events org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.events FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: idempotency_keys org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.idempotency_keys FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: invitations org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.invitations FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: memberships org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.memberships FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: org_heads org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.org_heads FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: quota_limits org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.quota_limits FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: quota_usage org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.quota_usage FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: sessions org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.sessions FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: templates org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.templates FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: tickets org_update; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY org_update ON app.tickets FOR UPDATE TO streamspace_app, streamspace_agent, streamspace_system USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: organizations; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.organizations ENABLE ROW LEVEL SECURITY;

--
-- Name: idempotency_keys own_only; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY own_only ON app.idempotency_keys AS RESTRICTIVE TO streamspace_app USING ((user_id = ( SELECT rls.current_user_id() AS current_user_id)));


--
-- Name: POLICY own_only ON idempotency_keys; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY own_only ON app.idempotency_keys IS 'A key is of one member. Another member''s same key is another one.';


--
-- Name: audit_log own_or_admin; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY own_or_admin ON app.audit_log AS RESTRICTIVE FOR SELECT TO streamspace_app USING (((actor = ('user:'::text || ( SELECT rls.current_user_id() AS current_user_id))) OR ( SELECT rls.is_admin() AS is_admin)));


--
-- Name: credentials own_or_admin; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY own_or_admin ON app.credentials AS RESTRICTIVE TO streamspace_app USING (((user_id = ( SELECT rls.current_user_id() AS current_user_id)) OR (( SELECT rls.is_admin() AS is_admin) AND ((role <> 'owner'::text) OR ( SELECT rls.is_owner() AS is_owner)))));


--
-- Name: POLICY own_or_admin ON credentials; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY own_or_admin ON app.credentials IS 'A member''s own sign-ins. An admin reaches those of others, except owners.';


--
-- Name: sessions own_or_admin; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY own_or_admin ON app.sessions AS RESTRICTIVE TO streamspace_app USING (((owner_id = ( SELECT rls.current_user_id() AS current_user_id)) OR ( SELECT rls.is_admin() AS is_admin)));


--
-- Name: POLICY own_or_admin ON sessions; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY own_or_admin ON app.sessions IS 'A member reaches their own sessions, an admin all sessions of the org.';


--
-- Name: events own_or_everyones; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY own_or_everyones ON app.events AS RESTRICTIVE FOR SELECT TO streamspace_app USING (((audience = 'everyone'::text) OR (owner_id = ( SELECT rls.current_user_id() AS current_user_id)) OR ((audience <> 'private'::text) AND ( SELECT rls.is_admin() AS is_admin))));


--
-- Name: quota_usage own_or_orgs; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY own_or_orgs ON app.quota_usage AS RESTRICTIVE FOR SELECT TO streamspace_app USING (((holder_id = org_id) OR (holder_id = ( SELECT rls.current_user_id() AS current_user_id)) OR ( SELECT rls.is_admin() AS is_admin)));


--
-- Name: agent_orgs owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.agent_orgs TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON agent_orgs; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.agent_orgs IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: audit_log owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.audit_log TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON audit_log; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.audit_log IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: credentials owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.credentials TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON credentials; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.credentials IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: departures owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.departures TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON departures; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.departures IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: events owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.events TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON events; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.events IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: idempotency_keys owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.idempotency_keys TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON idempotency_keys; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.idempotency_keys IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: invitations owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.invitations TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON invitations; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.invitations IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: memberships owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.memberships TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON memberships; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.memberships IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: org_heads owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.org_heads TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON org_heads; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.org_heads IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: organizations owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.organizations TO streamspace_owner USING ((id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: quota_limits owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.quota_limits TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON quota_limits; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.quota_limits IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: quota_usage owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.quota_usage TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON quota_usage; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.quota_usage IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: sessions owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.sessions TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON sessions; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.sessions IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: templates owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.templates TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON templates; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.templates IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: tickets owner_inside; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owner_inside ON app.tickets TO streamspace_owner USING ((org_id = ( SELECT rls.current_org_id() AS current_org_id))) WITH CHECK ((org_id = ( SELECT rls.current_org_id() AS current_org_id)));


--
-- Name: POLICY owner_inside ON tickets; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owner_inside ON app.tickets IS 'A migration reads and writes only rows of the org that it entered.';


--
-- Name: invitations owners_invite_owners; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owners_invite_owners ON app.invitations AS RESTRICTIVE FOR INSERT TO streamspace_app WITH CHECK (((role <> 'owner'::text) OR ( SELECT rls.is_owner() AS is_owner)));


--
-- Name: POLICY owners_invite_owners ON invitations; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owners_invite_owners ON app.invitations IS 'Only an owner invites an owner.';


--
-- Name: memberships owners_make_owners; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owners_make_owners ON app.memberships AS RESTRICTIVE FOR UPDATE TO streamspace_app USING (((role <> 'owner'::text) OR ( SELECT rls.is_owner() AS is_owner))) WITH CHECK (((role <> 'owner'::text) OR ( SELECT rls.is_owner() AS is_owner)));


--
-- Name: POLICY owners_make_owners ON memberships; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owners_make_owners ON app.memberships IS 'Only an owner grants or removes the role of owner.';


--
-- Name: memberships owners_remove_owners; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owners_remove_owners ON app.memberships AS RESTRICTIVE FOR DELETE TO streamspace_app USING (((role <> 'owner'::text) OR ( SELECT rls.is_owner() AS is_owner)));


--
-- Name: invitations owners_revoke_owners; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY owners_revoke_owners ON app.invitations AS RESTRICTIVE FOR DELETE TO streamspace_app USING (((role <> 'owner'::text) OR ( SELECT rls.is_owner() AS is_owner)));


--
-- Name: POLICY owners_revoke_owners ON invitations; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY owners_revoke_owners ON app.invitations IS 'Only an owner revokes or replaces the invitation of an owner.';


--
-- Name: password_resets; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.password_resets ENABLE ROW LEVEL SECURITY;

--
-- Name: public_templates; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.public_templates ENABLE ROW LEVEL SECURITY;

--
-- Name: quota_limits; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.quota_limits ENABLE ROW LEVEL SECURITY;

--
-- Name: quota_usage; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.quota_usage ENABLE ROW LEVEL SECURITY;

--
-- Name: sessions reported_session; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY reported_session ON app.sessions AS RESTRICTIVE TO streamspace_agent USING (((id = ( SELECT rls.current_session_id() AS current_session_id)) AND (agent_id = ( SELECT rls.current_agent_id() AS current_agent_id))));


--
-- Name: POLICY reported_session ON sessions; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY reported_session ON app.sessions IS 'An agent reaches the one session that it reports on.';


--
-- Name: agents serves_us; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY serves_us ON app.agents FOR SELECT TO streamspace_app USING ((EXISTS ( SELECT
   FROM app.agent_orgs a
  WHERE (a.agent_id = agents.id))));


--
-- Name: POLICY serves_us ON agents; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY serves_us ON app.agents IS 'A member sees the agents that serve their org.';


--
-- Name: sessions; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.sessions ENABLE ROW LEVEL SECURITY;

--
-- Name: templates; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.templates ENABLE ROW LEVEL SECURITY;

--
-- Name: agent_orgs tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.agent_orgs AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON agent_orgs; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.agent_orgs IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: audit_log tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.audit_log AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON audit_log; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.audit_log IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: credentials tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.credentials AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON credentials; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.credentials IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: departures tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.departures AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON departures; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.departures IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: events tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.events AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON events; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.events IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: idempotency_keys tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.idempotency_keys AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON idempotency_keys; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.idempotency_keys IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: invitations tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.invitations AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON invitations; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.invitations IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: memberships tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.memberships AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON memberships; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.memberships IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: org_heads tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.org_heads AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON org_heads; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.org_heads IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: organizations tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.organizations AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: quota_limits tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.quota_limits AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON quota_limits; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.quota_limits IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: quota_usage tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.quota_usage AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON quota_usage; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.quota_usage IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: sessions tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.sessions AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON sessions; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.sessions IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: templates tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.templates AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON templates; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.templates IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: tickets tenant_floor; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY tenant_floor ON app.tickets AS RESTRICTIVE TO streamspace_app, streamspace_agent, streamspace_system USING (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id)))) WITH CHECK (((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND (org_id = ( SELECT rls.current_org_id() AS current_org_id))));


--
-- Name: POLICY tenant_floor ON tickets; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY tenant_floor ON app.tickets IS 'Only rows of the org that was entered. An error before entering.';


--
-- Name: tickets; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.tickets ENABLE ROW LEVEL SECURITY;

--
-- Name: users; Type: ROW SECURITY; Schema: app; Owner: streamspace_owner
--

ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;

--
-- Name: sessions viewers_insert_none; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY viewers_insert_none ON app.sessions AS RESTRICTIVE FOR INSERT TO streamspace_app WITH CHECK ((NOT ( SELECT rls.is_viewer() AS is_viewer)));


--
-- Name: audit_log viewers_insert_refusals; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY viewers_insert_refusals ON app.audit_log AS RESTRICTIVE FOR INSERT TO streamspace_app WITH CHECK (((NOT ( SELECT rls.is_viewer() AS is_viewer)) OR (action = 'credential.sign_out'::text) OR (action = 'key.revoke'::text) OR ("right"(action, 8) = '.refused'::text)));


--
-- Name: POLICY viewers_insert_refusals ON audit_log; Type: COMMENT; Schema: app; Owner: streamspace_owner
--

COMMENT ON POLICY viewers_insert_refusals ON app.audit_log IS 'A viewer writes only the end of their own sign-ins and keys, and what was refused to them.';


--
-- Name: sessions viewers_update_none; Type: POLICY; Schema: app; Owner: streamspace_owner
--

CREATE POLICY viewers_update_none ON app.sessions AS RESTRICTIVE FOR UPDATE TO streamspace_app USING ((NOT ( SELECT rls.is_viewer() AS is_viewer)));


--
-- Name: SCHEMA app; Type: ACL; Schema: -; Owner: streamspace_owner
--

GRANT USAGE ON SCHEMA app TO streamspace_app;
GRANT USAGE ON SCHEMA app TO streamspace_agent;
GRANT USAGE ON SCHEMA app TO streamspace_system;
GRANT USAGE ON SCHEMA app TO streamspace_definer;
GRANT USAGE ON SCHEMA app TO streamspace_backup;


--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: pg_database_owner
--

REVOKE USAGE ON SCHEMA public FROM PUBLIC;


--
-- Name: SCHEMA rls; Type: ACL; Schema: -; Owner: streamspace_owner
--

GRANT USAGE ON SCHEMA rls TO streamspace_app;
GRANT USAGE ON SCHEMA rls TO streamspace_login;
GRANT USAGE ON SCHEMA rls TO streamspace_agent;
GRANT USAGE ON SCHEMA rls TO streamspace_operator;
GRANT USAGE ON SCHEMA rls TO streamspace_system;
GRANT ALL ON SCHEMA rls TO streamspace_definer;
GRANT USAGE ON SCHEMA rls TO streamspace_auditor;
GRANT USAGE ON SCHEMA rls TO streamspace_backup;


--
-- Name: FUNCTION lo_close(integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_close(integer) FROM PUBLIC;


--
-- Name: FUNCTION lo_creat(integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_creat(integer) FROM PUBLIC;


--
-- Name: FUNCTION lo_create(oid); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_create(oid) FROM PUBLIC;


--
-- Name: FUNCTION lo_from_bytea(oid, bytea); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_from_bytea(oid, bytea) FROM PUBLIC;


--
-- Name: FUNCTION lo_get(oid); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_get(oid) FROM PUBLIC;


--
-- Name: FUNCTION lo_get(oid, bigint, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_get(oid, bigint, integer) FROM PUBLIC;


--
-- Name: FUNCTION lo_lseek(integer, integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_lseek(integer, integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION lo_lseek64(integer, bigint, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_lseek64(integer, bigint, integer) FROM PUBLIC;


--
-- Name: FUNCTION lo_open(oid, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_open(oid, integer) FROM PUBLIC;


--
-- Name: FUNCTION lo_put(oid, bigint, bytea); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_put(oid, bigint, bytea) FROM PUBLIC;


--
-- Name: FUNCTION lo_tell(integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_tell(integer) FROM PUBLIC;


--
-- Name: FUNCTION lo_tell64(integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_tell64(integer) FROM PUBLIC;


--
-- Name: FUNCTION lo_truncate(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_truncate(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION lo_truncate64(integer, bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_truncate64(integer, bigint) FROM PUBLIC;


--
-- Name: FUNCTION lo_unlink(oid); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lo_unlink(oid) FROM PUBLIC;


--
-- Name: FUNCTION loread(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.loread(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION lowrite(integer, bytea); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.lowrite(integer, bytea) FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_lock(bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_lock(bigint) FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_lock(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_lock(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_lock_shared(bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_lock_shared(bigint) FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_lock_shared(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_lock_shared(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_unlock(bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_unlock(bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION pg_catalog.pg_advisory_unlock(bigint) TO streamspace_owner;
GRANT ALL ON FUNCTION pg_catalog.pg_advisory_unlock(bigint) TO streamspace_migrator;


--
-- Name: FUNCTION pg_advisory_unlock(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_unlock(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_unlock_all(); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_unlock_all() FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_unlock_shared(bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_unlock_shared(bigint) FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_unlock_shared(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_unlock_shared(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_xact_lock(bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_xact_lock(bigint) FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_xact_lock(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_xact_lock(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_xact_lock_shared(bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_xact_lock_shared(bigint) FROM PUBLIC;


--
-- Name: FUNCTION pg_advisory_xact_lock_shared(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_advisory_xact_lock_shared(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION pg_cancel_backend(integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_cancel_backend(integer) FROM PUBLIC;


--
-- Name: FUNCTION pg_notify(text, text); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_notify(text, text) FROM PUBLIC;


--
-- Name: FUNCTION pg_terminate_backend(pid integer, timeout bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_terminate_backend(pid integer, timeout bigint) FROM PUBLIC;


--
-- Name: FUNCTION pg_try_advisory_lock(bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_try_advisory_lock(bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION pg_catalog.pg_try_advisory_lock(bigint) TO streamspace_owner;
GRANT ALL ON FUNCTION pg_catalog.pg_try_advisory_lock(bigint) TO streamspace_migrator;


--
-- Name: FUNCTION pg_try_advisory_lock(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_try_advisory_lock(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION pg_try_advisory_lock_shared(bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_try_advisory_lock_shared(bigint) FROM PUBLIC;


--
-- Name: FUNCTION pg_try_advisory_lock_shared(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_try_advisory_lock_shared(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION pg_try_advisory_xact_lock(bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_try_advisory_xact_lock(bigint) FROM PUBLIC;


--
-- Name: FUNCTION pg_try_advisory_xact_lock(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_try_advisory_xact_lock(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION pg_try_advisory_xact_lock_shared(bigint); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_try_advisory_xact_lock_shared(bigint) FROM PUBLIC;


--
-- Name: FUNCTION pg_try_advisory_xact_lock_shared(integer, integer); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.pg_try_advisory_xact_lock_shared(integer, integer) FROM PUBLIC;


--
-- Name: FUNCTION set_config(text, text, boolean); Type: ACL; Schema: pg_catalog; Owner: postgres
--

REVOKE ALL ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION pg_catalog.set_config(text, text, boolean) TO streamspace_definer;
GRANT ALL ON FUNCTION pg_catalog.set_config(text, text, boolean) TO streamspace_backup;


--
-- Name: FUNCTION accept_invitation(hash bytea, usr uuid, name text, password_hash text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.accept_invitation(hash bytea, usr uuid, name text, password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.accept_invitation(hash bytea, usr uuid, name text, password_hash text) TO streamspace_login;


--
-- Name: FUNCTION actor(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.actor() FROM PUBLIC;


--
-- Name: FUNCTION add_member(operator text, org uuid, usr uuid, role text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.add_member(operator text, org uuid, usr uuid, role text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.add_member(operator text, org uuid, usr uuid, role text) TO streamspace_operator;


--
-- Name: FUNCTION add_template(operator text, org uuid, template uuid, name text, title text, description text, spec jsonb); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.add_template(operator text, org uuid, template uuid, name text, title text, description text, spec jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.add_template(operator text, org uuid, template uuid, name text, title text, description text, spec jsonb) TO streamspace_operator;


--
-- Name: FUNCTION administrator_v1(); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.administrator_v1() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.administrator_v1() TO streamspace_app;
GRANT ALL ON FUNCTION rls.administrator_v1() TO streamspace_login;
GRANT ALL ON FUNCTION rls.administrator_v1() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.administrator_v1() TO streamspace_operator;
GRANT ALL ON FUNCTION rls.administrator_v1() TO streamspace_system;
GRANT ALL ON FUNCTION rls.administrator_v1() TO streamspace_auditor;
GRANT ALL ON FUNCTION rls.administrator_v1() TO streamspace_definer;


--
-- Name: FUNCTION admit_session(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.admit_session() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.admit_session() TO streamspace_owner;


--
-- Name: FUNCTION agent_has_room(agent uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.agent_has_room(agent uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.agent_has_room(agent uuid) TO streamspace_app;


--
-- Name: FUNCTION agent_is_foreign(agent uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.agent_is_foreign(agent uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.agent_is_foreign(agent uuid) TO streamspace_app;


--
-- Name: FUNCTION already_inside(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.already_inside() FROM PUBLIC;


--
-- Name: FUNCTION approve_template(operator text, org uuid, template uuid, name text, revision integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.approve_template(operator text, org uuid, template uuid, name text, revision integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.approve_template(operator text, org uuid, template uuid, name text, revision integer) TO streamspace_operator;


--
-- Name: FUNCTION current_org_id(); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.current_org_id() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.current_org_id() TO streamspace_app;
GRANT ALL ON FUNCTION rls.current_org_id() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.current_org_id() TO streamspace_system;
GRANT ALL ON FUNCTION rls.current_org_id() TO streamspace_definer;


--
-- Name: TABLE audit_log; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.audit_log TO streamspace_backup;
GRANT SELECT ON TABLE app.audit_log TO streamspace_app;
GRANT SELECT ON TABLE app.audit_log TO streamspace_definer;


--
-- Name: COLUMN audit_log.action; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(action) ON TABLE app.audit_log TO streamspace_definer;
GRANT INSERT(action) ON TABLE app.audit_log TO streamspace_app;
GRANT INSERT(action) ON TABLE app.audit_log TO streamspace_agent;
GRANT INSERT(action) ON TABLE app.audit_log TO streamspace_system;


--
-- Name: COLUMN audit_log.subject; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(subject) ON TABLE app.audit_log TO streamspace_definer;
GRANT INSERT(subject) ON TABLE app.audit_log TO streamspace_app;
GRANT INSERT(subject) ON TABLE app.audit_log TO streamspace_agent;
GRANT INSERT(subject) ON TABLE app.audit_log TO streamspace_system;


--
-- Name: FUNCTION audit_hash(previous bytea, entry app.audit_log); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.audit_hash(previous bytea, entry app.audit_log) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.audit_hash(previous bytea, entry app.audit_log) TO streamspace_app;
GRANT ALL ON FUNCTION rls.audit_hash(previous bytea, entry app.audit_log) TO streamspace_system;


--
-- Name: PROCEDURE backfill_v1(IN of_table text, IN assignments text, IN pending text, IN batch integer); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON PROCEDURE rls.backfill_v1(IN of_table text, IN assignments text, IN pending text, IN batch integer) FROM PUBLIC;


--
-- Name: FUNCTION catalogue_functions(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.catalogue_functions() FROM PUBLIC;


--
-- Name: FUNCTION catalogue_grants(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.catalogue_grants() FROM PUBLIC;


--
-- Name: FUNCTION catalogue_org_tables(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.catalogue_org_tables() FROM PUBLIC;


--
-- Name: FUNCTION catalogue_policies(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.catalogue_policies() FROM PUBLIC;


--
-- Name: FUNCTION catalogue_policy_text(command "char", roles text[], reads text, writes text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.catalogue_policy_text(command "char", roles text[], reads text, writes text) FROM PUBLIC;


--
-- Name: FUNCTION catalogue_relations(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.catalogue_relations() FROM PUBLIC;


--
-- Name: FUNCTION catalogue_roles(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.catalogue_roles() FROM PUBLIC;


--
-- Name: FUNCTION chain_audit(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.chain_audit() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.chain_audit() TO streamspace_owner;


--
-- Name: FUNCTION change_password(org uuid, usr uuid, claimed text, credential uuid, verified text, password_hash text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.change_password(org uuid, usr uuid, claimed text, credential uuid, verified text, password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.change_password(org uuid, usr uuid, claimed text, credential uuid, verified text, password_hash text) TO streamspace_login;


--
-- Name: FUNCTION check_audit(after bigint, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.check_audit(after bigint, page integer) FROM PUBLIC;


--
-- Name: FUNCTION check_catalogue(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.check_catalogue() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.check_catalogue() TO streamspace_app;
GRANT ALL ON FUNCTION rls.check_catalogue() TO streamspace_login;
GRANT ALL ON FUNCTION rls.check_catalogue() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.check_catalogue() TO streamspace_operator;
GRANT ALL ON FUNCTION rls.check_catalogue() TO streamspace_system;
GRANT ALL ON FUNCTION rls.check_catalogue() TO streamspace_auditor;


--
-- Name: FUNCTION connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint) TO streamspace_agent;


--
-- Name: FUNCTION connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint, unenforced text[]); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint, unenforced text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.connect_agent(agent uuid, hash bytea, its_epoch bigint, unconfined boolean, its_slots integer, its_version text, its_contact bigint, unenforced text[]) TO streamspace_agent;


--
-- Name: FUNCTION consume_ticket(hash bytea); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.consume_ticket(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.consume_ticket(hash bytea) TO streamspace_login;


--
-- Name: FUNCTION count_sessions(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.count_sessions() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.count_sessions() TO streamspace_system;


--
-- Name: FUNCTION create_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, days integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.create_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, days integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.create_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, days integer) TO streamspace_app;


--
-- Name: FUNCTION create_org(operator text, org uuid, slug text, name text, namespace text, owner uuid, per_org bigint, per_user bigint); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.create_org(operator text, org uuid, slug text, name text, namespace text, owner uuid, per_org bigint, per_user bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.create_org(operator text, org uuid, slug text, name text, namespace text, owner uuid, per_org bigint, per_user bigint) TO streamspace_operator;


--
-- Name: FUNCTION create_org_table_v1(name text, columns text, about text, of_org boolean, definer_reads text); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.create_org_table_v1(name text, columns text, about text, of_org boolean, definer_reads text) FROM PUBLIC;


--
-- Name: FUNCTION create_user(operator text, usr uuid, email text, name text, password_hash text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.create_user(operator text, usr uuid, email text, name text, password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.create_user(operator text, usr uuid, email text, name text, password_hash text) TO streamspace_operator;


--
-- Name: FUNCTION credential_of(hash bytea); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.credential_of(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.credential_of(hash bytea) TO streamspace_login;


--
-- Name: FUNCTION current_agent_id(); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.current_agent_id() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.current_agent_id() TO streamspace_app;
GRANT ALL ON FUNCTION rls.current_agent_id() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.current_agent_id() TO streamspace_system;
GRANT ALL ON FUNCTION rls.current_agent_id() TO streamspace_definer;


--
-- Name: FUNCTION current_credential_id(); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.current_credential_id() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.current_credential_id() TO streamspace_app;
GRANT ALL ON FUNCTION rls.current_credential_id() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.current_credential_id() TO streamspace_system;
GRANT ALL ON FUNCTION rls.current_credential_id() TO streamspace_definer;


--
-- Name: FUNCTION current_session_id(); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.current_session_id() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.current_session_id() TO streamspace_app;
GRANT ALL ON FUNCTION rls.current_session_id() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.current_session_id() TO streamspace_system;
GRANT ALL ON FUNCTION rls.current_session_id() TO streamspace_definer;


--
-- Name: FUNCTION current_user_id(); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.current_user_id() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.current_user_id() TO streamspace_app;
GRANT ALL ON FUNCTION rls.current_user_id() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.current_user_id() TO streamspace_system;
GRANT ALL ON FUNCTION rls.current_user_id() TO streamspace_definer;


--
-- Name: FUNCTION disable_user(operator text, usr uuid, disable boolean); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.disable_user(operator text, usr uuid, disable boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.disable_user(operator text, usr uuid, disable boolean) TO streamspace_operator;


--
-- Name: FUNCTION end_access(operator text, org uuid, usr uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.end_access(operator text, org uuid, usr uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.end_access(operator text, org uuid, usr uuid) TO streamspace_operator;


--
-- Name: FUNCTION end_other_sign_ins(org uuid, usr uuid, credential uuid, action text, always boolean); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.end_other_sign_ins(org uuid, usr uuid, credential uuid, action text, always boolean) FROM PUBLIC;


--
-- Name: FUNCTION end_unknown_sessions(operator text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.end_unknown_sessions(operator text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.end_unknown_sessions(operator text) TO streamspace_operator;


--
-- Name: FUNCTION ended_streams(orgs uuid[], users uuid[], roles text[], credentials uuid[], sessions uuid[]); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.ended_streams(orgs uuid[], users uuid[], roles text[], credentials uuid[], sessions uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.ended_streams(orgs uuid[], users uuid[], roles text[], credentials uuid[], sessions uuid[]) TO streamspace_system;


--
-- Name: FUNCTION enrol_agent(operator text, agent uuid, name text, hash bytea); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.enrol_agent(operator text, agent uuid, name text, hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.enrol_agent(operator text, agent uuid, name text, hash bytea) TO streamspace_operator;


--
-- Name: FUNCTION enter(org uuid, usr uuid, claimed text, credential uuid, read_only boolean); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.enter(org uuid, usr uuid, claimed text, credential uuid, read_only boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.enter(org uuid, usr uuid, claimed text, credential uuid, read_only boolean) TO streamspace_app;


--
-- Name: FUNCTION enter_migration(org uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.enter_migration(org uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.enter_migration(org uuid) TO streamspace_owner;


--
-- Name: FUNCTION enter_operator(org uuid, operator text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.enter_operator(org uuid, operator text) FROM PUBLIC;


--
-- Name: FUNCTION enter_report(agent uuid, its_epoch bigint, session uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.enter_report(agent uuid, its_epoch bigint, session uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.enter_report(agent uuid, its_epoch bigint, session uuid) TO streamspace_agent;


--
-- Name: FUNCTION enter_service(org uuid, service text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.enter_service(org uuid, service text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.enter_service(org uuid, service text) TO streamspace_system;


--
-- Name: FUNCTION find_agent(name text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.find_agent(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.find_agent(name text) TO streamspace_operator;


--
-- Name: FUNCTION find_org(slug text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.find_org(slug text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.find_org(slug text) TO streamspace_operator;


--
-- Name: FUNCTION find_user(email text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.find_user(email text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.find_user(email text) TO streamspace_operator;


--
-- Name: FUNCTION follow_quota(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.follow_quota() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.follow_quota() TO streamspace_owner;


--
-- Name: FUNCTION forget_password(address text, hash bytea, ends timestamp with time zone); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.forget_password(address text, hash bytea, ends timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.forget_password(address text, hash bytea, ends timestamp with time zone) TO streamspace_login;


--
-- Name: FUNCTION free_agent(besides uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.free_agent(besides uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.free_agent(besides uuid) TO streamspace_app;
GRANT ALL ON FUNCTION rls.free_agent(besides uuid) TO streamspace_system;


--
-- Name: FUNCTION grant_access(operator text, org uuid, usr uuid, role text, reason text, ends timestamp with time zone); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.grant_access(operator text, org uuid, usr uuid, role text, reason text, ends timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.grant_access(operator text, org uuid, usr uuid, role text, reason text, ends timestamp with time zone) TO streamspace_operator;


--
-- Name: FUNCTION heard_of(seen timestamp with time zone, created timestamp with time zone); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.heard_of(seen timestamp with time zone, created timestamp with time zone) FROM PUBLIC;


--
-- Name: FUNCTION insert_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, lasts interval); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.insert_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, lasts interval) FROM PUBLIC;


--
-- Name: FUNCTION invitation_is_foreign(invitation uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.invitation_is_foreign(invitation uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.invitation_is_foreign(invitation uuid) TO streamspace_app;


--
-- Name: FUNCTION invitation_of(hash bytea); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.invitation_of(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.invitation_of(hash bytea) TO streamspace_login;


--
-- Name: FUNCTION is_admin(); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.is_admin() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.is_admin() TO streamspace_app;
GRANT ALL ON FUNCTION rls.is_admin() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.is_admin() TO streamspace_system;
GRANT ALL ON FUNCTION rls.is_admin() TO streamspace_definer;


--
-- Name: FUNCTION is_owner(); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.is_owner() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.is_owner() TO streamspace_app;
GRANT ALL ON FUNCTION rls.is_owner() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.is_owner() TO streamspace_system;
GRANT ALL ON FUNCTION rls.is_owner() TO streamspace_definer;


--
-- Name: FUNCTION is_plain_text(value text); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.is_plain_text(value text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.is_plain_text(value text) TO streamspace_app;
GRANT ALL ON FUNCTION rls.is_plain_text(value text) TO streamspace_agent;
GRANT ALL ON FUNCTION rls.is_plain_text(value text) TO streamspace_system;
GRANT ALL ON FUNCTION rls.is_plain_text(value text) TO streamspace_definer;


--
-- Name: FUNCTION is_viewer(); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.is_viewer() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.is_viewer() TO streamspace_app;
GRANT ALL ON FUNCTION rls.is_viewer() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.is_viewer() TO streamspace_system;
GRANT ALL ON FUNCTION rls.is_viewer() TO streamspace_definer;


--
-- Name: FUNCTION keep_an_owner(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.keep_an_owner() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.keep_an_owner() TO streamspace_owner;


--
-- Name: FUNCTION keep_session(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.keep_session() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.keep_session() TO streamspace_owner;


--
-- Name: FUNCTION key_of(hash bytea); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.key_of(hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.key_of(hash bytea) TO streamspace_login;


--
-- Name: FUNCTION leave_lost_agents(patience integer, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.leave_lost_agents(patience integer, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.leave_lost_agents(patience integer, page integer) TO streamspace_system;


--
-- Name: FUNCTION limit_invitations(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.limit_invitations() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.limit_invitations() TO streamspace_owner;


--
-- Name: FUNCTION limit_resources(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.limit_resources() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.limit_resources() TO streamspace_owner;


--
-- Name: FUNCTION limit_templates(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.limit_templates() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.limit_templates() TO streamspace_owner;


--
-- Name: FUNCTION list_agents(after text, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.list_agents(after text, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.list_agents(after text, page integer) TO streamspace_operator;


--
-- Name: FUNCTION list_orgs(after text, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.list_orgs(after text, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.list_orgs(after text, page integer) TO streamspace_operator;


--
-- Name: FUNCTION list_unknown_sessions(after uuid, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.list_unknown_sessions(after uuid, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.list_unknown_sessions(after uuid, page integer) TO streamspace_operator;


--
-- Name: FUNCTION list_users(after text, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.list_users(after text, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.list_users(after text, page integer) TO streamspace_operator;


--
-- Name: FUNCTION listen(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.listen() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.listen() TO streamspace_system;


--
-- Name: FUNCTION log_operator(operator text, action text, subject text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.log_operator(operator text, action text, subject text) FROM PUBLIC;


--
-- Name: FUNCTION make_owner(operator text, org uuid, usr uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.make_owner(operator text, org uuid, usr uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.make_owner(operator text, org uuid, usr uuid) TO streamspace_operator;


--
-- Name: FUNCTION memberships_of(usr uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.memberships_of(usr uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.memberships_of(usr uuid) TO streamspace_login;


--
-- Name: FUNCTION migration_texts(); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.migration_texts() FROM PUBLIC;


--
-- Name: FUNCTION new_setup_code(operator text, hash bytea, ends timestamp with time zone); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.new_setup_code(operator text, hash bytea, ends timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.new_setup_code(operator text, hash bytea, ends timestamp with time zone) TO streamspace_operator;


--
-- Name: FUNCTION newest_events(orgs uuid[]); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.newest_events(orgs uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.newest_events(orgs uuid[]) TO streamspace_system;


--
-- Name: FUNCTION no_org(); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.no_org() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.no_org() TO streamspace_app;
GRANT ALL ON FUNCTION rls.no_org() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.no_org() TO streamspace_system;
GRANT ALL ON FUNCTION rls.no_org() TO streamspace_definer;


--
-- Name: FUNCTION note_access(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.note_access() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.note_access() TO streamspace_owner;


--
-- Name: FUNCTION note_departure(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.note_departure() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.note_departure() TO streamspace_owner;


--
-- Name: TABLE events; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.events TO streamspace_backup;
GRANT SELECT ON TABLE app.events TO streamspace_app;
GRANT SELECT ON TABLE app.events TO streamspace_system;
GRANT DELETE ON TABLE app.events TO streamspace_definer;


--
-- Name: COLUMN events.org_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(org_id) ON TABLE app.events TO streamspace_definer;


--
-- Name: COLUMN events.seq; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(seq) ON TABLE app.events TO streamspace_definer;


--
-- Name: COLUMN events.at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(at) ON TABLE app.events TO streamspace_definer;


--
-- Name: COLUMN events.type; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(type) ON TABLE app.events TO streamspace_app;
GRANT INSERT(type) ON TABLE app.events TO streamspace_agent;
GRANT INSERT(type) ON TABLE app.events TO streamspace_system;
GRANT INSERT(type) ON TABLE app.events TO streamspace_definer;


--
-- Name: COLUMN events.subject_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(subject_id) ON TABLE app.events TO streamspace_app;
GRANT INSERT(subject_id) ON TABLE app.events TO streamspace_agent;
GRANT INSERT(subject_id) ON TABLE app.events TO streamspace_system;
GRANT INSERT(subject_id) ON TABLE app.events TO streamspace_definer;


--
-- Name: COLUMN events.owner_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(owner_id) ON TABLE app.events TO streamspace_definer;


--
-- Name: COLUMN events.audience; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(audience) ON TABLE app.events TO streamspace_app;
GRANT INSERT(audience) ON TABLE app.events TO streamspace_system;
GRANT INSERT(audience) ON TABLE app.events TO streamspace_definer;


--
-- Name: COLUMN events.data; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(data) ON TABLE app.events TO streamspace_app;
GRANT INSERT(data) ON TABLE app.events TO streamspace_agent;
GRANT INSERT(data) ON TABLE app.events TO streamspace_system;
GRANT INSERT(data) ON TABLE app.events TO streamspace_definer;


--
-- Name: COLUMN events.version; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(version) ON TABLE app.events TO streamspace_app;


--
-- Name: COLUMN events.subject_name; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(subject_name) ON TABLE app.events TO streamspace_definer;
GRANT INSERT(subject_name) ON TABLE app.events TO streamspace_app;


--
-- Name: FUNCTION note_event(org uuid, e app.events); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.note_event(org uuid, e app.events) FROM PUBLIC;


--
-- Name: FUNCTION note_host(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.note_host() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.note_host() TO streamspace_owner;


--
-- Name: FUNCTION note_member(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.note_member() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.note_member() TO streamspace_owner;


--
-- Name: FUNCTION note_refused_sign_ins(usr uuid, network text, times integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.note_refused_sign_ins(usr uuid, network text, times integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.note_refused_sign_ins(usr uuid, network text, times integer) TO streamspace_login;


--
-- Name: FUNCTION note_restore(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.note_restore() FROM PUBLIC;


--
-- Name: FUNCTION note_silent_agents(patience integer, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.note_silent_agents(patience integer, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.note_silent_agents(patience integer, page integer) TO streamspace_system;


--
-- Name: FUNCTION note_suspension(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.note_suspension() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.note_suspension() TO streamspace_owner;


--
-- Name: FUNCTION number_event(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.number_event() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.number_event() TO streamspace_owner;


--
-- Name: FUNCTION open_invitation(hash bytea); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.open_invitation(hash bytea) FROM PUBLIC;


--
-- Name: FUNCTION operator_log_after(after bigint, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.operator_log_after(after bigint, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.operator_log_after(after bigint, page integer) TO streamspace_operator;


--
-- Name: FUNCTION orgs_after(org uuid, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.orgs_after(org uuid, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.orgs_after(org uuid, page integer) TO streamspace_owner;


--
-- Name: FUNCTION orgs_of_user(usr uuid, after uuid, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.orgs_of_user(usr uuid, after uuid, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.orgs_of_user(usr uuid, after uuid, page integer) TO streamspace_operator;


--
-- Name: FUNCTION orgs_with_ended_keys(page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.orgs_with_ended_keys(page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.orgs_with_ended_keys(page integer) TO streamspace_system;


--
-- Name: FUNCTION orgs_with_expired_credentials(page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.orgs_with_expired_credentials(page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.orgs_with_expired_credentials(page integer) TO streamspace_system;


--
-- Name: FUNCTION orgs_with_expired_invitations(page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.orgs_with_expired_invitations(page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.orgs_with_expired_invitations(page integer) TO streamspace_system;


--
-- Name: FUNCTION orgs_with_lost_agents(after uuid, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.orgs_with_lost_agents(after uuid, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.orgs_with_lost_agents(after uuid, page integer) TO streamspace_system;


--
-- Name: FUNCTION orgs_with_old_events(kept integer, after uuid, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.orgs_with_old_events(kept integer, after uuid, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.orgs_with_old_events(kept integer, after uuid, page integer) TO streamspace_system;


--
-- Name: FUNCTION orgs_with_silent_agents(patience integer, after uuid, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.orgs_with_silent_agents(patience integer, after uuid, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.orgs_with_silent_agents(patience integer, after uuid, page integer) TO streamspace_system;


--
-- Name: FUNCTION orgs_with_waiting_sessions(after uuid, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.orgs_with_waiting_sessions(after uuid, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.orgs_with_waiting_sessions(after uuid, page integer) TO streamspace_system;


--
-- Name: FUNCTION own_orgs(after text, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.own_orgs(after text, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.own_orgs(after text, page integer) TO streamspace_app;


--
-- Name: FUNCTION password_of(org uuid, usr uuid, claimed text, credential uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.password_of(org uuid, usr uuid, claimed text, credential uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.password_of(org uuid, usr uuid, claimed text, credential uuid) TO streamspace_login;


--
-- Name: FUNCTION placements(agent uuid, its_epoch bigint, after uuid, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.placements(agent uuid, its_epoch bigint, after uuid, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.placements(agent uuid, its_epoch bigint, after uuid, page integer) TO streamspace_agent;


--
-- Name: FUNCTION predates_restore(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.predates_restore() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.predates_restore() TO streamspace_agent;


--
-- Name: FUNCTION provide_slots(agent uuid, wanted integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.provide_slots(agent uuid, wanted integer) FROM PUBLIC;


--
-- Name: FUNCTION publication_requests(after uuid, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.publication_requests(after uuid, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.publication_requests(after uuid, page integer) TO streamspace_operator;


--
-- Name: FUNCTION publish_template(operator text, template uuid, name text, title text, description text, spec jsonb); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.publish_template(operator text, template uuid, name text, title text, description text, spec jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.publish_template(operator text, template uuid, name text, title text, description text, spec jsonb) TO streamspace_operator;


--
-- Name: FUNCTION refuse_entry(org uuid, usr uuid, credential uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.refuse_entry(org uuid, usr uuid, credential uuid) FROM PUBLIC;


--
-- Name: FUNCTION rehash_password(usr uuid, verified text, password_hash text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rehash_password(usr uuid, verified text, password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.rehash_password(usr uuid, verified text, password_hash text) TO streamspace_login;


--
-- Name: FUNCTION reject_template(operator text, org uuid, name text, revision integer, reason text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.reject_template(operator text, org uuid, name text, revision integer, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.reject_template(operator text, org uuid, name text, revision integer, reason text) TO streamspace_operator;


--
-- Name: FUNCTION remove_old_events(kept integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.remove_old_events(kept integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.remove_old_events(kept integer) TO streamspace_system;


--
-- Name: FUNCTION report_unknown(agent uuid, its_epoch bigint, sessions uuid[], namespaces text[], started timestamp with time zone[], keep boolean); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.report_unknown(agent uuid, its_epoch bigint, sessions uuid[], namespaces text[], started timestamp with time zone[], keep boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.report_unknown(agent uuid, its_epoch bigint, sessions uuid[], namespaces text[], started timestamp with time zone[], keep boolean) TO streamspace_agent;


--
-- Name: FUNCTION require_credential(org uuid, usr uuid, claimed text, credential uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.require_credential(org uuid, usr uuid, claimed text, credential uuid) FROM PUBLIC;


--
-- Name: FUNCTION reset_password(hash bytea, password_hash text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.reset_password(hash bytea, password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.reset_password(hash bytea, password_hash text) TO streamspace_login;


--
-- Name: FUNCTION resource_use(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.resource_use() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.resource_use() TO streamspace_app;


--
-- Name: FUNCTION revise_template(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.revise_template() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.revise_template() TO streamspace_owner;


--
-- Name: FUNCTION revoke_agent(operator text, agent uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.revoke_agent(operator text, agent uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.revoke_agent(operator text, agent uuid) TO streamspace_operator;


--
-- Name: FUNCTION rotate_agent(operator text, agent uuid, hash bytea); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rotate_agent(operator text, agent uuid, hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.rotate_agent(operator text, agent uuid, hash bytea) TO streamspace_operator;


--
-- Name: FUNCTION rotate_key(replaced uuid, key uuid, public_id uuid, hash bytea, overlap_hours integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rotate_key(replaced uuid, key uuid, public_id uuid, hash bytea, overlap_hours integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.rotate_key(replaced uuid, key uuid, public_id uuid, hash bytea, overlap_hours integer) TO streamspace_app;


--
-- Name: FUNCTION rules_extensions(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_extensions() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.rules_extensions() TO streamspace_app;
GRANT ALL ON FUNCTION rls.rules_extensions() TO streamspace_login;
GRANT ALL ON FUNCTION rls.rules_extensions() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.rules_extensions() TO streamspace_operator;
GRANT ALL ON FUNCTION rls.rules_extensions() TO streamspace_system;
GRANT ALL ON FUNCTION rls.rules_extensions() TO streamspace_auditor;
GRANT ALL ON FUNCTION rls.rules_extensions() TO streamspace_backup;


--
-- Name: FUNCTION rules_functions(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_functions() FROM PUBLIC;


--
-- Name: FUNCTION rules_keys(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_keys() FROM PUBLIC;


--
-- Name: FUNCTION rules_notes(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_notes() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.rules_notes() TO streamspace_auditor;


--
-- Name: FUNCTION rules_outside(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_outside() FROM PUBLIC;


--
-- Name: FUNCTION rules_pins(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_pins() FROM PUBLIC;


--
-- Name: FUNCTION rules_policies(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_policies() FROM PUBLIC;


--
-- Name: FUNCTION rules_privileges(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_privileges() FROM PUBLIC;


--
-- Name: FUNCTION rules_reviewed(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_reviewed() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.rules_reviewed() TO streamspace_app;
GRANT ALL ON FUNCTION rls.rules_reviewed() TO streamspace_login;
GRANT ALL ON FUNCTION rls.rules_reviewed() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.rules_reviewed() TO streamspace_operator;
GRANT ALL ON FUNCTION rls.rules_reviewed() TO streamspace_system;
GRANT ALL ON FUNCTION rls.rules_reviewed() TO streamspace_auditor;
GRANT ALL ON FUNCTION rls.rules_reviewed() TO streamspace_backup;


--
-- Name: FUNCTION rules_roles(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_roles() FROM PUBLIC;


--
-- Name: FUNCTION rules_tables(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_tables() FROM PUBLIC;


--
-- Name: FUNCTION rules_triggers(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_triggers() FROM PUBLIC;


--
-- Name: FUNCTION rules_version(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_version() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.rules_version() TO streamspace_app;
GRANT ALL ON FUNCTION rls.rules_version() TO streamspace_login;
GRANT ALL ON FUNCTION rls.rules_version() TO streamspace_agent;
GRANT ALL ON FUNCTION rls.rules_version() TO streamspace_operator;
GRANT ALL ON FUNCTION rls.rules_version() TO streamspace_system;
GRANT ALL ON FUNCTION rls.rules_version() TO streamspace_auditor;
GRANT ALL ON FUNCTION rls.rules_version() TO streamspace_owner;


--
-- Name: FUNCTION rules_views(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.rules_views() FROM PUBLIC;


--
-- Name: FUNCTION scope(org uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.scope(org uuid) FROM PUBLIC;


--
-- Name: FUNCTION serve_org(operator text, agent uuid, org uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.serve_org(operator text, agent uuid, org uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.serve_org(operator text, agent uuid, org uuid) TO streamspace_operator;


--
-- Name: FUNCTION session_is_foreign(session uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.session_is_foreign(session uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.session_is_foreign(session uuid) TO streamspace_app;


--
-- Name: FUNCTION sessions_left_behind(page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.sessions_left_behind(page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.sessions_left_behind(page integer) TO streamspace_system;


--
-- Name: FUNCTION sessions_overdue(page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.sessions_overdue(page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.sessions_overdue(page integer) TO streamspace_system;


--
-- Name: FUNCTION set_limits(operator text, org uuid, limits jsonb); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.set_limits(operator text, org uuid, limits jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.set_limits(operator text, org uuid, limits jsonb) TO streamspace_operator;


--
-- Name: FUNCTION set_limits(operator text, org uuid, per_org bigint, per_user bigint); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.set_limits(operator text, org uuid, per_org bigint, per_user bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.set_limits(operator text, org uuid, per_org bigint, per_user bigint) TO streamspace_operator;


--
-- Name: FUNCTION set_password(operator text, usr uuid, password_hash text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.set_password(operator text, usr uuid, password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.set_password(operator text, usr uuid, password_hash text) TO streamspace_operator;


--
-- Name: FUNCTION set_settings(max_key_days integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.set_settings(max_key_days integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.set_settings(max_key_days integer) TO streamspace_app;


--
-- Name: FUNCTION set_up(hash bytea, usr uuid, email text, name text, password_hash text, org uuid, slug text, org_name text, namespace text, per_org bigint, per_user bigint); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.set_up(hash bytea, usr uuid, email text, name text, password_hash text, org uuid, slug text, org_name text, namespace text, per_org bigint, per_user bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.set_up(hash bytea, usr uuid, email text, name text, password_hash text, org uuid, slug text, org_name text, namespace text, per_org bigint, per_user bigint) TO streamspace_login;
GRANT ALL ON FUNCTION rls.set_up(hash bytea, usr uuid, email text, name text, password_hash text, org uuid, slug text, org_name text, namespace text, per_org bigint, per_user bigint) TO streamspace_operator;


--
-- Name: FUNCTION sign_in(usr uuid, org uuid, credential uuid, hash bytea, ends timestamp with time zone, address text, browser text, verified text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.sign_in(usr uuid, org uuid, credential uuid, hash bytea, ends timestamp with time zone, address text, browser text, verified text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.sign_in(usr uuid, org uuid, credential uuid, hash bytea, ends timestamp with time zone, address text, browser text, verified text) TO streamspace_login;


--
-- Name: FUNCTION sign_in_is_foreign(sign_in uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.sign_in_is_foreign(sign_in uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.sign_in_is_foreign(sign_in uuid) TO streamspace_app;


--
-- Name: FUNCTION sign_out_others(org uuid, usr uuid, claimed text, credential uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.sign_out_others(org uuid, usr uuid, claimed text, credential uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.sign_out_others(org uuid, usr uuid, claimed text, credential uuid) TO streamspace_login;


--
-- Name: FUNCTION sign_out_user(operator text, org uuid, usr uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.sign_out_user(operator text, org uuid, usr uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.sign_out_user(operator text, org uuid, usr uuid) TO streamspace_operator;


--
-- Name: FUNCTION start_elsewhere(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.start_elsewhere() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.start_elsewhere() TO streamspace_agent;


--
-- Name: FUNCTION suspend_org(operator text, org uuid, suspend boolean); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.suspend_org(operator text, org uuid, suspend boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.suspend_org(operator text, org uuid, suspend boolean) TO streamspace_operator;


--
-- Name: FUNCTION switch_org(org uuid, usr uuid, claimed text, credential uuid, slug text, new_credential uuid, hash bytea, address text, browser text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.switch_org(org uuid, usr uuid, claimed text, credential uuid, slug text, new_credential uuid, hash bytea, address text, browser text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.switch_org(org uuid, usr uuid, claimed text, credential uuid, slug text, new_credential uuid, hash bytea, address text, browser text) TO streamspace_login;


--
-- Name: FUNCTION take_over(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.take_over() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.take_over() TO streamspace_owner;


--
-- Name: FUNCTION template_is_foreign(template uuid); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.template_is_foreign(template uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.template_is_foreign(template uuid) TO streamspace_app;


--
-- Name: FUNCTION tenant_conditions_v1(key name); Type: ACL; Schema: rls; Owner: streamspace_owner
--

REVOKE ALL ON FUNCTION rls.tenant_conditions_v1(key name) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.tenant_conditions_v1(key name) TO streamspace_app;
GRANT ALL ON FUNCTION rls.tenant_conditions_v1(key name) TO streamspace_login;
GRANT ALL ON FUNCTION rls.tenant_conditions_v1(key name) TO streamspace_agent;
GRANT ALL ON FUNCTION rls.tenant_conditions_v1(key name) TO streamspace_operator;
GRANT ALL ON FUNCTION rls.tenant_conditions_v1(key name) TO streamspace_system;
GRANT ALL ON FUNCTION rls.tenant_conditions_v1(key name) TO streamspace_definer;


--
-- Name: FUNCTION unacknowledged(agents uuid[], page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.unacknowledged(agents uuid[], page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.unacknowledged(agents uuid[], page integer) TO streamspace_agent;


--
-- Name: FUNCTION unpublish_template(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.unpublish_template() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.unpublish_template() TO streamspace_owner;


--
-- Name: FUNCTION use_slot(); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.use_slot() FROM PUBLIC;
GRANT ALL ON FUNCTION rls.use_slot() TO streamspace_owner;


--
-- Name: FUNCTION user_by_email(address text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.user_by_email(address text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.user_by_email(address text) TO streamspace_login;


--
-- Name: FUNCTION verify_audit(after bigint, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.verify_audit(after bigint, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.verify_audit(after bigint, page integer) TO streamspace_app;


--
-- Name: FUNCTION verify_org_audit(org uuid, after bigint, page integer); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.verify_org_audit(org uuid, after bigint, page integer) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.verify_org_audit(org uuid, after bigint, page integer) TO streamspace_operator;


--
-- Name: FUNCTION withdraw_template(operator text, name text); Type: ACL; Schema: rls; Owner: streamspace_definer
--

REVOKE ALL ON FUNCTION rls.withdraw_template(operator text, name text) FROM PUBLIC;
GRANT ALL ON FUNCTION rls.withdraw_template(operator text, name text) TO streamspace_operator;


--
-- Name: TABLE agent_orgs; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.agent_orgs TO streamspace_backup;
GRANT SELECT,INSERT ON TABLE app.agent_orgs TO streamspace_definer;
GRANT SELECT ON TABLE app.agent_orgs TO streamspace_app;


--
-- Name: COLUMN agent_orgs.failed_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(failed_at) ON TABLE app.agent_orgs TO streamspace_definer;


--
-- Name: TABLE agent_slots; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.agent_slots TO streamspace_backup;
GRANT SELECT,DELETE ON TABLE app.agent_slots TO streamspace_definer;


--
-- Name: COLUMN agent_slots.agent_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(agent_id) ON TABLE app.agent_slots TO streamspace_definer;


--
-- Name: COLUMN agent_slots.slot; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(slot) ON TABLE app.agent_slots TO streamspace_definer;


--
-- Name: COLUMN agent_slots.session_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(session_id) ON TABLE app.agent_slots TO streamspace_definer;


--
-- Name: TABLE agents; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.agents TO streamspace_backup;
GRANT SELECT,INSERT ON TABLE app.agents TO streamspace_definer;


--
-- Name: COLUMN agents.id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(id) ON TABLE app.agents TO streamspace_app;


--
-- Name: COLUMN agents.name; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(name) ON TABLE app.agents TO streamspace_app;


--
-- Name: COLUMN agents.secret_hash; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(secret_hash) ON TABLE app.agents TO streamspace_definer;


--
-- Name: COLUMN agents.epoch; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(epoch) ON TABLE app.agents TO streamspace_definer;


--
-- Name: COLUMN agents.version; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(version) ON TABLE app.agents TO streamspace_definer;
GRANT SELECT(version) ON TABLE app.agents TO streamspace_app;


--
-- Name: COLUMN agents.seen_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(seen_at) ON TABLE app.agents TO streamspace_definer;
GRANT SELECT(seen_at) ON TABLE app.agents TO streamspace_app;


--
-- Name: COLUMN agents.revoked_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(revoked_at) ON TABLE app.agents TO streamspace_definer;
GRANT SELECT(revoked_at) ON TABLE app.agents TO streamspace_app;


--
-- Name: COLUMN agents.slots; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(slots) ON TABLE app.agents TO streamspace_definer;


--
-- Name: COLUMN agents.contact; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(contact) ON TABLE app.agents TO streamspace_definer;


--
-- Name: COLUMN agents.unknown_sessions; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(unknown_sessions) ON TABLE app.agents TO streamspace_definer;


--
-- Name: COLUMN agents.unenforced_limits; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(unenforced_limits) ON TABLE app.agents TO streamspace_app;
GRANT UPDATE(unenforced_limits) ON TABLE app.agents TO streamspace_definer;


--
-- Name: TABLE credentials; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.credentials TO streamspace_backup;
GRANT SELECT,INSERT,DELETE ON TABLE app.credentials TO streamspace_definer;
GRANT DELETE ON TABLE app.credentials TO streamspace_app;
GRANT DELETE ON TABLE app.credentials TO streamspace_system;


--
-- Name: COLUMN credentials.org_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(org_id) ON TABLE app.credentials TO streamspace_app;
GRANT SELECT(org_id) ON TABLE app.credentials TO streamspace_system;


--
-- Name: COLUMN credentials.id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(id) ON TABLE app.credentials TO streamspace_app;
GRANT SELECT(id) ON TABLE app.credentials TO streamspace_system;


--
-- Name: COLUMN credentials.user_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(user_id) ON TABLE app.credentials TO streamspace_app;


--
-- Name: COLUMN credentials.role; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(role) ON TABLE app.credentials TO streamspace_app;


--
-- Name: COLUMN credentials.public_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(public_id) ON TABLE app.credentials TO streamspace_app;


--
-- Name: COLUMN credentials.address; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(address) ON TABLE app.credentials TO streamspace_app;


--
-- Name: COLUMN credentials.browser; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(browser) ON TABLE app.credentials TO streamspace_app;


--
-- Name: COLUMN credentials.name; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(name) ON TABLE app.credentials TO streamspace_app;


--
-- Name: COLUMN credentials.scopes; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(scopes) ON TABLE app.credentials TO streamspace_app;


--
-- Name: COLUMN credentials.used_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(used_at) ON TABLE app.credentials TO streamspace_app;
GRANT UPDATE(used_at) ON TABLE app.credentials TO streamspace_definer;


--
-- Name: COLUMN credentials.created_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(created_at) ON TABLE app.credentials TO streamspace_app;


--
-- Name: COLUMN credentials.ends_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(ends_at) ON TABLE app.credentials TO streamspace_app;
GRANT SELECT(ends_at) ON TABLE app.credentials TO streamspace_system;
GRANT UPDATE(ends_at) ON TABLE app.credentials TO streamspace_definer;


--
-- Name: TABLE departures; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.departures TO streamspace_backup;
GRANT SELECT ON TABLE app.departures TO streamspace_app;
GRANT SELECT ON TABLE app.departures TO streamspace_definer;


--
-- Name: COLUMN departures.user_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(user_id) ON TABLE app.departures TO streamspace_definer;


--
-- Name: COLUMN departures.left_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(left_at) ON TABLE app.departures TO streamspace_definer;


--
-- Name: TABLE idempotency_keys; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.idempotency_keys TO streamspace_backup;
GRANT SELECT,DELETE ON TABLE app.idempotency_keys TO streamspace_app;
GRANT DELETE ON TABLE app.idempotency_keys TO streamspace_system;
GRANT SELECT ON TABLE app.idempotency_keys TO streamspace_definer;


--
-- Name: COLUMN idempotency_keys.org_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(org_id) ON TABLE app.idempotency_keys TO streamspace_system;


--
-- Name: COLUMN idempotency_keys.key; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(key) ON TABLE app.idempotency_keys TO streamspace_app;


--
-- Name: COLUMN idempotency_keys.fingerprint; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(fingerprint) ON TABLE app.idempotency_keys TO streamspace_app;


--
-- Name: COLUMN idempotency_keys.subject_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(subject_id) ON TABLE app.idempotency_keys TO streamspace_app;


--
-- Name: COLUMN idempotency_keys.ends_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(ends_at) ON TABLE app.idempotency_keys TO streamspace_system;


--
-- Name: TABLE installation; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.installation TO streamspace_backup;
GRANT SELECT ON TABLE app.installation TO streamspace_definer;


--
-- Name: COLUMN installation.secret_hash; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(secret_hash) ON TABLE app.installation TO streamspace_definer;


--
-- Name: COLUMN installation.secret_ends_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(secret_ends_at) ON TABLE app.installation TO streamspace_definer;


--
-- Name: COLUMN installation.log_seq; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(log_seq) ON TABLE app.installation TO streamspace_definer;


--
-- Name: COLUMN installation.log_hash; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(log_hash) ON TABLE app.installation TO streamspace_definer;


--
-- Name: COLUMN installation.listened_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(listened_at) ON TABLE app.installation TO streamspace_definer;


--
-- Name: COLUMN installation.listens_since; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(listens_since) ON TABLE app.installation TO streamspace_definer;


--
-- Name: COLUMN installation.restored_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(restored_at) ON TABLE app.installation TO streamspace_definer;


--
-- Name: COLUMN installation.keeps_unknown; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(keeps_unknown) ON TABLE app.installation TO streamspace_definer;


--
-- Name: TABLE invitations; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.invitations TO streamspace_backup;
GRANT DELETE ON TABLE app.invitations TO streamspace_app;
GRANT DELETE ON TABLE app.invitations TO streamspace_system;
GRANT SELECT,DELETE ON TABLE app.invitations TO streamspace_definer;


--
-- Name: COLUMN invitations.org_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(org_id) ON TABLE app.invitations TO streamspace_app;
GRANT SELECT(org_id) ON TABLE app.invitations TO streamspace_system;


--
-- Name: COLUMN invitations.id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(id),INSERT(id) ON TABLE app.invitations TO streamspace_app;
GRANT SELECT(id) ON TABLE app.invitations TO streamspace_system;


--
-- Name: COLUMN invitations.email; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(email),INSERT(email) ON TABLE app.invitations TO streamspace_app;


--
-- Name: COLUMN invitations.role; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(role),INSERT(role) ON TABLE app.invitations TO streamspace_app;


--
-- Name: COLUMN invitations.secret_hash; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(secret_hash) ON TABLE app.invitations TO streamspace_app;


--
-- Name: COLUMN invitations.by_mail; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(by_mail),INSERT(by_mail) ON TABLE app.invitations TO streamspace_app;


--
-- Name: COLUMN invitations.invited_by; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(invited_by) ON TABLE app.invitations TO streamspace_app;


--
-- Name: COLUMN invitations.created_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(created_at) ON TABLE app.invitations TO streamspace_app;


--
-- Name: COLUMN invitations.ends_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(ends_at) ON TABLE app.invitations TO streamspace_app;
GRANT SELECT(ends_at) ON TABLE app.invitations TO streamspace_system;


--
-- Name: TABLE memberships; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.memberships TO streamspace_backup;
GRANT SELECT,INSERT,DELETE ON TABLE app.memberships TO streamspace_definer;
GRANT SELECT,DELETE ON TABLE app.memberships TO streamspace_app;
GRANT DELETE ON TABLE app.memberships TO streamspace_system;


--
-- Name: COLUMN memberships.org_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(org_id) ON TABLE app.memberships TO streamspace_system;


--
-- Name: COLUMN memberships.user_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(user_id) ON TABLE app.memberships TO streamspace_system;


--
-- Name: COLUMN memberships.role; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(role) ON TABLE app.memberships TO streamspace_app;
GRANT UPDATE(role) ON TABLE app.memberships TO streamspace_definer;


--
-- Name: COLUMN memberships.ends_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(ends_at) ON TABLE app.memberships TO streamspace_definer;
GRANT SELECT(ends_at) ON TABLE app.memberships TO streamspace_system;


--
-- Name: COLUMN memberships.reason; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(reason) ON TABLE app.memberships TO streamspace_definer;


--
-- Name: TABLE operator_log; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.operator_log TO streamspace_backup;
GRANT SELECT,INSERT ON TABLE app.operator_log TO streamspace_definer;


--
-- Name: TABLE org_heads; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.org_heads TO streamspace_backup;
GRANT SELECT,INSERT ON TABLE app.org_heads TO streamspace_definer;


--
-- Name: COLUMN org_heads.org_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(org_id) ON TABLE app.org_heads TO streamspace_system;


--
-- Name: COLUMN org_heads.event_seq; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(event_seq) ON TABLE app.org_heads TO streamspace_definer;
GRANT SELECT(event_seq) ON TABLE app.org_heads TO streamspace_system;


--
-- Name: COLUMN org_heads.audit_seq; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(audit_seq) ON TABLE app.org_heads TO streamspace_definer;


--
-- Name: COLUMN org_heads.audit_hash; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(audit_hash) ON TABLE app.org_heads TO streamspace_definer;


--
-- Name: TABLE organizations; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.organizations TO streamspace_backup;
GRANT SELECT,INSERT ON TABLE app.organizations TO streamspace_definer;
GRANT SELECT ON TABLE app.organizations TO streamspace_app;


--
-- Name: COLUMN organizations.suspended; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(suspended) ON TABLE app.organizations TO streamspace_definer;


--
-- Name: COLUMN organizations.suspended_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(suspended_at) ON TABLE app.organizations TO streamspace_definer;


--
-- Name: COLUMN organizations.max_key_days; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(max_key_days) ON TABLE app.organizations TO streamspace_definer;


--
-- Name: TABLE password_resets; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.password_resets TO streamspace_backup;
GRANT SELECT,INSERT,DELETE ON TABLE app.password_resets TO streamspace_definer;


--
-- Name: COLUMN password_resets.secret_hash; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(secret_hash) ON TABLE app.password_resets TO streamspace_definer;


--
-- Name: COLUMN password_resets.ends_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(ends_at) ON TABLE app.password_resets TO streamspace_definer;


--
-- Name: TABLE public_templates; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.public_templates TO streamspace_backup;
GRANT SELECT,INSERT,DELETE ON TABLE app.public_templates TO streamspace_definer;
GRANT SELECT ON TABLE app.public_templates TO streamspace_app;


--
-- Name: TABLE quota_limits; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.quota_limits TO streamspace_backup;
GRANT SELECT,INSERT ON TABLE app.quota_limits TO streamspace_definer;
GRANT SELECT ON TABLE app.quota_limits TO streamspace_app;


--
-- Name: COLUMN quota_limits.kind; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(kind) ON TABLE app.quota_limits TO streamspace_app;


--
-- Name: COLUMN quota_limits.per_org; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(per_org) ON TABLE app.quota_limits TO streamspace_definer;


--
-- Name: COLUMN quota_limits.per_user; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(per_user) ON TABLE app.quota_limits TO streamspace_definer;


--
-- Name: COLUMN quota_limits.own_per_org; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(own_per_org),UPDATE(own_per_org) ON TABLE app.quota_limits TO streamspace_app;


--
-- Name: COLUMN quota_limits.own_per_user; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(own_per_user),UPDATE(own_per_user) ON TABLE app.quota_limits TO streamspace_app;


--
-- Name: TABLE quota_usage; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.quota_usage TO streamspace_backup;
GRANT SELECT,INSERT ON TABLE app.quota_usage TO streamspace_definer;
GRANT SELECT ON TABLE app.quota_usage TO streamspace_app;


--
-- Name: COLUMN quota_usage.used; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(used) ON TABLE app.quota_usage TO streamspace_definer;


--
-- Name: COLUMN quota_usage.own_limit; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(own_limit) ON TABLE app.quota_usage TO streamspace_definer;
GRANT UPDATE(own_limit) ON TABLE app.quota_usage TO streamspace_app;


--
-- Name: TABLE sessions; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.sessions TO streamspace_backup;
GRANT SELECT ON TABLE app.sessions TO streamspace_definer;
GRANT SELECT ON TABLE app.sessions TO streamspace_app;
GRANT SELECT ON TABLE app.sessions TO streamspace_agent;
GRANT SELECT ON TABLE app.sessions TO streamspace_system;


--
-- Name: COLUMN sessions.id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(id) ON TABLE app.sessions TO streamspace_app;


--
-- Name: COLUMN sessions.owner_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(owner_id),UPDATE(owner_id) ON TABLE app.sessions TO streamspace_app;


--
-- Name: COLUMN sessions.name; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(name),UPDATE(name) ON TABLE app.sessions TO streamspace_app;


--
-- Name: COLUMN sessions.template_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(template_id) ON TABLE app.sessions TO streamspace_app;


--
-- Name: COLUMN sessions.template_name; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(template_name) ON TABLE app.sessions TO streamspace_app;


--
-- Name: COLUMN sessions.template_title; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(template_title) ON TABLE app.sessions TO streamspace_app;


--
-- Name: COLUMN sessions.spec; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(spec) ON TABLE app.sessions TO streamspace_app;


--
-- Name: COLUMN sessions.agent_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(agent_id) ON TABLE app.sessions TO streamspace_app;
GRANT UPDATE(agent_id) ON TABLE app.sessions TO streamspace_definer;
GRANT UPDATE(agent_id) ON TABLE app.sessions TO streamspace_system;


--
-- Name: COLUMN sessions.desired; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(desired) ON TABLE app.sessions TO streamspace_app;
GRANT UPDATE(desired) ON TABLE app.sessions TO streamspace_system;


--
-- Name: COLUMN sessions.state; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(state) ON TABLE app.sessions TO streamspace_agent;
GRANT UPDATE(state) ON TABLE app.sessions TO streamspace_system;
GRANT UPDATE(state) ON TABLE app.sessions TO streamspace_definer;


--
-- Name: COLUMN sessions.reason; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(reason) ON TABLE app.sessions TO streamspace_agent;
GRANT UPDATE(reason) ON TABLE app.sessions TO streamspace_system;
GRANT UPDATE(reason) ON TABLE app.sessions TO streamspace_definer;


--
-- Name: COLUMN sessions.observed_generation; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(observed_generation) ON TABLE app.sessions TO streamspace_agent;


--
-- Name: COLUMN sessions.failed_on; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(failed_on) ON TABLE app.sessions TO streamspace_definer;


--
-- Name: COLUMN sessions.waits_for; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(waits_for) ON TABLE app.sessions TO streamspace_definer;
GRANT INSERT(waits_for) ON TABLE app.sessions TO streamspace_app;
GRANT UPDATE(waits_for) ON TABLE app.sessions TO streamspace_system;


--
-- Name: COLUMN sessions.detail; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(detail) ON TABLE app.sessions TO streamspace_agent;


--
-- Name: COLUMN sessions.tags; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(tags) ON TABLE app.sessions TO streamspace_app;


--
-- Name: COLUMN sessions.silent_since; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(silent_since) ON TABLE app.sessions TO streamspace_definer;


--
-- Name: TABLE templates; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.templates TO streamspace_backup;
GRANT SELECT,INSERT ON TABLE app.templates TO streamspace_definer;
GRANT SELECT,DELETE ON TABLE app.templates TO streamspace_app;


--
-- Name: COLUMN templates.id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(id) ON TABLE app.templates TO streamspace_app;


--
-- Name: COLUMN templates.revision; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(revision) ON TABLE app.templates TO streamspace_definer;


--
-- Name: COLUMN templates.name; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(name) ON TABLE app.templates TO streamspace_app;


--
-- Name: COLUMN templates.title; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(title) ON TABLE app.templates TO streamspace_definer;
GRANT INSERT(title),UPDATE(title) ON TABLE app.templates TO streamspace_app;


--
-- Name: COLUMN templates.description; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(description) ON TABLE app.templates TO streamspace_definer;
GRANT INSERT(description),UPDATE(description) ON TABLE app.templates TO streamspace_app;


--
-- Name: COLUMN templates.spec; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(spec) ON TABLE app.templates TO streamspace_definer;
GRANT INSERT(spec),UPDATE(spec) ON TABLE app.templates TO streamspace_app;


--
-- Name: COLUMN templates.updated_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(updated_at) ON TABLE app.templates TO streamspace_definer;


--
-- Name: COLUMN templates.requested_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(requested_at) ON TABLE app.templates TO streamspace_app;
GRANT UPDATE(requested_at) ON TABLE app.templates TO streamspace_definer;


--
-- Name: COLUMN templates.public_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(public_id) ON TABLE app.templates TO streamspace_app;
GRANT UPDATE(public_id) ON TABLE app.templates TO streamspace_definer;


--
-- Name: COLUMN templates.rejection; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(rejection) ON TABLE app.templates TO streamspace_definer;


--
-- Name: TABLE tickets; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.tickets TO streamspace_backup;
GRANT SELECT,DELETE ON TABLE app.tickets TO streamspace_definer;
GRANT DELETE ON TABLE app.tickets TO streamspace_system;


--
-- Name: COLUMN tickets.org_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(org_id) ON TABLE app.tickets TO streamspace_system;


--
-- Name: COLUMN tickets.id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(id) ON TABLE app.tickets TO streamspace_app;
GRANT SELECT(id) ON TABLE app.tickets TO streamspace_system;


--
-- Name: COLUMN tickets.session_id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(session_id) ON TABLE app.tickets TO streamspace_app;


--
-- Name: COLUMN tickets.secret_hash; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT INSERT(secret_hash) ON TABLE app.tickets TO streamspace_app;


--
-- Name: COLUMN tickets.ends_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(ends_at) ON TABLE app.tickets TO streamspace_system;


--
-- Name: TABLE users; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT ON TABLE app.users TO streamspace_backup;
GRANT SELECT,INSERT ON TABLE app.users TO streamspace_definer;


--
-- Name: COLUMN users.id; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(id) ON TABLE app.users TO streamspace_app;


--
-- Name: COLUMN users.email; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(email) ON TABLE app.users TO streamspace_app;


--
-- Name: COLUMN users.name; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT SELECT(name) ON TABLE app.users TO streamspace_app;


--
-- Name: COLUMN users.password_hash; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(password_hash) ON TABLE app.users TO streamspace_definer;


--
-- Name: COLUMN users.disabled; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(disabled) ON TABLE app.users TO streamspace_definer;


--
-- Name: COLUMN users.verified_at; Type: ACL; Schema: app; Owner: streamspace_owner
--

GRANT UPDATE(verified_at) ON TABLE app.users TO streamspace_definer;


--
-- Name: TABLE goose_db_version; Type: ACL; Schema: rls; Owner: streamspace_owner
--

GRANT SELECT ON TABLE rls.goose_db_version TO streamspace_backup;
GRANT SELECT ON TABLE rls.goose_db_version TO streamspace_app;
GRANT SELECT ON TABLE rls.goose_db_version TO streamspace_login;
GRANT SELECT ON TABLE rls.goose_db_version TO streamspace_agent;
GRANT SELECT ON TABLE rls.goose_db_version TO streamspace_operator;
GRANT SELECT ON TABLE rls.goose_db_version TO streamspace_system;
GRANT SELECT ON TABLE rls.goose_db_version TO streamspace_auditor;


--
-- Name: SEQUENCE goose_db_version_id_seq; Type: ACL; Schema: rls; Owner: streamspace_owner
--

GRANT SELECT ON SEQUENCE rls.goose_db_version_id_seq TO streamspace_backup;


--
-- Name: DEFAULT PRIVILEGES FOR SEQUENCES; Type: DEFAULT ACL; Schema: -; Owner: streamspace_owner
--

ALTER DEFAULT PRIVILEGES FOR ROLE streamspace_owner GRANT SELECT ON SEQUENCES  TO streamspace_backup;


--
-- Name: DEFAULT PRIVILEGES FOR FUNCTIONS; Type: DEFAULT ACL; Schema: -; Owner: streamspace_definer
--

ALTER DEFAULT PRIVILEGES FOR ROLE streamspace_definer REVOKE ALL ON FUNCTIONS  FROM PUBLIC;


--
-- Name: DEFAULT PRIVILEGES FOR FUNCTIONS; Type: DEFAULT ACL; Schema: -; Owner: streamspace_owner
--

ALTER DEFAULT PRIVILEGES FOR ROLE streamspace_owner REVOKE ALL ON FUNCTIONS  FROM PUBLIC;


--
-- Name: DEFAULT PRIVILEGES FOR TABLES; Type: DEFAULT ACL; Schema: -; Owner: streamspace_owner
--

ALTER DEFAULT PRIVILEGES FOR ROLE streamspace_owner GRANT SELECT ON TABLES  TO streamspace_backup;


--
-- PostgreSQL database dump complete
--


