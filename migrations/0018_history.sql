-- Breaks running processes: their sealer would hash new chunks in the old way. Stop every server first.
-- History: what an account's chain of hashes covers, and reads of what was true at an instant.

alter table operation_chunk
  -- What its digest and hash cover (enrollment/demand.ts, operations/rules.ts): 1 what was claimed; 2 also what was asked,
  -- the terms, and by whom. Chunks stay as they were written.
  add column hash_version smallint not null default 1,
  -- Since 2: the terms it gave (enrollment/packed-terms.ts), for each of item_ids, for each row of an import, or for the
  -- one enrollment that was changed. With them every row that it wrote can be told again. Null where it gave none.
  add column terms bytea;

-- Versions of the past in the order of creation, of one item after another.
create index enrollment_past_item on enrollment_past (account_id, item_id, chunk, ordinal);
