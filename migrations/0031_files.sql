-- Does not break running processes (new tables, a new column).
-- Files that are uploaded for content items.

create table stored_file (
  account_id   integer not null references account,
  file_id      uuid not null,
  -- As the sender calls it; null if it has no name.
  name         text,
  media_type   text not null,
  size         bigint not null default 0,
  sha256       bytea,
  created_at   timestamptz not null,
  -- Null while it is being uploaded: it is nobody's yet.
  completed_at timestamptz,
  -- Since when nobody has it any more: it is being removed.
  released_at  timestamptz,
  primary key (account_id, file_id),
  check ((completed_at is null) = (sha256 is null))
);

-- The bytes of a file, in parts of one size but for the last.
create table stored_file_part (
  account_id integer not null,
  file_id    uuid not null,
  part       integer not null,
  bytes      bytea not null,
  primary key (account_id, file_id, part),
  foreign key (account_id, file_id) references stored_file
);
-- Pictures and films do not get smaller, and a piece of a value that is not compressed is read without the rest of it.
alter table stored_file_part alter column bytes set storage external;

alter table content_item add column file_id uuid;
alter table content_item add constraint content_item_file foreign key (account_id, file_id) references stored_file;
-- Whose file it is, and whether it is anybody's.
create unique index content_item_file on content_item (account_id, file_id) where file_id is not null;
