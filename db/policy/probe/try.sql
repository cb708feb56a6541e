-- Makes attempts, each in a subtransaction that ends with an error: its own, or one that undoes it. What became of them is told
-- by an error too, which undoes this block as well: MU001 with the first that did not end as it must, or MU002 with all of them.
do $try$
declare
  a record; step text; i int; attempted int; n bigint; got text; held boolean;
  state text; message text; name text; attribute text;
  outcomes text[] := '{}';
begin
  for a in select * from jsonb_to_recordset($attempts${attempts}$attempts$::jsonb) as x (want text, steps text[], checks int) loop
    i := 0;
    attempted := cardinality(a.steps) - coalesce(a.checks, 0);
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
      when state = '42501' and message ~ '^permission denied for (function|procedure)'
        then state || ' ' || split_part(message, ' ', 5)
      when state = '42501' and message ~ 'row-level security' then state || ' policy'
      when state = '42501' and message ~ '^app.org_id is not set' then state || ' scope'
      when state = 'P0001' then message
      when name <> '' then state || ' ' || name
      when attribute <> '' then state || ' ' || attribute
      else state end;
    if state <> 'MU000' and i <> attempted then
      got := format('%s at %s', got, step);
    end if;
    held := got = a.want or got like a.want || ' %';
    if not held then
      held := exists (
        select from unnest(string_to_array(a.want, ' or ')) w
         where got = w or got like w || ' %'
            or w = 'refused' and i = attempted and (state in ('42501', '23503') or state like 'SS%'));
    end if;
    if {all} then
      outcomes := outcomes || json_build_object('got', got, 'message', case when state <> 'MU000' then message end,
        'held', held)::text;
    elsif not held then
      raise exception using errcode = 'MU001', detail = a.steps::text,
        message = format('wanted %s, got %s (%s)', a.want, got, message);
    end if;
  end loop;
  raise exception using errcode = 'MU002', detail = '[' || array_to_string(outcomes, ', ') || ']';
end $try$
