-- The floor: a transaction that does nothing, in one round trip.
\startpipeline
begin;
commit;
\endpipeline
