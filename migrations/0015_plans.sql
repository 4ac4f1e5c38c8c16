-- Does not break running processes (new tables only).
-- Plans: what a request to enroll would do, kept for an hour so that exactly that can be executed.

create table enrollment_plan (
  account_id     integer not null references account,
  -- The token; it names the plan, and only whose it is may use it.
  plan_id        uuid not null,
  -- The API client, or the user of a caller without one
  caller_id      uuid not null,
  request_digest bytea not null,
  pairs          bigint not null,
  -- The `now` its dates were judged by
  planned_at     timestamptz not null,
  expires_at     timestamptz not null,
  -- The operation it became
  operation_id   uuid,
  -- What was judged: the learners, 16 bytes each; a byte each for why they are refused (null: none is); the content items
  -- with their terms or the reason against them. Null once the plan has expired: what is left tells that it did.
  ids            bytea,
  id_reasons     bytea,
  items          jsonb,
  -- Learners × items are cut as a large operation's chunks are.
  chunk_pairs    integer not null,
  primary key (account_id, plan_id)
);
-- Slices are read out of them.
alter table enrollment_plan alter column ids set storage external;
alter table enrollment_plan alter column id_reasons set storage external;
create index enrollment_plan_open on enrollment_plan (account_id, caller_id, plan_id) where ids is not null;
create index enrollment_plan_age on enrollment_plan (expires_at);

-- The enrollments that the pairs of a part had, 12 bytes a pair, zeros for none. A part without any has no row.
create table enrollment_plan_part (
  account_id integer not null,
  plan_id    uuid not null,
  place      integer not null,
  enrolled   bytea not null,
  primary key (account_id, plan_id, place),
  foreign key (account_id, plan_id) references enrollment_plan on delete cascade
);
