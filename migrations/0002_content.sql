-- Does not break running processes (new tables only).
-- Everything that can be learned. Order of lists is that of the ids: UUIDv7, made by the application.

create table content_item (
  account_id     integer not null references account,
  item_id        uuid not null,
  content_type   text not null,
  title          text not null,
  subtitle       text not null default '',
  description    text not null default '',
  code           text,
  folder_id      uuid,
  url            text,
  author_id      uuid not null,
  added_at       timestamptz not null,
  -- What dueDateType=default resolves to when somebody is enrolled
  default_due_type         text not null default 'unlimited' check (default_due_type in ('unlimited', 'due_date', 'due_period')),
  default_due_at           timestamptz,
  default_due_period_hours integer,
  default_lock             boolean not null default false,
  self_enrollment          boolean not null default false,
  -- Retired content keeps its learners and takes no new ones.
  retired_at     timestamptz,
  primary key (account_id, item_id),
  foreign key (account_id, author_id) references users
);
create unique index content_item_code on content_item (account_id, code);

create table training (
  account_id    integer not null references account,
  training_id   uuid not null,
  title         text not null,
  organizer_id  uuid not null,
  training_type text not null default '',
  time_zone     text not null default 'UTC',
  registration_deadline_hours integer,
  cancellation_deadline_hours integer,
  added_at      timestamptz not null,
  primary key (account_id, training_id),
  foreign key (account_id, organizer_id) references users
);

create table training_session (
  account_id    integer not null,
  session_id    uuid not null,
  training_id   uuid not null,
  title         text not null,
  instructor_id uuid,
  capacity      integer check (capacity > 0),
  primary key (account_id, session_id),
  foreign key (account_id, training_id) references training on delete cascade,
  foreign key (account_id, instructor_id) references users
);
create index training_session_training on training_session (account_id, training_id);

create table training_day (
  account_id       integer not null,
  day_id           uuid not null,
  session_id       uuid not null,
  starts_at        timestamptz not null,
  duration_seconds integer not null check (duration_seconds > 0),
  location         text,
  url              text,
  primary key (account_id, day_id),
  foreign key (account_id, session_id) references training_session on delete cascade
);
create index training_day_session on training_day (account_id, session_id);

-- A course is made of modules: a material or a training each.
create table course_module (
  account_id        integer not null,
  module_id         uuid not null,
  course_id         uuid not null,
  item_id           uuid,
  training_id       uuid,
  title             text not null,
  sequential_number integer not null,
  added_at          timestamptz not null,
  primary key (account_id, module_id),
  foreign key (account_id, course_id) references content_item,
  foreign key (account_id, item_id) references content_item,
  foreign key (account_id, training_id) references training,
  check ((item_id is null) <> (training_id is null))
);
create index course_module_course on course_module (account_id, course_id, sequential_number);
create index course_module_item on course_module (account_id, item_id);

create table learning_track_course (
  account_id integer not null,
  track_id   uuid not null,
  course_id  uuid not null,
  place      integer not null,
  primary key (account_id, track_id, course_id),
  foreign key (account_id, track_id) references content_item,
  foreign key (account_id, course_id) references content_item
);
create index learning_track_course_course on learning_track_course (account_id, course_id);
