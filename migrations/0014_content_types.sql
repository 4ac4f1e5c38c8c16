-- Does not break running processes (an index only).
-- Content of one type, in order of creation: a rare one among many is found without reading them all.
create index content_item_type on content_item (account_id, content_type, item_id);
