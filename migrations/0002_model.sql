-- What `onway fit` learned from this deployment's own trips, in parts that a statement can hold. Where there is
-- none the built-in model is used.
CREATE TABLE model (
    part INTEGER NOT NULL PRIMARY KEY,
    body TEXT NOT NULL -- JSON, once the parts are joined in their order
) STRICT;
