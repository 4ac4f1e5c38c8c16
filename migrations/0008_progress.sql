-- Does not break running processes (new tables only).
-- How far learners are, and what they were given for it. Nothing here is deleted when an enrollment ends: lists reach it
-- through current enrollments, so it is hidden then. A re-enrollment raises the term and so starts from nothing.

-- Of a learner in a material, a course or a learning track: shared by every enrollment that gives it, its own or a track's.
create table progress (
  account_id   integer not null,
  learner_id   uuid not null,
  item_id      uuid not null,
  term         smallint not null,
  status       text not null check (status in
    ('not_started', 'in_progress', 'pending', 'complete', 'passed', 'accepted', 'incomplete', 'failed', 'declined')),
  percent      double precision not null check (percent between 0 and 100),
  score        double precision,
  views        integer not null,
  viewed_at    timestamptz,
  completed_at timestamptz,
  primary key (account_id, learner_id, item_id, term)
);

-- Of a learner in a module of a course; what a course is at follows from its modules.
create table module_progress (
  account_id   integer not null,
  learner_id   uuid not null,
  course_id    uuid not null,
  term         smallint not null,
  module_id    uuid not null,
  status       text not null check (status in
    ('not_started', 'in_progress', 'pending', 'complete', 'passed', 'accepted', 'incomplete', 'failed', 'declined')),
  percent      double precision not null check (percent between 0 and 100),
  score        double precision,
  views        integer not null,
  viewed_at    timestamptz,
  completed_at timestamptz,
  primary key (account_id, learner_id, course_id, term, module_id)
);

-- Issued once per term of a learner in an item. Name and title are those of the day of issue.
create table certificate (
  account_id     integer not null,
  certificate_id uuid not null,
  learner_id     uuid not null,
  item_id        uuid not null,
  term           smallint not null,
  holder_name    text not null,
  title          text not null,
  issued_at      timestamptz not null,
  primary key (account_id, certificate_id)
);
create unique index certificate_term on certificate (account_id, learner_id, item_id, term);

-- What links and verification codes of an account are signed with; made when first needed.
create table signing_key (
  account_id integer primary key references account,
  key        bytea not null
);

-- Which courses a training is part of, when attendance completes it.
create index course_module_training on course_module (account_id, training_id) where training_id is not null;
