-- The flood brake: summaries of what a topic raised beyond its limit.

-- Of a summary, its topic: so that the next alert finds the one that still gathers.
ALTER TABLE deliveries ADD COLUMN topic TEXT;
CREATE INDEX deliveries_flood ON deliveries (topic, channel, recipient) WHERE kind = 'flood' AND state = 'due';

-- What a topic raised lately is counted with each of its alerts.
CREATE INDEX alerts_topic ON alerts (topic, raised_at);
