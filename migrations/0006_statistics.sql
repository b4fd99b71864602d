-- What statistics know of deliveries whose summary has gone. None of it leads to anybody.
ALTER TABLE figure ADD COLUMN on_time INTEGER;    -- 1 or 0; null without the end of a window
ALTER TABLE figure ADD COLUMN travelled_m INTEGER; -- from the pickup on, in steps of 100 m
ALTER TABLE figure ADD COLUMN dwell_s INTEGER;     -- at the destination
ALTER TABLE figure ADD COLUMN interval_s REAL;     -- between two fixes
ALTER TABLE figure ADD COLUMN stars INTEGER;

-- Statistics read a span of days, and retention the oldest.
CREATE INDEX figure_by_day ON figure (day);
