-- Breaks running processes: their sealer would pass over events. Stop every server first.
-- Events that are not about the pairs of an operation (those stand in outbox): written in the transaction that caused them.

create table event (
  account_id  integer not null,
  event_id    uuid not null,
  event_type  text not null,
  -- What is told, as webhooks and the feed spell it. Ids, states and instants.
  payload     jsonb not null,
  -- Whom it is about, and in which content item or module: what filters look at.
  user_ids    uuid[] not null default '{}',
  item_id     uuid,
  occurred_at timestamptz not null,
  -- Its number among the account's events, and the position of the chunk that it follows; null until it is sealed.
  number      bigint,
  position    bigint,
  primary key (account_id, event_id)
);
create index event_unsealed on event (account_id, event_id) where number is null;
create unique index event_number on event (account_id, number) where number is not null;

-- The last number given to an event, as position is the last given to a chunk.
alter table seal add column events bigint not null default 0;

-- Told, of these: those up to a number. Nobody is told of what was before a subscription.
alter table webhook_subscriber add column told_event bigint not null default 0;
alter table webhook_subscription add column since_event bigint not null default 0;
