-- Breaks running processes: a column of operation_chunk goes. Stop every server first.
-- What became of every pair of an operation, rebuilt from what its chunks were asked; and lists of operations.

alter table operation_chunk
  -- What was asked, 16 bytes an id: the learners to enroll in each of item_ids; without item_ids, the enrollments to
  -- change or end. Null in chunks from before there were outcomes.
  add column ids bytea,
  add column item_ids bytea,
  -- A byte for each of them: 0, or the number of the reason why it is refused (src/enrollment/reasons.ts). Null: none is.
  add column id_reasons bytea,
  add column item_reasons bytea,
  add column refused integer not null default 0;
-- Ids do not compress; trying to would be the dearest part of storing them.
alter table operation_chunk alter column ids set storage external;
alter table operation_chunk alter column item_ids set storage external;
update operation_chunk set refused = jsonb_array_length(refusals) where refusals is not null;
alter table operation_chunk drop column refusals;

-- The learners of a lenient request that are refused, likewise; refused items say so in items.
alter table operation_plan add column id_reasons bytea;

-- Lists of operations are in order of acceptance: of an account, of somebody, and of what is rare.
create index operation_accepted on operation (account_id, accepted_at, operation_id);
create index operation_actor on operation (account_id, actor_id, accepted_at, operation_id);
create index operation_unfinished on operation (account_id, accepted_at, operation_id) where state <> 'done';
create index operation_change on operation (account_id, accepted_at, operation_id) where kind <> 'enroll';
