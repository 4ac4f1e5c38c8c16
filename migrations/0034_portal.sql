-- Does not break running processes (new index).
-- What learners are told in the portal of the days of their sessions.

create index event_of_meeting on event (account_id, (payload->>'sessionId'))
  where event_type in ('TRAINING_MEETING_ADDED', 'TRAINING_MEETING_UPDATED', 'TRAINING_MEETING_REMOVED');
