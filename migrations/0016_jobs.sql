-- Breaks running processes: those from before this accept operations without a turn. Stop every server first.
-- Operations of an account are written in turn. What undoes a cancelled one takes the turn of that: others of the account
-- must not come between, and be told of what is about to go.

alter table operation_plan add column turn uuid;
update operation_plan set turn = operation_id;
alter table operation_plan alter column turn set not null;
