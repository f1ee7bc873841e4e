-- What is made of chunks beside their text: where they belong, what they say in short, and a text index of the former. Adding the columns
-- is quick; the index holds nothing yet, but takes one look at the table, during which chunks cannot be written.

alter table document_chunks
  -- Goes in front of the content when the chunk is embedded. Null: the content alone.
  add column context_prefix text,
  -- The words of the prefix; apart from search_vector, of which ranking reads back how often a word is in the content.
  add column context_vector tsvector,
  -- The chat model that wrote the prefix; null: the template did, or there is none.
  add column context_model text,
  add column summary text,
  -- The chat model that wrote the summary; null: it is made of the chunk's own sentences, or there is none.
  add column summary_model text;
alter table document_chunks alter column context_vector set storage main;
create index document_chunks_by_context on document_chunks using gin (context_vector) where context_vector is not null;

-- Leaves with a prefix: searches of owners that have none do not look for any.
alter table owner_counters add column context_count bigint not null default 0;
-- Prefixes among the chunks whose lexemes were counted.
alter table counted_corpora add column context_count bigint not null default 0;
