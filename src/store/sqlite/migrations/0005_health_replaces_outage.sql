-- What was told of a feed is in `health` now, for every kind of trouble.
ALTER TABLE feeds DROP COLUMN outage_told;
