-- Streams that load much at once. Locks the table of streams for a moment.

-- Until then the vectors of the stream's owner are not put into the approximate index: it is built when the load has ended. Null: no load.
alter table ingest_streams add column index_after timestamptz;
