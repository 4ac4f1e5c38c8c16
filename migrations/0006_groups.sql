-- Does not break running processes (new tables only).
-- Groups of users. Order of lists is that of the ids: UUIDv7, made by the application.

create table user_group (
  account_id integer not null references account,
  group_id   uuid not null,
  name       text not null,
  is_smart   boolean not null,
  -- Of a smart group: which people belong to it, as groups/rules.ts reads it.
  rules      jsonb,
  added_at   timestamptz not null,
  primary key (account_id, group_id),
  check (is_smart = (rules is not null))
);
create index user_group_smart on user_group (account_id) where is_smart;

-- Who belongs to a group, also to a smart one: its members are stored, and kept right by whoever changes a person.
create table group_member (
  account_id integer not null,
  group_id   uuid not null,
  user_id    uuid not null,
  primary key (account_id, group_id, user_id),
  foreign key (account_id, group_id) references user_group on delete cascade,
  foreign key (account_id, user_id) references users on delete cascade
);
create index group_member_user on group_member (account_id, user_id, group_id);
