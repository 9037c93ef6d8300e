-- What to ask an article's page with when its entry is edited (JSON, see `PageMemory`).
ALTER TABLE articles ADD COLUMN page TEXT;
