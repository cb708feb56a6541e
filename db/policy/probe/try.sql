-- Makes attempts, each in a subtransaction that ends with an error: its own, or one that undoes it. The first that does not end
-- as it has to is told by an error, which undoes this as well.
do $try$
declare
  a record; step text; i int; n bigint; got text; state text; message text; name text; attribute text;
begin
  for a in select * from jsonb_to_recordset($attempts${attempts}$attempts$::jsonb) as x (want text, steps text[]) loop
    i := 0;
    begin
      foreach step in array a.steps loop
        i := i + 1;
        execute step;
        get diagnostics n = row_count;
      end loop;
      raise exception using errcode = 'MU000';
    exception when others then
      get stacked diagnostics state = returned_sqlstate, message = message_text,
        name = constraint_name, attribute = column_name;
    end;
    got := case
      when state = 'MU000' then 'ok ' || n
      when state = '42501' and message ~ '^permission denied for (schema|table|view|database|parameter|sequence)'
        then state || ' grant'
      when state = '42501' and message ~ '^permission denied for function'
        then state || ' ' || split_part(message, ' ', 5)
      when state = '42501' and message ~ 'row-level security' then state || ' policy'
      when state = '42501' and message ~ '^app.org_id is not set' then state || ' scope'
      when state = 'P0001' then message
      when name <> '' then state || ' ' || name
      when attribute <> '' then state || ' ' || attribute
      else state end;
    if i < cardinality(a.steps) then
      got := format('%s at %s', got, step);
    end if;
    if got <> a.want and got not like a.want || ' %' then
      raise exception using errcode = 'MU001', detail = a.steps::text,
        message = format('wanted %s, got %s (%s)', a.want, got, message);
    end if;
  end loop;
end $try$
