-- Unexpected objects. Each is granted to the roles that serve, because an attacker could not use it otherwise.
with everyone as (
  select string_agg(rolname, ', ' order by rolname) as names from pg_roles
   where rolname ~ '^streamspace_(app|login|agent|operator|system|auditor)$'
)
select 'stranger', x.name, replace(x.sql, '{everyone}', e.names)
  from everyone e, (values
    ('a table of app without org_id',
     'create table app.notes (body text); alter table app.notes owner to streamspace_owner; grant select, insert on app.notes to {everyone}'),
    ('a table of app with org_id and without policies',
     'create table app.notes (org_id uuid not null default rls.current_org_id(), id uuid, primary key (org_id, id));
      alter table app.notes owner to streamspace_owner; grant select, insert on app.notes to {everyone}'),
    ('a table of rls', 'create table rls.notes (body text); grant select, insert on rls.notes to {everyone}'),
    ('a table of public, open again', 'grant usage on schema public to public; create table public.notes (body text); grant select on public.notes to {everyone}'),
    ('a table of a schema of its own', 'create schema extra; grant usage on schema extra to {everyone}; create table extra.notes (body text); grant select on extra.notes to {everyone}'),
    ('a view of app that reads as a superuser', 'create view app.all_sessions as select * from app.sessions; grant select on app.all_sessions to {everyone}'),
    ('a view of rls that reads as a superuser', 'create view rls.all_sessions as select * from app.sessions; grant select on rls.all_sessions to {everyone}'),
    ('a view that reads as the definer', 'create view rls.all_sessions as select * from app.sessions; alter view rls.all_sessions owner to streamspace_definer; grant select on rls.all_sessions to {everyone}'),
    ('a view of public, open again', 'grant usage on schema public to public; create view public.all_sessions as select * from app.sessions; grant select on public.all_sessions to {everyone}'),
    ('a materialised view', 'create materialized view app.all_sessions as select * from app.sessions; grant select on app.all_sessions to {everyone}'),
    ('a copy of a table', 'create table rls.old_sessions as select * from app.sessions; grant select on rls.old_sessions to {everyone}'),
    ('a function of a superuser that reads all', 'create function rls.peek() returns bigint language sql security definer as ''select count(*) from app.sessions''; grant execute on function rls.peek() to {everyone}'),
    ('a function of the definer that reads all', 'create function rls.peek() returns bigint language sql security definer as ''select count(*) from app.sessions''; alter function rls.peek() owner to streamspace_definer; grant execute on function rls.peek() to {everyone}'),
    ('a function of public, open again', 'grant usage on schema public to public; create function public.peek() returns bigint language sql security definer as ''select count(*) from app.sessions'''),
    ('a function that sets a scope', 'create function rls.jump(v text) returns text language sql security definer as ''select set_config(''''app.org_id'''', v, true)''; grant execute on function rls.jump(text) to {everyone}'),
    ('a sequence', 'create sequence app.counter; grant usage on sequence app.counter to {everyone}'),
    ('a rule', 'create rule quiet as on delete to app.credentials do instead nothing'),
    ('an event trigger', 'create function rls.watch() returns event_trigger language plpgsql as ''begin end''; create event trigger watch on ddl_command_end execute function rls.watch()'),
    ('a publication of all tables', 'create publication everything for all tables'),
    ('a publication of one table', 'create publication sessions for table app.sessions'),
    ('a large object that PUBLIC reads', 'select lo_create(424242); grant select on large object 424242 to public'),
    ('a foreign data wrapper', 'create foreign data wrapper outside; create server elsewhere foreign data wrapper outside; grant usage on foreign server elsewhere to {everyone}'),
    ('a cast', 'create function rls.as_uuid(int) returns uuid language sql immutable as ''select null::uuid''; create cast (int as uuid) with function rls.as_uuid(int) as implicit'),
    ('an operator', 'create function rls.same(uuid, uuid) returns boolean language sql immutable as ''select true''; create operator app.= (leftarg = uuid, rightarg = uuid, function = rls.same)'),
    ('a trigger of another''s', 'create function rls.nothing() returns trigger language plpgsql as ''begin return new; end''; create trigger zz before insert on app.sessions for each row execute function rls.nothing()'),
    ('a partition', 'create table app.sessions_of_one () inherits (app.sessions); grant select on app.sessions_of_one to {everyone}'),
    ('a further permissive policy', 'create policy wide on app.sessions for select to streamspace_app using (true)'),
    ('a permissive policy for PUBLIC', 'create policy wide on app.users for select to public using (true)')
  ) x (name, sql)
