-- Two plans of search, their upkeep, and the history of searches. Tables of vectors are rewritten once; everything else is quick.

-- Whose message a chunk of a chat is.
alter table document_chunks add column speaker text generated always as (metadata ->> 'speaker') stored;

-- Moves with whatever changes the owner's answers: writes, arriving vectors. Summed over the slots, like the counts.
alter table owner_counters add column version bigint not null default 0;

alter table embedding_models
  -- halfvec, or vector where the processor cannot convert half floats.
  add column vector_type text not null default 'halfvec' check (vector_type in ('halfvec', 'vector')),
  -- What the approximate index was built for.
  add column index_profile text not null default 'balanced' check (index_profile in ('fast', 'balanced', 'accurate'));

-- The document of each vector, so that filters reach it without the chunk's row; the vectors that the approximate index does not hold,
-- and the owners of those that it holds; and that index itself, one for each partition, which holds nothing yet.
do $$
declare
  model record;
  partition_name name;
begin
  for model in select table_name from embedding_models loop
    execute format('alter table %I add column document_id uuid', model.table_name);
    execute format(
      'update %I e set document_id = c.document_id from document_chunks c where c.owner_id = e.owner_id and c.chunk_id = e.chunk_id',
      model.table_name);
    execute format('alter table %I alter column document_id set not null', model.table_name);
    execute format('create index %I on %I (owner_id, chunk_id) where not indexed', model.table_name || '_unindexed', model.table_name);
    execute format('create index %I on %I (owner_id) where indexed', model.table_name || '_indexed', model.table_name);
    for partition_name in
      select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = model.table_name::regclass
    loop
      execute format(
        'create index %I on %I using hnsw (embedding halfvec_cosine_ops) with (m = 16, ef_construction = 200) where indexed',
        partition_name || '_hnsw', partition_name);
    end loop;
  end loop;
end $$;

create index documents_by_type on documents (owner_id, document_type);
-- As filters compare it: by subtags, whatever their case.
create index documents_by_language on documents (owner_id, (lower(language collate "C") || '-'));

-- What was searched for and found: ids and numbers, and the query; no contents.
create table search_history (
  owner_id text not null,
  search_id uuid not null,
  query_text text not null,
  search_type text not null,
  plan text not null,
  result_limit integer not null,
  -- The results, best first.
  chunk_ids uuid[] not null,
  scores real[] not null,
  duration_ms real not null,
  created_at timestamptz not null,
  primary key (owner_id, search_id)
);
create index search_history_by_created_at on search_history (created_at);
create index search_history_of_owner on search_history (owner_id, created_at, search_id);

-- What users said of results.
create table search_feedback (
  owner_id text not null,
  search_id uuid not null,
  chunk_id uuid not null,
  -- −1 (useless) to 1 (just right).
  rating real not null,
  note text not null,
  created_at timestamptz not null,
  primary key (owner_id, search_id, chunk_id),
  foreign key (owner_id, search_id) references search_history on delete cascade
);

-- In how many chunks of a large owner each lexeme occurs, counted anew when the owner has grown or shrunk by a tenth: counting a
-- common word takes longer than a search. Small owners are read whole, so theirs are counted on the way.
create table owner_lexemes (
  owner_id text not null,
  text_config text not null,
  lexeme text not null,
  chunk_count integer not null,
  primary key (owner_id, text_config, lexeme)
);

-- The corpora that owner_lexemes counts, with their chunks at that time.
create table counted_corpora (
  owner_id text not null,
  text_config text not null,
  chunk_count bigint not null,
  primary key (owner_id, text_config)
);
