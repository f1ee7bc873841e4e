-- Creates all tables; nothing exists yet, so nothing is locked.
--
-- owner_id leads every key: statements of requests stay with one owner, and the tables can be distributed by it. Ids and
-- timestamps come from the service as parameters.

create table documents (
  owner_id text not null,
  document_id uuid not null,
  id_at_origin text not null,
  document_name text not null,
  document_type text not null,
  document_date timestamptz,
  metadata jsonb not null,
  language text not null,
  -- SHA-256 of all that a client gave: the same fingerprint again means that nothing has to be done.
  fingerprint bytea not null,
  chunk_count integer not null,
  size_bytes bigint not null,
  version integer not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (owner_id, document_id),
  unique (owner_id, id_at_origin)
);
create index documents_by_created_at on documents (owner_id, created_at, document_id);
create index documents_by_updated_at on documents (owner_id, updated_at, document_id);
create index documents_by_name on documents (owner_id, document_name collate "C", document_id);
create index documents_by_date on documents (owner_id, document_date);
create index documents_by_metadata on documents using gin (metadata jsonb_path_ops);

-- The text as it came, in segments: a range is read without loading the whole.
create table document_contents (
  owner_id text not null,
  document_id uuid not null,
  segment integer not null,
  -- Code points before this segment.
  char_start integer not null,
  content text not null,
  primary key (owner_id, document_id, segment),
  foreign key (owner_id, document_id) references documents on delete cascade
);

-- Leaves (level 0) hold their text and its index; parents (level 1) are ranges only.
create table document_chunks (
  owner_id text not null,
  chunk_id uuid not null,
  document_id uuid not null,
  parent_chunk_id uuid,
  chunk_level smallint not null,
  chunk_index integer not null,
  char_start integer not null,
  char_end integer not null,
  token_count integer not null,
  metadata jsonb not null,
  content text,
  content_hash bytea,
  -- Name of the text search configuration; not a regconfig, whose numbers differ between databases.
  text_config text,
  search_vector tsvector,
  primary key (owner_id, chunk_id),
  foreign key (owner_id, document_id) references documents on delete cascade
);
-- In line as far as a page allows: ranking reads it once per word of a query, and out of line that took twice as long.
alter table document_chunks alter column search_vector set storage main;
create index document_chunks_by_document on document_chunks (owner_id, document_id, chunk_level, chunk_index);
create index document_chunks_by_lexeme on document_chunks using gin (search_vector) where chunk_level = 0;

-- Leaves and their tokens per owner and text search configuration, in several slots, so that no row is hot; the sum over the
-- slots counts. BM25 and the choice of plans read it.
create table owner_counters (
  owner_id text not null,
  text_config text not null,
  slot smallint not null,
  chunk_count bigint not null,
  token_count bigint not null,
  primary key (owner_id, text_config, slot)
);

-- One row per model whose vectors are stored here; table_name holds them. At most one model is active.
create table embedding_models (
  model_id text primary key,
  provider text not null,
  name text not null,
  dimension integer not null,
  table_name text not null unique,
  state text not null check (state in ('building', 'active', 'retired')),
  created_at timestamptz not null
);
create unique index embedding_models_active on embedding_models (state) where state = 'active';

-- One row per chunk and model whose vector is not made yet; done jobs are deleted.
create table embedding_jobs (
  owner_id text not null,
  chunk_id uuid not null,
  model_id text not null,
  state text not null check (state in ('pending', 'leased', 'dead')),
  attempts integer not null,
  -- Pending: not before. Leased: the lease ends, and anyone may take the job. Dead: when it died.
  available_at timestamptz not null,
  lease_id uuid,
  last_error text,
  created_at timestamptz not null,
  primary key (owner_id, chunk_id, model_id)
);
create index embedding_jobs_available on embedding_jobs (model_id, available_at) where state <> 'dead';

-- Where each ingest stream has got to. A new connection takes a new epoch, which fences the one before.
create table ingest_streams (
  owner_id text not null,
  stream_id text not null,
  epoch bigint not null,
  durable_up_to bigint not null,
  updated_at timestamptz not null,
  primary key (owner_id, stream_id)
);

-- Refused items that the client has not acknowledged yet.
create table ingest_failures (
  owner_id text not null,
  stream_id text not null,
  sequence bigint not null,
  id_at_origin text not null,
  error jsonb not null,
  primary key (owner_id, stream_id, sequence),
  foreign key (owner_id, stream_id) references ingest_streams on delete cascade
);
