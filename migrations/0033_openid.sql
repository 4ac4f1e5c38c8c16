-- Does not break running processes (new tables only).
-- Signing in with an OpenID provider: which one an account has, and who is who there.

create table openid_provider (
  account_id    integer primary key references account,
  issuer        text not null,
  client_id     text not null,
  -- As it was given, because it is sent to the provider; null: a client without one.
  client_secret text,
  -- What the page where people sign in calls the provider
  label         text not null,
  claim         text not null check (claim in ('email', 'preferred_username', 'sub')),
  -- Of whoever set this: nobody who ranks higher is signed in by it.
  rank          smallint not null,
  changed_at    timestamptz not null
);

-- Who a person at a provider is here, from their first sign-in on, whatever else the provider says of them later.
create table user_openid (
  account_id integer not null,
  issuer     text not null,
  subject    text not null,
  user_id    uuid not null,
  bound_at   timestamptz not null,
  primary key (account_id, issuer, subject),
  unique (account_id, user_id, issuer),
  foreign key (account_id, user_id) references users on delete cascade
);

-- Attempts that have come back from a provider, until they would have expired: each comes back once.
create table openid_used (
  account_id integer not null,
  state_hash bytea not null,
  expires_at timestamptz not null,
  primary key (account_id, state_hash)
);
create index openid_used_expiry on openid_used (account_id, expires_at);
