-- Labels, predictions and metadata that came from outside.

-- role 0 = labels, 1 = predictions, 2 = metadata; task as wn_annotation_task. live 0 = being written.
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

-- position counts from 0 in the order of probabilities; id is the number in the files.
CREATE TABLE annotation_categories (
    set_id   INTEGER NOT NULL REFERENCES annotation_sets (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    id       INTEGER NOT NULL,
    name     TEXT NOT NULL,
    PRIMARY KEY (set_id, position)
) STRICT, WITHOUT ROWID;

-- Items of a row in the order of the file. Boxes in pixels; probabilities, keypoints and polygon are float32, mask
-- uint32 run lengths, both little-endian. category is a position, NULL = none.
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

-- One value, or one row of values, a sample: kind is label, distribution, count, score, number or code.
CREATE TABLE annotation_columns (
    set_id      INTEGER NOT NULL REFERENCES annotation_sets (id) ON DELETE CASCADE,
    kind        TEXT NOT NULL,
    name        TEXT NOT NULL,
    column_name TEXT NOT NULL,
    PRIMARY KEY (set_id, kind, name)
) STRICT, WITHOUT ROWID;

-- The words behind the codes of a field of metadata.
CREATE TABLE annotation_words (
    set_id INTEGER NOT NULL REFERENCES annotation_sets (id) ON DELETE CASCADE,
    name   TEXT NOT NULL,
    code   INTEGER NOT NULL,
    word   TEXT NOT NULL,
    PRIMARY KEY (set_id, name, code)
) STRICT, WITHOUT ROWID;
