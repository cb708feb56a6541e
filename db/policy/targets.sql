-- The tables that hold an organisation's rows, or rows that only some organisations may see, with what an attempt needs
-- to know.
with target as (
  select c.oid, c.relname as name, a.attname as key
    from pg_class c
    left join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
     and a.attname = case when c.relname = 'organizations' then 'id' else 'org_id' end
   where c.relnamespace = to_regnamespace('app') and c.relkind in ('r', 'p') and c.relname <> 'public_templates'
)
select t.name::text, coalesce(t.key::text, ''),
       array(select a.attname::text from pg_attribute a where a.attrelid = t.oid and a.attnum > 0
         and not a.attisdropped order by a.attnum),
       array(select a.attname::text from pg_index i join pg_attribute a on a.attrelid = t.oid and a.attnum = any (i.indkey)
              where i.indrelid = t.oid and i.indisprimary order by array_position(i.indkey::int2[], a.attnum)),
       (select coalesce(jsonb_object_agg(r.rolname, jsonb_build_object(
                 'insert', array(select a.attname from pg_attribute a where a.attrelid = t.oid and a.attnum > 0
                   and not a.attisdropped
                                    and has_column_privilege(r.oid, t.oid, a.attnum, 'insert')),
                 'update', array(select a.attname from pg_attribute a where a.attrelid = t.oid and a.attnum > 0
                   and not a.attisdropped
                                    and has_column_privilege(r.oid, t.oid, a.attnum, 'update')))), '{}')
          from pg_roles r where r.rolname ~ '^streamspace_'),
       (select coalesce(jsonb_agg(jsonb_build_object('name', c.relname, 'columns',
                 array(select a.attname from pg_attribute a
                        where a.attrelid = t.oid and a.attnum = any (i.indkey) and a.attname is distinct from t.key))), '[]')
          from pg_index i join pg_class c on c.oid = i.indexrelid
         where i.indrelid = t.oid and i.indisunique),
       (select coalesce(jsonb_agg(jsonb_build_object('name', k.conname, 'columns',
                 array(select a.attname from pg_attribute a
                        where a.attrelid = t.oid and a.attnum = any (k.conkey) and a.attname is distinct from t.key))), '[]')
          from pg_constraint k join target f on f.oid = k.confrelid and f.key = 'org_id'
         where k.conrelid = t.oid and k.contype = 'f')
  from target t
 order by 1
