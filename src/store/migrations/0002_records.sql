-- What was done with the samples: runs, models, embeddings, tags and selections.

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

-- The name of the tag is kept as text: a selection outlives its tag.
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

-- rank counts from 0 in pick order; distance to the nearest earlier pick, NULL for none.
CREATE TABLE picks (
    selection INTEGER NOT NULL REFERENCES selections (selection) ON DELETE CASCADE,
    rank      INTEGER NOT NULL,
    row       INTEGER NOT NULL REFERENCES samples (row),
    distance  REAL,
    score     REAL,
    PRIMARY KEY (selection, rank)
) STRICT, WITHOUT ROWID;
