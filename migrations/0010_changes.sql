-- Breaks running processes: a column of operation_plan gets another name. Stop every server first.
-- Changes of enrollments: edit, re-enroll, delete.

-- How often enrollments of this person have ended. Whoever ends some locks the row and counts up (enrollment/past-queries.ts),
-- so that an insert that waited meanwhile notices; and only who has a past is looked up in enrollment_past.
alter table users add column endings integer not null default 0;

-- What a large operation works through, 16 bytes each: the learners to enroll (in each of items), or the enrollments to end.
alter table operation_plan rename column learner_ids to ids;

-- The highest term of a pair is one look-up.
drop index enrollment_past_pair;
create index enrollment_past_pair on enrollment_past (account_id, learner_id, item_id, term);
-- What a chunk superseded or ended: whom its events concern, and what undoing it brings back.
create index enrollment_past_chunk on enrollment_past (account_id, past_chunk);
