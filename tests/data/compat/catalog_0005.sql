PRAGMA application_id = 1464749911;
PRAGMA user_version = 5;
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
CREATE TABLE runs (
    run         INTEGER PRIMARY KEY AUTOINCREMENT,
    command     TEXT NOT NULL,
    config      TEXT NOT NULL,
    state       TEXT NOT NULL,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    stages      TEXT,
    summary     TEXT
) STRICT;
CREATE TABLE models (
    name       TEXT PRIMARY KEY,
    file       TEXT NOT NULL,
    dim        INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    note       TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE embeddings (
    model       TEXT PRIMARY KEY REFERENCES models (name),
    column_name TEXT NOT NULL,
    dim         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tags (
    tag        INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE tag_rows (
    tag INTEGER NOT NULL REFERENCES tags (tag) ON DELETE CASCADE,
    row INTEGER NOT NULL REFERENCES samples (row),
    PRIMARY KEY (tag, row)
) STRICT, WITHOUT ROWID;
CREATE TABLE selections (
    selection  INTEGER PRIMARY KEY AUTOINCREMENT,
    tag        TEXT NOT NULL,
    run        INTEGER REFERENCES runs (run),
    strategy   TEXT NOT NULL,
    k          INTEGER NOT NULL,
    seed       INTEGER NOT NULL,
    config     TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE picks (
    selection INTEGER NOT NULL REFERENCES selections (selection) ON DELETE CASCADE,
    rank      INTEGER NOT NULL,
    row       INTEGER NOT NULL REFERENCES samples (row),
    distance  REAL,
    score     REAL,
    PRIMARY KEY (selection, rank)
) STRICT, WITHOUT ROWID;
CREATE TABLE annotation_sets (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    role       INTEGER NOT NULL,
    name       TEXT NOT NULL,
    live       INTEGER NOT NULL,
    task       INTEGER NOT NULL,
    format     TEXT NOT NULL,
    path       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    images     INTEGER NOT NULL,
    items      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX annotation_sets_live ON annotation_sets (role, name) WHERE live = 1;
CREATE TABLE annotation_categories (
    set_id   INTEGER NOT NULL REFERENCES annotation_sets (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    id       INTEGER NOT NULL,
    name     TEXT NOT NULL,
    PRIMARY KEY (set_id, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE annotations (
    set_id        INTEGER NOT NULL REFERENCES annotation_sets (id) ON DELETE CASCADE,
    row           INTEGER NOT NULL REFERENCES samples (row),
    position      INTEGER NOT NULL,
    category      INTEGER,
    flags         INTEGER NOT NULL,
    x             REAL,
    y             REAL,
    width         REAL,
    height        REAL,
    score         REAL,
    probabilities BLOB,
    keypoints     BLOB,
    polygon       BLOB,
    mask          BLOB,
    mask_width    INTEGER,
    mask_height   INTEGER,
    PRIMARY KEY (set_id, row, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE annotation_columns (
    set_id      INTEGER NOT NULL REFERENCES annotation_sets (id) ON DELETE CASCADE,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    column_name TEXT NOT NULL,
    PRIMARY KEY (set_id, kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE annotation_words (
    set_id INTEGER NOT NULL REFERENCES annotation_sets (id) ON DELETE CASCADE,
    name   TEXT NOT NULL,
    code   INTEGER NOT NULL,
    word   TEXT NOT NULL,
    PRIMARY KEY (set_id, name, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE tag_changes (
    change  INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    undone  INTEGER NOT NULL DEFAULT 0,
    before  BLOB
) STRICT;
CREATE TABLE rankings (
    selection  INTEGER PRIMARY KEY REFERENCES selections (selection) ON DELETE CASCADE,
    objectives TEXT NOT NULL
) STRICT;
CREATE TABLE ranks (
    selection INTEGER NOT NULL REFERENCES selections (selection) ON DELETE CASCADE,
    rank      INTEGER NOT NULL,
    row       INTEGER NOT NULL REFERENCES samples (row),
    distance  REAL,
    nearest   INTEGER,
    reasons   TEXT NOT NULL,
    PRIMARY KEY (selection, rank)
) STRICT, WITHOUT ROWID;
INSERT INTO settings VALUES ('seed', '7');
INSERT INTO sources VALUES (1, 'folder', X'2F61', 1700000000);
INSERT INTO samples VALUES (0, 1, X'612E6A7067', 10, 20, 0, 30, 40, 'jpeg', 50, 'C');
INSERT INTO samples VALUES (1, 1, X'FF2E6A7067', 11, 21, 1, 31, 41, NULL, NULL, NULL);
INSERT INTO bad_files VALUES (1, X'622E6A7067', 0, 5, 'empty file');
