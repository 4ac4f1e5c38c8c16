-- Breaks running processes: those from before this leave the mark of an undo on versions that they replace. Stop every
-- server first.
-- Undo: what a chunk did is found by its number, and what an undo brings back keeps whose version it was.

alter table enrollment
  -- The chunk whose version an undo brought back; null when version_chunk itself thought of it
  add column restored_chunk bigint,
  -- Its place among all that the same chunk brought back: the order in which events are told
  add column restored_place integer;
alter table enrollment_past
  add column restored_chunk bigint,
  add column restored_place integer,
  -- Where an undo left nothing: the chunk that had left nothing there before, or 0 for the beginning
  add column left_chunk bigint;

-- Versions that are not the first of their enrollment, by the chunk that wrote them.
create index enrollment_rewritten on enrollment (account_id, version_chunk) where version_chunk <> chunk;
create index enrollment_past_rewritten on enrollment_past (account_id, version_chunk) where version_chunk <> chunk;
-- Chunks that told somebody that all is as asked: what they told of is not undone under them.
create index operation_chunk_unchanged on operation_chunk (account_id, chunk) where unchanged > 0;

-- A large undo: the chunks that are undone, one by one.
alter table operation_plan add column undoes int8[] not null default '{}';
