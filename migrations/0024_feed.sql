-- Does not break running processes (two columns with a default).
-- Events are kept for a time; what is told of an account begins after this place: the position of a chunk, and the number of an event.

alter table seal add column kept_position bigint not null default 0;
alter table seal add column kept_events bigint not null default 0;
