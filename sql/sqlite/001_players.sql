-- Accounts. username_key: NFKC, case folded; it makes names equal that look equal.
CREATE TABLE players (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    username      TEXT NOT NULL,
    username_key  TEXT NOT NULL UNIQUE,
    email         TEXT,
    password_hash TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    last_login    TEXT
);

-- Where a player was last saved: metres, y up; yaw: 65536 is a full turn, counter-clockwise from above.
-- (epoch, tick) orders saves: the wall clock may step back.
CREATE TABLE player_positions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    player_id  INTEGER NOT NULL UNIQUE REFERENCES players (id) ON DELETE CASCADE,
    x          REAL NOT NULL,
    y          REAL NOT NULL,
    z          REAL NOT NULL,
    yaw        INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    epoch      INTEGER NOT NULL,
    tick       INTEGER NOT NULL
);

-- Who was connected and when. disconnected_at is NULL while the session lasts.
CREATE TABLE game_sessions (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id      TEXT NOT NULL UNIQUE,
    player_id       INTEGER NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    socket_id       TEXT,
    connected_at    TEXT NOT NULL,
    disconnected_at TEXT
);
CREATE INDEX game_sessions_player ON game_sessions (player_id);
CREATE INDEX game_sessions_open ON game_sessions (id) WHERE disconnected_at IS NULL;

-- One row. epoch rises by one at each start of the daemon.
CREATE TABLE server_state (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL
);
INSERT INTO server_state (id, epoch) VALUES (1, 0);
