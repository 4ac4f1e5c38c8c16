-- Does not break running processes (new tables only).
-- The core: operations, the chunks they are written in, enrollments, their history, and the outbox.

-- One row for every request that touches enrollments, from any door: receipt, job, audit entry, and what undo undoes.
create table operation (
  account_id      integer not null,
  operation_id    uuid not null,
  kind            text not null,
  state           text not null check (state in ('accepted', 'running', 'done', 'cancelled', 'failed', 'undone')),
  actor_id        uuid not null,
  client_id       uuid,
  source          text not null,
  reason          text,
  cause_id        uuid,
  request_digest  bytea not null,
  -- The `now` its rules were judged by
  accepted_at     timestamptz not null,
  completed_at    timestamptz,
  total           bigint not null,
  created         bigint not null default 0,
  changed         bigint not null default 0,
  unchanged       bigint not null default 0,
  refused         bigint not null default 0,
  primary key (account_id, operation_id)
);

-- What an accepted operation still has to write, and who is writing it. Removed when it is complete.
create table operation_plan (
  account_id   integer not null,
  operation_id uuid not null,
  -- Ids as 16 bytes each; chunks are cut from them by place, so that a takeover cuts the same ones.
  learner_ids  bytea not null,
  items        jsonb not null,
  chunk_pairs  integer not null,
  next_chunk   integer not null default 0,
  lease_epoch  bigint not null default 0,
  lease_until  timestamptz not null,
  primary key (account_id, operation_id),
  foreign key (account_id, operation_id) references operation
);
create index operation_plan_lease on operation_plan (lease_until);

-- One row per transaction that wrote for an operation. The sealer gives it its position, in order of commit.
create table operation_chunk (
  account_id   integer not null,
  chunk        bigint not null,
  operation_id uuid not null,
  place        integer not null default 0,
  created      integer not null,
  changed      integer not null default 0,
  unchanged    integer not null,
  -- [{learnerId, itemId, reason}] of pairs that changed under a large operation; null when there is none
  refusals     jsonb,
  -- SHA-256 over the pairs it judged
  digest       bytea not null,
  position     bigint,
  hash         bytea,
  primary key (account_id, chunk)
);
create index operation_chunk_operation on operation_chunk (account_id, operation_id, place);
create index operation_chunk_unsealed on operation_chunk (account_id, chunk) where position is null;
create unique index operation_chunk_position on operation_chunk (account_id, position) where position is not null;

-- The sealer's counter: one row per account, locked only by the sealer.
create table seal (
  account_id integer primary key references account,
  position   bigint not null default 0,
  hash       bytea not null default '\x'
);

-- The current enrollment of a learner in an item: at most one, by the primary key.
-- No foreign keys: their triggers cost four to seven times the write. Parents are locked by the statement that
-- inserts (enrollment/queries.ts), and whoever removes a parent moves its enrollments in the same transaction.
create table enrollment (
  account_id       integer not null,
  learner_id       uuid not null,
  item_id          uuid not null,
  -- Where it was created; (account, chunk, ordinal) is what the enrollmentId on the wire spells.
  chunk            bigint not null,
  ordinal          integer not null,
  access_at        timestamptz not null,
  -- The due instant, and the rule that produced it: 0 unlimited, 1 the item's default, 2 a date, 3 a period of due_period_hours
  due_at           timestamptz,
  due_period_hours integer,
  due_rule         smallint not null,
  lock_after_due   boolean not null,
  -- enrollmentTypeGroup: 0 by an administrator, 1 from the catalogue
  type_group       smallint not null default 0,
  term             smallint not null default 1,
  -- The chunk that wrote this version, and since when it holds
  version_chunk    bigint not null,
  recorded_at      timestamptz not null,
  primary key (account_id, learner_id, item_id)
);
create unique index enrollment_created on enrollment (account_id, chunk, ordinal);
create index enrollment_item on enrollment (account_id, item_id, chunk, ordinal);

-- History: versions that were superseded and enrollments that ended are moved here, never lost.
create table enrollment_past (
  account_id       integer not null,
  learner_id       uuid not null,
  item_id          uuid not null,
  chunk            bigint not null,
  ordinal          integer not null,
  access_at        timestamptz not null,
  due_at           timestamptz,
  due_period_hours integer,
  due_rule         smallint not null,
  lock_after_due   boolean not null,
  type_group       smallint not null,
  term             smallint not null,
  version_chunk    bigint not null,
  recorded_at      timestamptz not null,
  -- The chunk that superseded or ended it, when, and how: edited, ended, reenrolled, undone
  past_chunk       bigint not null,
  past_at          timestamptz not null,
  past_cause       text not null,
  primary key (account_id, chunk, ordinal, version_chunk)
);
create index enrollment_past_pair on enrollment_past (account_id, learner_id, item_id);

-- Events, written in the transaction that caused them: one per chunk, type and item. Whom they concern is read from
-- enrollment and enrollment_past by (account, chunk, item), so that a million pairs are not a million rows.
create table outbox (
  account_id integer not null,
  chunk      bigint not null,
  item_id    uuid not null,
  event_type text not null,
  learners   integer not null,
  primary key (account_id, chunk, item_id, event_type)
);

create table idempotency_key (
  account_id     integer not null,
  client_id      uuid not null,
  key            text not null,
  request_digest bytea not null,
  operation_id   uuid,
  answer_status  integer,
  answer_type    text,
  answer_body    bytea,
  created_at     timestamptz not null,
  primary key (account_id, client_id, key)
);
create index idempotency_key_age on idempotency_key (created_at);
