-- What polling learns of a feed: its rhythm, what the operator was told of it, and when it was last out of sight.
--
-- `history` is numbers between blanks, `health` a JSON object, null as long as nothing is wrong.

ALTER TABLE feeds ADD COLUMN history TEXT;
ALTER TABLE feeds ADD COLUMN health TEXT;

-- The last poll that came late because vedetta or its network was down: its articles are told as delayed.
ALTER TABLE feeds ADD COLUMN late_at BIGINT;
