-- The line: feeds, what is known of them, articles, matches, stories, alerts and the outbox.
--
-- Ids are 32 hexadecimal digits, derived from natural keys. Times are milliseconds since 1970-01-01T00:00:00Z.
-- Where many rows point at one (entries and articles at their feed), they do so by a small number, which also keeps
-- what one poll writes together in neighbouring pages. `claimable_at` is when a row can be claimed next: the time
-- that it falls due, or the end of the lease while `node` has it; one index serves both questions.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE feeds (
    feed_no         INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    claimable_at    BIGINT NOT NULL,
    next_poll_at    BIGINT NOT NULL,
    node            TEXT,
    fence           BIGINT NOT NULL DEFAULT 0,
    enabled         BOOLEAN NOT NULL,
    failures        BIGINT NOT NULL DEFAULT 0,
    body_hash       BIGINT,
    hint_ms         BIGINT,
    last_attempt_at BIGINT,
    last_success_at BIGINT,
    last_full_at    BIGINT,
    last_new_at     BIGINT,
    failing_since   BIGINT,
    outage_told     BOOLEAN NOT NULL DEFAULT FALSE,
    articles        BIGINT NOT NULL DEFAULT 0,  -- brought so far
    seen_day        BIGINT NOT NULL DEFAULT 0,  -- the last day on which its entries were written to `seen`
    url             TEXT NOT NULL,
    name            TEXT,
    cadence         TEXT NOT NULL,
    title           TEXT,
    etag            TEXT,
    last_modified   TEXT,
    last_error      TEXT
);

CREATE INDEX feeds_claimable ON feeds (claimable_at) WHERE enabled;

-- Every key by which an entry is known. Days, not times: a row is written at most once a day for being seen again.
CREATE TABLE seen (
    feed_no       BIGINT NOT NULL REFERENCES feeds (feed_no),
    key           BIGINT NOT NULL,
    content_hash  BIGINT NOT NULL,
    last_seen_day BIGINT NOT NULL,
    article       TEXT,
    PRIMARY KEY (feed_no, key)
) WITHOUT ROWID;

-- Short columns first: whoever scans them need not follow the long texts to their overflow pages.
CREATE TABLE articles (
    article_no    INTEGER PRIMARY KEY,
    feed_no       BIGINT NOT NULL REFERENCES feeds (feed_no),
    id            TEXT NOT NULL,
    fetched_at    BIGINT NOT NULL,
    content_hash  BIGINT NOT NULL,
    claimable_at  BIGINT,                       -- null: its text is complete and it was judged
    node          TEXT,
    fence         BIGINT NOT NULL DEFAULT 0,
    revision      TEXT,                         -- the rules that judged it last; null: none did
    published     BIGINT,
    updated       BIGINT,
    lang          TEXT,
    declared_lang TEXT,
    text_status   TEXT NOT NULL,
    source        TEXT NOT NULL,
    feed_name     TEXT NOT NULL,
    url           TEXT,
    author        TEXT,
    tags          TEXT NOT NULL,                -- JSON array
    text_error    TEXT,
    title         TEXT NOT NULL,
    summary       TEXT NOT NULL,
    body          TEXT NOT NULL,
    UNIQUE (feed_no, id)
);

CREATE INDEX articles_claimable ON articles (claimable_at) WHERE claimable_at IS NOT NULL;

CREATE TABLE stories (
    id          TEXT NOT NULL PRIMARY KEY,
    topic       TEXT NOT NULL,
    size        BIGINT NOT NULL,
    first_seen  BIGINT NOT NULL,
    last_seen   BIGINT NOT NULL,
    first_alert TEXT
);

CREATE INDEX stories_topic ON stories (topic, last_seen);

-- An article that satisfies a topic, its evidence, and its place in a story.
CREATE TABLE matches (
    article_no BIGINT NOT NULL REFERENCES articles (article_no),
    topic      TEXT NOT NULL,
    article    TEXT NOT NULL,
    story      TEXT NOT NULL REFERENCES stories (id),
    matched_at BIGINT NOT NULL,
    severity   TEXT NOT NULL,
    score      BIGINT NOT NULL,
    revision   TEXT NOT NULL,
    excerpts   TEXT NOT NULL,                   -- JSON
    signature  BLOB NOT NULL,
    PRIMARY KEY (article_no, topic)
);

CREATE INDEX matches_story ON matches (story);

-- What was decided, with the topic as it was then. Health alerts have no story and no article but their own words.
CREATE TABLE alerts (
    id           TEXT NOT NULL PRIMARY KEY,
    raised_at    BIGINT NOT NULL,
    reason       TEXT NOT NULL,
    severity     TEXT NOT NULL,
    score        BIGINT NOT NULL,
    topic        TEXT NOT NULL,
    topic_name   TEXT NOT NULL,
    topic_labels TEXT NOT NULL,                 -- JSON object
    story        TEXT REFERENCES stories (id),
    article_no   BIGINT REFERENCES articles (article_no),
    follows      TEXT,
    excerpts     TEXT NOT NULL,                 -- JSON
    title        TEXT NOT NULL,
    detail       TEXT NOT NULL
);

CREATE INDEX alerts_raised ON alerts (raised_at);
CREATE INDEX alerts_story ON alerts (story) WHERE story IS NOT NULL;
CREATE INDEX alerts_article ON alerts (article_no) WHERE article_no IS NOT NULL;

-- The outbox and its history.
CREATE TABLE deliveries (
    delivery_no  INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    state        TEXT NOT NULL,
    claimable_at BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    promised_at  BIGINT NOT NULL,               -- when it first fell due
    node         TEXT,
    fence        BIGINT NOT NULL DEFAULT 0,
    attempts     BIGINT NOT NULL DEFAULT 0,
    maybe_sent   BOOLEAN NOT NULL DEFAULT FALSE,
    kind         TEXT NOT NULL,
    channel      TEXT NOT NULL,
    recipient    TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    finished_at  BIGINT,
    message      TEXT,
    notice       TEXT                           -- JSON, frozen when it was first claimed
);

CREATE INDEX deliveries_claimable ON deliveries (claimable_at) WHERE state = 'due';
CREATE INDEX deliveries_failed ON deliveries (delivery_no) WHERE state = 'failed';

CREATE TABLE delivery_alerts (
    delivery TEXT NOT NULL REFERENCES deliveries (id),
    alert    TEXT NOT NULL REFERENCES alerts (id),
    PRIMARY KEY (delivery, alert)
) WITHOUT ROWID;

CREATE INDEX delivery_alerts_alert ON delivery_alerts (alert);

-- Channels whose endpoint said that it is gone.
CREATE TABLE channels (
    name        TEXT NOT NULL PRIMARY KEY,
    disabled_at BIGINT NOT NULL,
    reason      TEXT NOT NULL
) WITHOUT ROWID;
