-- Does not break running processes (new tables, new columns that may be null).
-- Mail: messages to people, how an account sends them, who wants no reminders.

alter table users
  -- A language (BCP 47) and a time zone (IANA) of their own; null: the account's.
  add column locale text,
  add column time_zone text;

-- An account that has no row here has the defaults of src/mail/rules.ts.
create table mail_settings (
  account_id int primary key references account,
  is_enabled boolean not null default true,
  max_per_day int not null check (max_per_day > 0),
  -- null: whatever the operator allows
  max_age_hours int check (max_age_hours > 0),
  from_name text,
  reply_to text,
  locale text not null
);

create table mail_message (
  account_id int not null,
  message_id uuid not null,
  -- To whom. The address is looked up when it is sent, and kept nowhere.
  user_id uuid not null,
  -- What makes it the same message when it is asked for again.
  key text not null,
  kind text not null,
  -- Ids and instants; the texts about them are looked up when it is sent.
  data jsonb not null,
  -- When it is meant to be sent: its age counts from here.
  not_before timestamptz not null,
  state text not null default 'waiting' check (state in ('waiting', 'sent', 'dropped', 'failed')),
  -- Of a waiting one, why it was put off.
  reason text,
  -- When it is tried next; while somebody is sending it, when that one is presumed dead.
  due_at timestamptz not null,
  -- Counts who took it, too: only the last to do so may record what became of it.
  attempts int not null default 0,
  -- The digest that says this, too; whatever becomes of that becomes of this.
  merged_into uuid,
  -- The day, in the account's time zone, of which it is one of the person's messages.
  counted_on date,
  -- In which it was sent.
  locale text,
  -- What the mail server said, or how it failed, as a code: '550 5.1.1', 'ETIMEDOUT'.
  status text,
  created_at timestamptz not null,
  settled_at timestamptz,
  primary key (account_id, message_id),
  check ((state = 'waiting') = (settled_at is null))
);
create unique index mail_message_key on mail_message (account_id, key);
create index mail_message_due on mail_message (account_id, due_at) where state = 'waiting' and merged_into is null;
create index mail_message_old on mail_message (account_id, not_before) where state = 'waiting';
create index mail_message_state on mail_message (account_id, state, message_id);
create index mail_message_user on mail_message (account_id, user_id, message_id);
create index mail_message_merged on mail_message (account_id, merged_into) where merged_into is not null;
create index mail_message_settled on mail_message (account_id, settled_at) where state <> 'waiting';

-- Who wants no reminders.
create table mail_opt_out (
  account_id int not null,
  user_id uuid not null,
  opted_out_at timestamptz not null,
  primary key (account_id, user_id)
);
