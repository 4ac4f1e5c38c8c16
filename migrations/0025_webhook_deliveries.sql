-- Does not break running processes (new tables only).
-- What became of every message to a subscriber, and what it is to be told again.

create table webhook_delivery (
  account_id        integer not null,
  subscriber_id     uuid not null,
  -- In order of the first attempt
  delivery_id       uuid not null,
  message_id        text not null,
  -- The replay that it belongs to; null for what is told as it happens
  replay_id         uuid,
  subscription_type text not null,
  -- How many events it tells of
  events            integer not null,
  -- It tells of what stands after the first place, up to the second: what it says is not kept, but read again.
  from_position     bigint not null,
  from_item         uuid not null,
  from_ordinal      integer not null,
  from_event        bigint not null,
  to_position       bigint not null,
  to_item           uuid not null,
  to_ordinal        integer not null,
  to_event          bigint not null,
  -- pending while it is sent, or when nobody lived to tell; retrying after a failure; lost when it is tried no more
  state             text not null check (state in ('pending', 'retrying', 'delivered', 'lost')),
  attempts          integer not null,
  -- Of the last attempt that ended: what was answered, or why nothing was
  status            integer,
  failure           text,
  duration_ms       integer,
  finished_at       timestamptz,
  created_at        timestamptz not null,
  primary key (account_id, subscriber_id, delivery_id),
  foreign key (account_id, subscriber_id) references webhook_subscriber on delete cascade
);
-- One row per message, however often it is tried.
create unique index webhook_delivery_message on webhook_delivery (account_id, subscriber_id, message_id, replay_id)
  nulls not distinct;
create index webhook_delivery_place on webhook_delivery (account_id, subscriber_id, to_position, to_item, to_ordinal, to_event)
  where replay_id is null;

-- Ranges of events that a subscriber is to be told again, beside what happens: one replay at a time, range by range.
create table webhook_replay (
  account_id      integer not null,
  subscriber_id   uuid not null,
  replay_id       uuid not null,
  range_no        integer not null,
  at_position     bigint not null,
  at_item         uuid not null,
  at_ordinal      integer not null,
  at_event        bigint not null,
  until_position  bigint not null,
  until_item      uuid not null,
  until_ordinal   integer not null,
  until_event     bigint not null,
  failures        integer not null default 0,
  failing_since   timestamptz,
  next_attempt_at timestamptz not null default to_timestamp(0),
  primary key (account_id, subscriber_id, range_no),
  foreign key (account_id, subscriber_id) references webhook_subscriber on delete cascade
);
