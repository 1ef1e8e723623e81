PRAGMA application_id = 1464749911;
PRAGMA user_version = 1;
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
CREATE TABLE bad_files (
    source   INTEGER NOT NULL REFERENCES sources (source),
    name     BLOB NOT NULL,
    size     INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE column_blocks (
    id       INTEGER NOT NULL,
    block    INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (id, block)
) STRICT, WITHOUT ROWID;
CREATE TABLE thumb_packs (
    pack  INTEGER PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT;
INSERT INTO settings VALUES ('seed', '7');
INSERT INTO sources VALUES (1, 'folder', X'2F61', 1700000000);
INSERT INTO samples VALUES (0, 1, X'612E6A7067', 10, 20, 0, 30, 40, 'jpeg', 50, 'C');
INSERT INTO samples VALUES (1, 1, X'FF2E6A7067', 11, 21, 1, 31, 41, NULL, NULL, NULL);
INSERT INTO bad_files VALUES (1, X'622E6A7067', 0, 5, 'empty file');
