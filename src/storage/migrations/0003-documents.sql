-- Documents that go by themselves, and adds that may be repeated. Adding the column locks documents for a moment; no row has a value in it
-- yet, so each index takes one look at the table, during which documents cannot be written.

-- Null: never.
alter table documents add column expires_at timestamptz;
-- Of an owner, for its searches; of all owners, for the sweep.
create index documents_of_owner_by_expiry on documents (owner_id, expires_at) where expires_at is not null;
create index documents_by_expiry on documents (expires_at) where expires_at is not null;

-- What became of adds whose client gave a key. It outlives the document, so that a late repeat does not bring it back: no foreign key.
create table idempotency_keys (
  owner_id text not null,
  idempotency_key text not null,
  -- SHA-256 of the request.
  request_hash bytea not null,
  document_id uuid not null,
  outcome text not null check (outcome in ('created', 'updated', 'unchanged')),
  chunks_created integer not null,
  chunks_kept integer not null,
  chunks_removed integer not null,
  -- What a chat model was to write and did not.
  degraded text[] not null,
  created_at timestamptz not null,
  primary key (owner_id, idempotency_key)
);
create index idempotency_keys_by_created_at on idempotency_keys (created_at);
