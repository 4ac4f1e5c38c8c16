-- Does not break running processes, unless one of them takes up an import that another accepted: stop every server first.
-- Tables in files: a large operation may have terms for each pair, and what is not imported of a file is kept for a while.

alter table operation_plan
  -- For each row 16 bytes, its content item; its learner stands in ids.
  add column row_items bytea,
  -- Its terms and what is to be done (enrollment/packed-rows.ts).
  add column row_terms bytea;

create table import_file (
  account_id int not null,
  operation_id uuid not null,
  created_at timestamptz not null,
  -- Compressed: how the file was read, and the rows that were not written, each with its cells and the reason.
  notes bytea not null,
  -- Compressed: the numbers of the rows that are outcomes of the operation, in their order.
  row_numbers bytea not null,
  primary key (account_id, operation_id)
);
create index import_file_age on import_file (account_id, created_at);
