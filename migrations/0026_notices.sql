-- Does not break running processes (new tables only).
-- Notices: who is to be told of what, and when.

-- How an account tells people. An account that has no row here has the defaults of src/notices/rules.ts.
create table notice_settings (
  account_id integer primary key references account,
  is_enabled boolean not null default true,
  -- Of what was to be said before, nothing is said; null: of everything since the account is there.
  since      timestamptz,
  -- When to remind, in order; null: as by default. Each with the instant since when it is so.
  reminders  jsonb
);
-- Nobody is told now what was assigned before there were notices.
insert into notice_settings (account_id, since) select account_id, now() from account;

-- How far an account's events are followed.
create table notice_place (
  account_id   integer primary key references account,
  at_position  bigint not null,
  at_item      uuid not null,
  at_ordinal   integer not null,
  at_event     bigint not null
);

-- What a chunk put there for an item, by its dates: what is to be said of it. Whom it concerns is looked up when it is said.
create table notice_schedule (
  account_id  integer not null,
  schedule_id uuid not null,
  chunk       bigint not null,
  item_id     uuid not null,
  access_at   timestamptz not null,
  due_at      timestamptz,
  -- Since when it is so, for the first of them
  recorded_at timestamptz not null,
  learners    integer not null,
  -- When something is to be said next
  next_at     timestamptz not null,
  -- Up to when everything is said
  said_at     timestamptz,
  primary key (account_id, schedule_id)
);
create unique index notice_schedule_terms on notice_schedule (account_id, chunk, item_id, access_at, due_at) nulls not distinct;
create index notice_schedule_next on notice_schedule (account_id, next_at);

-- What is to be said to somebody: kept for a moment, so that what belongs together is said in one message.
create table notice (
  account_id integer not null,
  notice_id  uuid not null,
  user_id    uuid not null,
  kind       text not null,
  -- Ids and instants
  data       jsonb not null,
  -- When it was to be said
  at         timestamptz not null,
  staged_at  timestamptz not null,
  primary key (account_id, notice_id)
);
create index notice_user on notice (account_id, user_id, notice_id);
create index notice_staged on notice (account_id, staged_at);
