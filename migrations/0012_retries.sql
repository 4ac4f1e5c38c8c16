-- Does not break running processes: none has used the table so far.
-- Keys of requests that may be sent again (Idempotency-Key), and the answers that were given.

drop table idempotency_key;
create table idempotency_key (
  account_id          integer not null,
  -- The API client, or the user of a caller without one
  caller_id           uuid not null,
  -- SHA-256 of the key, which is kept nowhere
  key_hash            bytea not null,
  -- What the request was, under the key: whoever reads this table can guess no password in it
  request_fingerprint bytea not null,
  -- What the request's operation is called if it becomes one; chosen before anything is written
  operation_id        uuid not null,
  -- Rises with everybody who takes the key over: whoever held it before writes nothing more
  attempt             integer not null default 1,
  -- Until when the request is presumed to run; null when it ended without an answer
  lease_until         timestamptz,
  -- Written in the transaction that does what the request asks for
  done_at             timestamptz,
  answer_status       integer,
  answer_headers      jsonb,
  answer_type         text,
  answer_body         bytea,
  created_at          timestamptz not null,
  primary key (account_id, caller_id, key_hash)
);
create index idempotency_key_age on idempotency_key (account_id, created_at);
