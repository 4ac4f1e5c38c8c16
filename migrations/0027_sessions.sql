-- Does not break running processes (new table, new column that may be null).
-- Sessions of people in pages, and how an account looks there.

create table session (
  account_id   integer not null,
  session_hash bytea not null,
  user_id      uuid not null,
  created_at   timestamptz not null,
  -- Put off while it is used, to thirty days after the sign-in at most.
  expires_at   timestamptz not null,
  primary key (account_id, session_hash),
  foreign key (account_id, user_id) references users on delete cascade
);
create index session_of_user on session (account_id, user_id);
create index session_expiry on session (account_id, expires_at);

-- The colour of buttons and links, as #rrggbb; null: ours.
alter table account add column accent_color text check (accent_color ~ '^#[0-9a-f]{6}$');
