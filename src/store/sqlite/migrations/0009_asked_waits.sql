-- Whether the far end itself asked for the wait until `due_at`: then neither a start nor a recovery ends it.
ALTER TABLE deliveries ADD COLUMN asked BOOLEAN NOT NULL DEFAULT FALSE;
-- When a wait was last ended before its time, or for when a start put it.
ALTER TABLE deliveries ADD COLUMN hastened_at BIGINT;
