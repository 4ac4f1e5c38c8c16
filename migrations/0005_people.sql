-- Does not break running processes: columns with defaults, and nullable ones.
-- Supervisors, scheduled ends, deleted users, profile fields of the account's own.

-- Who stands above: chosen by hand (then there is an id), as in the department above, or nobody.
alter table department
  add column subordination    text not null default 'no_supervisor'
    check (subordination in ('manual', 'inherit', 'no_supervisor')),
  add column supervisor_id    uuid,
  add column co_subordination text not null default 'no_supervisor'
    check (co_subordination in ('manual', 'inherit', 'no_supervisor')),
  add column co_supervisor_id uuid,
  add check ((subordination = 'manual') = (supervisor_id is not null)),
  add check ((co_subordination = 'manual') = (co_supervisor_id is not null));

alter table users
  add column subordination    text not null default 'no_supervisor'
    check (subordination in ('manual', 'inherit', 'no_supervisor')),
  add column supervisor_id    uuid,
  add column co_subordination text not null default 'no_supervisor'
    check (co_subordination in ('manual', 'inherit', 'no_supervisor')),
  add column co_supervisor_id uuid,
  -- When the user becomes inactive, or their employment ends: read with the present, never carried out by a job.
  add column deactivate_at    timestamptz,
  add column terminate_at     timestamptz,
  add column active_until     timestamptz generated always as (least(deactivate_at, terminate_at)) stored,
  -- A deleted user keeps the row, because enrollments and history name it, but no department, and nothing that says
  -- who it was: no rule about departments, logins or fields meets it any more.
  add column deleted_at       timestamptz,
  alter column department_id drop not null,
  alter column login drop not null,
  alter column login_key drop not null,
  add check ((deleted_at is null) = (department_id is not null)),
  add check ((deleted_at is null) = (login_key is not null)),
  add check ((subordination = 'manual') = (supervisor_id is not null)),
  add check ((co_subordination = 'manual') = (co_supervisor_id is not null));
create index users_supervisor on users (account_id, supervisor_id) where supervisor_id is not null;
create index users_co_supervisor on users (account_id, co_supervisor_id) where co_supervisor_id is not null;
create index users_fields on users using gin (fields jsonb_path_ops);

-- A department that goes is taken out of what people manage.
create index user_role_managing on user_role using gin (manageable_department_ids);

-- Profile fields beyond those every account has, in order of creation.
create table profile_field (
  account_id integer not null references account,
  field_id   uuid not null,
  -- Upper case, as users.fields has it
  name       text not null,
  label      text not null,
  primary key (account_id, field_id)
);
create unique index profile_field_name on profile_field (account_id, name);
