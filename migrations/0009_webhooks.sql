-- Does not break running processes (new tables only).
-- Who is told of events: subscribers with a callback address, and what each has subscribed to.

create table webhook_subscriber (
  account_id    integer not null references account,
  subscriber_id uuid not null,
  name          text not null,
  callback_url  text not null,
  -- As it was given, since every delivery is signed with it; never answered or logged.
  secret        text,
  is_enabled    boolean not null default true,
  is_confirmed  boolean not null default false,
  -- SHA-256 of the confirmation code that was sent last; an earlier one is forgotten, and all of them with the address.
  code_hash     bytea,
  created_at    timestamptz not null,
  primary key (account_id, subscriber_id)
);
create unique index webhook_subscriber_name on webhook_subscriber (account_id, name);

create table webhook_subscription (
  account_id        integer not null,
  subscriber_id     uuid not null,
  subscription_type text not null,
  -- Filter name → ids, of which one must match; no entry: no filter.
  filters           jsonb not null default '{}',
  primary key (account_id, subscriber_id, subscription_type),
  foreign key (account_id, subscriber_id) references webhook_subscriber on delete cascade
);
