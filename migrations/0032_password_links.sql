-- Does not break running processes (new table); a password that one of them changes leaves links as they are.
-- Links with which people set their passwords, sent by mail.

create table password_link (
  account_id integer not null,
  link_hash  bytea not null,
  user_id    uuid not null,
  expires_at timestamptz not null,
  primary key (account_id, link_hash),
  foreign key (account_id, user_id) references users on delete cascade
);
create index password_link_user on password_link (account_id, user_id);
create index password_link_expiry on password_link (account_id, expires_at);
