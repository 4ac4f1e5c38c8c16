-- Does not break running processes (a new table only).
-- What must be done later: written in the transaction that asks for it, done by whichever process takes it.

create table job (
  account_id  integer not null,
  -- In order of creation
  job_id      uuid not null,
  kind        text not null,
  -- What makes it one job however often it is asked for, as long as it is neither done nor dead; null: every job is its own
  key         text,
  run_at      timestamptz not null,
  payload     jsonb not null,
  -- Attempts that were begun
  attempts    integer not null default 0,
  -- Rises with everybody who takes it: whoever held it before completes nothing more
  lease_epoch bigint not null default 0,
  -- Until when somebody is presumed to run it; null when nobody does
  lease_until timestamptz,
  -- When it was asked for again by its key while it ran: it is run again then
  again_at    timestamptz,
  -- Short, and about no person
  last_error  text,
  -- Since when it is not tried any more
  dead_at     timestamptz,
  created_at  timestamptz not null,
  primary key (account_id, job_id)
);
create unique index job_key on job (account_id, kind, key) where key is not null and dead_at is null;
create index job_due on job (account_id, kind, run_at) where dead_at is null;
create index job_running on job (account_id, job_id) where lease_until is not null;
create index job_dead on job (account_id, job_id) where dead_at is not null;
