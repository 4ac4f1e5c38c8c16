-- Does not break running processes (new tables only).
-- Calendars that people subscribe to: the secret address of each, and what it has told.

-- At most one address per user: a new one takes the place of the old, which leads nowhere from then on.
create table calendar_feed (
  account_id   integer not null,
  user_id      uuid not null,
  -- SHA-256 of the secret in the address; the secret itself is kept nowhere
  secret_hash  bytea not null,
  -- The language it was asked for in, for who has set none
  locale       text,
  created_at   timestamptz not null,
  -- To the hour
  last_read_at timestamptz,
  primary key (account_id, user_id),
  foreign key (account_id, user_id) references users on delete cascade
);
create unique index calendar_feed_secret on calendar_feed (account_id, secret_hash);

-- What a user's calendar last told of each event, so that a change is told with a higher sequence and an end as a
-- cancellation. Rows outlive the address and the event: a sequence never goes back.
create table calendar_event (
  account_id       integer not null,
  user_id          uuid not null,
  -- The enrollment, or the day of a training session
  source_id        uuid not null,
  sequence         integer not null,
  -- SHA-256 of what was told
  digest           bytea not null,
  -- What a cancellation repeats
  starts_at        timestamptz not null,
  duration_seconds integer,
  summary          text not null,
  changed_at       timestamptz not null,
  cancelled_at     timestamptz,
  primary key (account_id, user_id, source_id),
  foreign key (account_id, user_id) references users on delete cascade
);
