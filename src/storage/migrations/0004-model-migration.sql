-- Models that are changed while the service runs: what opens each, how far its vectors are, and how it compares. Locks the registry for
-- a moment, which has a few rows.

alter table embedding_models
  drop constraint embedding_models_state_check,
  add constraint embedding_models_state_check check (state in ('building', 'active', 'retired', 'dropping')),
  -- What opens the model beside its provider and name, such as an endpoint; never a key. Null: nothing else.
  add column spec jsonb,
  -- Tokens of a chunk that the model reads; null: not known.
  add column chunk_tokens_max integer,
  add column state_changed_at timestamptz,
  -- Chunks that were there before the model are queued in the order of their keys, up to this one, so many by now …
  add column queued_owner_id text,
  add column queued_chunk_id uuid,
  add column queued_count bigint not null default 0,
  -- … until all were. A first model has none to queue.
  add column queued_at timestamptz,
  -- How the model compares with the active one; null: they were not compared.
  add column comparison jsonb;

update embedding_models set state_changed_at = created_at, queued_at = created_at;
alter table embedding_models alter column state_changed_at set not null;
