-- What Go needs to write each policy anew: its conditions are taken apart there. The users are those that a policy of the table
-- can bind, each with a command that they have the privilege for.
select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as on_table, quote_ident(p.polname) as name, p.polpermissive as permissive,
       case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as command,
       array(select case when x = 0 then 'public' else x::regrole::text end from unnest(p.polroles) x order by 1) as roles,
       coalesce(pg_get_expr(p.polqual, p.polrelid), '') as reads, coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') as writes,
       array(select r.rolname || ' ' || x
               from pg_roles r, unnest(array['select', 'insert', 'update', 'delete']) x
              where not r.rolsuper and not r.rolbypassrls and r.oid <> c.relowner and has_schema_privilege(r.oid, n.oid, 'usage')
                and case x when 'delete' then has_table_privilege(r.oid, c.oid, x) else has_any_column_privilege(r.oid, c.oid, x) end) as users
  from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
