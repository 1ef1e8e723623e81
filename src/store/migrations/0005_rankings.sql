-- Why rows were picked, and which would have come next.

-- Names of the objectives of a selection, one a line; empty for a strategy without.
CREATE TABLE rankings (
    selection  INTEGER PRIMARY KEY REFERENCES selections (selection) ON DELETE CASCADE,
    objectives TEXT NOT NULL
) STRICT;

-- rank counts from 0; the first ones are the picks. nearest is the nearest row picked before, distance to it; reasons
-- holds the value of each objective when the row was chosen, by blanks.
CREATE TABLE ranks (
    selection INTEGER NOT NULL REFERENCES selections (selection) ON DELETE CASCADE,
    rank      INTEGER NOT NULL,
    row       INTEGER NOT NULL REFERENCES samples (row),
    distance  REAL,
    nearest   INTEGER,
    reasons   TEXT NOT NULL,
    PRIMARY KEY (selection, rank)
) STRICT, WITHOUT ROWID;
