-- Who erased a delivery, as JSON: {"role", "subject"}, the latter of staff alone.
ALTER TABLE erasure ADD COLUMN erased_by TEXT;
