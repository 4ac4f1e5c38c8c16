-- Does not break running processes (new index, new table).
-- The portal: what learners are told of the days of their sessions, and what they ask for.

create index event_of_meeting on event (account_id, (payload->>'sessionId'))
  where event_type in ('TRAINING_MEETING_ADDED', 'TRAINING_MEETING_UPDATED', 'TRAINING_MEETING_REMOVED');

-- Learners ask for what is locked to be unlocked. Whether it still is, is never stored.
create table unlock_request (
  account_id  integer not null,
  -- Grows with time: the order of lists, and what their page tokens spell
  request_id  uuid not null,
  -- The enrollment, and the due instant that locked it: of each lock one asks once.
  chunk       bigint not null,
  ordinal     integer not null,
  due_at      timestamptz not null,
  learner_id  uuid not null,
  item_id     uuid not null,
  asked_at    timestamptz not null,
  message     text,
  declined_at timestamptz,
  declined_by uuid,
  answer      text,
  primary key (account_id, request_id),
  constraint unlock_request_once unique (account_id, chunk, ordinal, due_at),
  check ((declined_at is null) = (declined_by is null))
);
create index unlock_request_learner on unlock_request (account_id, learner_id);
