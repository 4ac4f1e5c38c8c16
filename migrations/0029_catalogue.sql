-- Does not break running processes (new index).
-- What learners may enroll themselves in, in order of titles.

create index content_item_offered on content_item (account_id, title, item_id) where self_enrollment and retired_at is null;
