-- Does not break running processes (new tables).
-- Files that are packages: what is in them, and what learners have come to in them.

create table stored_package (
  account_id    integer not null,
  file_id       uuid not null,
  version       text not null check (version in ('1.2', '2004')),
  launch        text not null,
  mastery_score text,
  primary key (account_id, file_id),
  foreign key (account_id, file_id) references stored_file
);

create table stored_package_entry (
  account_id  integer not null,
  file_id     uuid not null,
  path        text not null,
  -- Of its local header in the archive.
  at          bigint not null,
  packed_size bigint not null,
  size        bigint not null,
  is_deflated boolean not null,
  primary key (account_id, file_id, path),
  foreign key (account_id, file_id) references stored_package
);

-- What a package wants to find again when its learner comes back, in the same term and to the same file.
create table package_attempt (
  account_id integer not null,
  learner_id uuid not null,
  -- A material, or the course that it is a module of; the module then, else the nil UUID.
  item_id    uuid not null,
  module_id  uuid not null,
  term       smallint not null,
  file_id    uuid not null,
  data       jsonb not null,
  saved_at   timestamptz not null,
  primary key (account_id, learner_id, item_id, module_id),
  foreign key (account_id, learner_id) references users on delete cascade
);
