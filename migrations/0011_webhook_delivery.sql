-- Does not break running processes (new columns with defaults).
-- How far each subscriber has been told, and which process is telling it.

alter table webhook_subscriber
  -- Told: every event that stands before this place, and of the event at it the learners up to the ordinal.
  add column told_position bigint not null default 0,
  add column told_item uuid not null default 'ffffffff-ffff-ffff-ffff-ffffffffffff',
  add column told_ordinal integer not null default 2147483647,
  -- Attempts that failed since the last that succeeded, since when, and when the next is due.
  add column failures integer not null default 0,
  add column failing_since timestamptz,
  add column next_attempt_at timestamptz not null default to_timestamp(0),
  add column lease_epoch bigint not null default 0,
  add column lease_until timestamptz not null default to_timestamp(0);
-- What is after this position is told, if it was subscribed to only then.
alter table webhook_subscription add column since_position bigint not null default 0;

-- Nobody is told of what was before.
update webhook_subscriber s set told_position = (select position from seal where account_id = s.account_id);

create index webhook_subscriber_due on webhook_subscriber (next_attempt_at) where is_enabled and is_confirmed;
