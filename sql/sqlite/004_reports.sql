-- What players report of each other, with the names as they were. about_id: whom it is about (NULL: a guest). reporter_id: whose
-- it is (NULL: that account was erased, and his name and words with it).
CREATE TABLE reports (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at          TEXT NOT NULL,
    reporter_id INTEGER REFERENCES players (id) ON DELETE SET NULL,
    reporter    TEXT NOT NULL,
    about_id    INTEGER REFERENCES players (id) ON DELETE CASCADE,
    about       TEXT NOT NULL,
    words       TEXT NOT NULL,
    closed_at   TEXT,
    closed_by   TEXT,
    verdict     TEXT
);
CREATE INDEX reports_at ON reports (at);
CREATE INDEX reports_open ON reports (id) WHERE closed_at IS NULL;
CREATE INDEX reports_about ON reports (about_id, id) WHERE about_id IS NOT NULL;
CREATE INDEX reports_reporter ON reports (reporter_id, at) WHERE reporter_id IS NOT NULL;

-- The chat around a report, copied, for the retention of chat is shorter. A guest has no player_id.
CREATE TABLE report_lines (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    report_id INTEGER NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    at        TEXT NOT NULL,
    channel   INTEGER NOT NULL,
    player_id INTEGER REFERENCES players (id) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    text      TEXT NOT NULL
);
CREATE INDEX report_lines_report ON report_lines (report_id, id);
CREATE INDEX report_lines_player ON report_lines (player_id) WHERE player_id IS NOT NULL;
