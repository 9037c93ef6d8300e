-- What polls remember of the sitemaps that an index lists, so that unchanged ones are not fetched again.

CREATE TABLE sitemaps (
    feed_no  INTEGER PRIMARY KEY REFERENCES feeds (feed_no),
    children TEXT NOT NULL                       -- JSON array, see `SitemapMemory`
);
