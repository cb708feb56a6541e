-- Settings that apply as soon as a connection begins: for our roles and for all roles, in this database and in every database.
select concat_ws(' ', 'alter', case when s.setrole = 0 then 'database' else 'role ' || s.setrole::regrole end,
         case when s.setdatabase <> 0 and s.setrole <> 0 then 'in this database' end, 'set', c)
  from pg_db_role_setting s, unnest(s.setconfig) c
 where s.setdatabase = (select oid from pg_database where datname = current_database())
    or s.setdatabase = 0 and (s.setrole = 0 or s.setrole in (select oid from pg_roles where rolname ~ '^streamspace_')
      or c ~ '^app\.')
