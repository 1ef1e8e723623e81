-- What each change of a tag took away, so that it can be taken back: rows are int64, little-endian, rising; NULL = there was
-- no such tag. undone 1 = taken back.
CREATE TABLE tag_changes (
    change  INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    undone  INTEGER NOT NULL DEFAULT 0,
    before  BLOB
) STRICT;
