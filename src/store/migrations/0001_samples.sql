-- The files of a workspace: where they come from, what is known of them, and which column blocks are committed.
-- Released migrations are never edited; a change is a new file.

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
    source   INTEGER PRIMARY KEY,
    kind     TEXT NOT NULL,
    path     BLOB NOT NULL,
    added_at INTEGER NOT NULL,
    UNIQUE (kind, path)
) STRICT;

-- One row an image. `row` is dense from 0 and never reused; status 0 = ok, 1 = gone.
CREATE TABLE samples (
    row         INTEGER PRIMARY KEY,
    source      INTEGER NOT NULL REFERENCES sources (source),
    name        BLOB NOT NULL,
    size        INTEGER NOT NULL,
    mtime_ns    INTEGER NOT NULL,
    status      INTEGER NOT NULL DEFAULT 0,
    width       INTEGER NOT NULL,
    height      INTEGER NOT NULL,
    format      TEXT,
    captured_at INTEGER,
    camera      TEXT
) STRICT;

CREATE INDEX samples_gone ON samples (status) WHERE status <> 0;

-- Files that could not be read, so that they are tried again only when they change.
CREATE TABLE bad_files (
    source   INTEGER NOT NULL REFERENCES sources (source),
    name     BLOB NOT NULL,
    size     INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;

-- One record a column file columns/NAME.ID.col. Ids are never reused. `live`: 0 = being written, 1 = live,
-- 2 = replaced or removed.
CREATE TABLE column_files (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    live       INTEGER NOT NULL,
    type       INTEGER NOT NULL,
    width      INTEGER NOT NULL,
    block_rows INTEGER NOT NULL,
    rows       INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX column_files_live ON column_files (name) WHERE live = 1;

-- XXH3-64 of the committed bytes of each block; the last block may be partly filled.
CREATE TABLE column_blocks (
    id       INTEGER NOT NULL,
    block    INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (id, block)
) STRICT, WITHOUT ROWID;

-- Committed length of each thumbnail pack.
CREATE TABLE thumb_packs (
    pack  INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
