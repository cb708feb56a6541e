-- The backup role sees every row of every table: pg_dump writes what it sees, and reports no error for what it does not.
select 'ok ' || (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from app.%I', c.relname), false, true, '')))[1]
         as want,
       '' as first, 'backup' as caller, format('select from app.%I', c.relname) as statement
  from pg_class c
 where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
