-- Does not break running processes (new tables; new columns with defaults; folder ids that never named anything go).

-- What a session's seats are counted against: its capacity, or no limit.
alter table training_session
  add column seat_limit integer not null generated always as (coalesce(capacity, 2147483647)) stored,
  add constraint training_session_of unique (account_id, session_id, training_id),
  add constraint training_session_seats unique (account_id, session_id, seat_limit);

-- A seat in a session. The keys say what must hold whoever writes: a user sits in one session of a training, a seat has
-- one user, and no seat's number is above the session's limit, which is repeated here so that the check can see it.
create table training_seat (
  account_id  integer not null,
  training_id uuid not null,
  user_id     uuid not null,
  session_id  uuid not null,
  -- Grows with time: the order of lists, and what their page tokens spell
  seat_id     uuid not null,
  seat_number integer not null check (seat_number > 0),
  seat_limit  integer not null,
  -- Who chose it; a learner may leave or switch what they chose themselves.
  taken_by    text not null check (taken_by in ('administrator', 'learner')),
  taken_at    timestamptz not null,
  primary key (account_id, training_id, user_id),
  constraint training_seat_one_user unique (account_id, session_id, seat_number),
  constraint training_seat_limit check (seat_number <= seat_limit),
  foreign key (account_id, session_id, training_id)
    references training_session (account_id, session_id, training_id) on delete cascade,
  foreign key (account_id, session_id, seat_limit)
    references training_session (account_id, session_id, seat_limit) on update cascade,
  foreign key (account_id, user_id) references users on delete cascade
);
create unique index training_seat_order on training_seat (account_id, session_id, seat_id);
create index training_seat_user on training_seat (account_id, user_id);

-- Who was there on a day. A fact about the day: it stays when the seat is given up.
create table training_attendance (
  account_id       integer not null,
  day_id           uuid not null,
  user_id          uuid not null,
  is_attended      boolean not null,
  duration_seconds integer check (duration_seconds >= 0),
  recorded_by      uuid not null,
  recorded_at      timestamptz not null,
  primary key (account_id, day_id, user_id),
  foreign key (account_id, day_id) references training_day on delete cascade,
  foreign key (account_id, user_id) references users on delete cascade
);
create index training_attendance_user on training_attendance (account_id, user_id);

-- Folders: a tree of their own beside the content types, which have none for them.
create table content_folder (
  account_id  integer not null references account,
  folder_id   uuid not null,
  parent_id   uuid,
  title       text not null,
  description text not null default '',
  added_at    timestamptz not null,
  primary key (account_id, folder_id),
  foreign key (account_id, parent_id) references content_folder
);
create index content_folder_parent on content_folder (account_id, parent_id);

update content_item set folder_id = null where folder_id is not null;
alter table content_item
  add column course_fields jsonb not null default '[]',
  add constraint content_item_folder foreign key (account_id, folder_id) references content_folder;
create index content_item_in_folder on content_item (account_id, folder_id) where folder_id is not null;
