-- Does not break running processes (new table).
-- The logo of an account on its pages.

create table account_logo (
  account_id   integer primary key references account,
  -- Its address: account, digest and kind; another picture has another.
  name         text not null,
  content_type text not null check (content_type in ('image/png', 'image/jpeg', 'image/webp')),
  bytes        bytea not null check (octet_length(bytes) between 1 and 204800),
  changed_at   timestamptz not null
);
