-- Subscriptions at hubs, which outlive a restart: the hub goes on pushing, and its leases end.

CREATE TABLE subscriptions (
    feed         TEXT NOT NULL PRIMARY KEY,
    subscription TEXT NOT NULL                   -- JSON, see `Subscription`
) WITHOUT ROWID;
