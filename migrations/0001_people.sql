-- Does not break running processes (first migration).
-- Accounts, people and access. account_id is the first column of every key, and every query names it.

create sequence account_number as integer;

create table account (
  account_id         integer primary key,
  name               text not null,
  -- The address as it was given, and host[:port][/path] in lower case by which it is found.
  url                text not null,
  url_key            text not null unique,
  plan               text not null check (plan in ('starter', 'business', 'enterprise')),
  time_zone          text not null default 'UTC',
  root_department_id uuid not null,
  -- Raised by every change of roles, statuses, credentials, departments or plan: cached rights hold for one version.
  rights_version     bigint not null default 1,
  created_at         timestamptz not null
);

create table department (
  account_id           integer not null references account,
  department_id        uuid not null,
  parent_department_id uuid,
  name                 text not null,
  code                 text,
  primary key (account_id, department_id),
  foreign key (account_id, parent_department_id) references department
);
create index department_parent on department (account_id, parent_department_id);
create unique index department_code on department (account_id, code);

-- The order in "users" is that of user_id: UUIDv7, made by the application.
create table users (
  account_id    integer not null,
  user_id       uuid not null,
  department_id uuid not null,
  -- 1 active, 3 inactive, 5 employment ended (the contract's numbers)
  status        smallint not null default 1 check (status in (1, 3, 5)),
  login         text not null,
  login_key     text not null,
  email         text,
  email_key     text,
  password_hash text,
  -- Every other profile field: upper-case name → text
  fields        jsonb not null default '{}',
  added_at      timestamptz not null,
  last_login_at timestamptz,
  primary key (account_id, user_id),
  foreign key (account_id, department_id) references department
);
create unique index users_login on users (account_id, login_key);
create unique index users_email on users (account_id, email_key);
create index users_department on users (account_id, department_id, user_id);

create table role (
  account_id  integer not null references account,
  role_id     uuid not null,
  role_type   text not null check (role_type in
    ('owner', 'administrator', 'department_administrator', 'publisher', 'custom', 'learner')),
  title       text not null,
  description text not null default '',
  -- Of custom roles; those of the standard roles are in access/rules.ts.
  permissions text[] not null default '{}',
  primary key (account_id, role_id)
);
create unique index role_standard on role (account_id, role_type) where role_type <> 'custom';

create table user_role (
  account_id integer not null,
  user_id    uuid not null,
  role_id    uuid not null,
  -- The departments this assignment manages; their sub-departments follow from the tree.
  manageable_department_ids uuid[] not null default '{}',
  primary key (account_id, user_id, role_id),
  foreign key (account_id, user_id) references users on delete cascade,
  foreign key (account_id, role_id) references role
);
create index user_role_role on user_role (account_id, role_id);

create table api_client (
  account_id  integer not null,
  client_id   uuid not null,
  user_id     uuid not null,
  secret_hash bytea not null,
  created_at  timestamptz not null,
  primary key (account_id, client_id),
  foreign key (account_id, user_id) references users on delete cascade
);

create table access_token (
  account_id integer not null,
  token_hash bytea not null,
  client_id  uuid not null,
  user_id    uuid not null,
  expires_at timestamptz not null,
  primary key (account_id, token_hash),
  foreign key (account_id, client_id) references api_client on delete cascade
);
create index access_token_expiry on access_token (account_id, expires_at);
