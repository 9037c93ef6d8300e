-- What outlets alter in articles after they were seen.

-- The text before an edit (JSON), while the new text is still to be fetched.
ALTER TABLE articles ADD COLUMN prior TEXT;

-- The edits of an article, oldest first. They go with it.
CREATE TABLE article_changes (
    article_no BIGINT NOT NULL REFERENCES articles (article_no) ON DELETE CASCADE,
    changed_at BIGINT NOT NULL,
    change     TEXT NOT NULL,                   -- JSON
    PRIMARY KEY (article_no, changed_at)
) WITHOUT ROWID;

-- The edit that an alert tells of (JSON).
ALTER TABLE alerts ADD COLUMN change TEXT;
