-- Traces of requests go on where their chunks are embedded. Locks the table of jobs for a moment.

-- The span that made the job, as W3C's traceparent; null where it was not traced.
alter table embedding_jobs add column traceparent text;
