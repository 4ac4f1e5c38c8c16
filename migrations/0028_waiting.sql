-- Does not break running processes (new table).
-- Who waits for a seat in a training session that is full.

create table training_waiting (
  account_id  integer not null,
  training_id uuid not null,
  user_id     uuid not null,
  session_id  uuid not null,
  -- The order in which seats are given; drawn under the lock of the session.
  place       integer not null,
  since       timestamptz not null,
  -- In one session of a training at a time, as with seats.
  primary key (account_id, training_id, user_id),
  foreign key (account_id, session_id, training_id) references training_session (account_id, session_id, training_id) on delete cascade,
  foreign key (account_id, user_id) references users on delete cascade
);
create unique index training_waiting_place on training_waiting (account_id, session_id, place);
