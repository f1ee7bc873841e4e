-- Claims that go from owner to owner, and vectors that are known by the text they were made from. Locks the table of jobs while its
-- index is built, about a second for a million jobs, and tables of vectors while each is read once.

-- From owner to owner by index alone; within an owner by waiting time.
drop index embedding_jobs_available;
create index embedding_jobs_available on embedding_jobs (model_id, owner_id, available_at) where state <> 'dead';

-- What a vector was made from; null for those that are there already, and for those that a client gave. The owner comes second in the
-- index: one that begins with the owner could be taken for a comparison of all of an owner's vectors, in no good order.
do $$
declare
  model record;
begin
  for model in select table_name from embedding_models where to_regclass(table_name) is not null loop
    execute format('alter table %I add column input_hash bytea', model.table_name);
    execute format('create index %I on %I (input_hash, owner_id) where input_hash is not null', model.table_name || '_by_input', model.table_name);
  end loop;
end $$;
