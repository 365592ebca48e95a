-- Roles, and e-mails that are unique however they are written: email_key is NFKC, case folded (NULL: no e-mail).
-- Plain ones are folded here; the program folds the others, and gives a later account with the same one "~2".
ALTER TABLE players ADD COLUMN email_key TEXT;
ALTER TABLE players ADD COLUMN role TEXT NOT NULL DEFAULT 'player' CHECK (role IN ('player', 'moderator', 'admin'));
UPDATE players SET email_key = lower(first.email)
  FROM (SELECT id, email, row_number() OVER (PARTITION BY lower(email) ORDER BY id) AS place
          FROM players WHERE email <> '' AND email NOT GLOB '*[^ -~]*') AS first
 WHERE first.id = players.id AND first.place = 1;
CREATE UNIQUE INDEX players_email ON players (email_key);

-- Tokens that were handed out before this time open nothing: a password that is set anew ends them (NULL: all are good).
ALTER TABLE players ADD COLUMN tokens_from TEXT;

-- A guest's session has no player.
CREATE TABLE game_sessions_2 (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id      TEXT NOT NULL UNIQUE,
    player_id       INTEGER REFERENCES players (id) ON DELETE CASCADE,
    socket_id       TEXT,
    connected_at    TEXT NOT NULL,
    disconnected_at TEXT
);
INSERT INTO game_sessions_2 SELECT id, session_id, player_id, socket_id, connected_at, disconnected_at FROM game_sessions;
DROP TABLE game_sessions;
ALTER TABLE game_sessions_2 RENAME TO game_sessions;
CREATE INDEX game_sessions_player ON game_sessions (player_id, id);
CREATE INDEX game_sessions_open ON game_sessions (id) WHERE disconnected_at IS NULL;

-- The last time that the daemon is known to have lived: sessions that a crash left open ended then.
ALTER TABLE server_state ADD COLUMN alive_at TEXT;

-- From where an account was logged in to before: its owner is not locked out there.
CREATE TABLE player_addresses (
    player_id INTEGER NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    network   TEXT NOT NULL,
    seen_at   TEXT NOT NULL,
    PRIMARY KEY (player_id, network)
) WITHOUT ROWID;

-- Who may not come in: an account, or a network. Lifted and expired ones stay, as history.
CREATE TABLE bans (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    player_id  INTEGER REFERENCES players (id) ON DELETE CASCADE,
    network    TEXT,
    reason     TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at TEXT,
    lifted_at  TEXT,
    lifted_by  TEXT,
    CHECK ((player_id IS NULL) <> (network IS NULL))
);
CREATE INDEX bans_player ON bans (player_id, id) WHERE player_id IS NOT NULL;
CREATE INDEX bans_network ON bans (network, id) WHERE network IS NOT NULL;
CREATE INDEX bans_in_force ON bans (id) WHERE lifted_at IS NULL;

-- Who may not chat.
CREATE TABLE mutes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    player_id  INTEGER NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    reason     TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at TEXT,
    lifted_at  TEXT,
    lifted_by  TEXT
);
CREATE INDEX mutes_player ON mutes (player_id, id);
CREATE INDEX mutes_in_force ON mutes (id) WHERE lifted_at IS NULL;

-- What operators did or were denied. detail: JSON.
CREATE TABLE audit (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        TEXT NOT NULL,
    actor_uid INTEGER,
    actor     TEXT NOT NULL,
    method    TEXT NOT NULL,
    target    TEXT NOT NULL,
    detail    TEXT NOT NULL,
    outcome   TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_target ON audit (target, id);

-- Refresh tokens by their hash; a family is what one login began.
CREATE TABLE refresh_tokens (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    family     TEXT NOT NULL,
    player_id  INTEGER NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    issued_at  TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at    TEXT,
    revoked_at TEXT
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_player ON refresh_tokens (player_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

-- Codes to register with, by their hash.
CREATE TABLE invites (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    code_hash  TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at TEXT,
    uses_left  INTEGER NOT NULL CHECK (uses_left >= 0)
);

-- One-time codes that set a new password.
CREATE TABLE reset_codes (
    player_id  INTEGER PRIMARY KEY REFERENCES players (id) ON DELETE CASCADE,
    code_hash  TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    created_by TEXT NOT NULL
);

-- What was said, for as long as the retention keeps it. A guest has no player_id.
CREATE TABLE chat_log (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        TEXT NOT NULL,
    channel   INTEGER NOT NULL,
    player_id INTEGER REFERENCES players (id) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    text      TEXT NOT NULL
);
CREATE INDEX chat_log_at ON chat_log (at);
CREATE INDEX chat_log_player ON chat_log (player_id, id) WHERE player_id IS NOT NULL;

-- What the adoption of an older program's database could not take over as it was. Positions that lost to a newer one:
CREATE TABLE player_positions_conflict (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    player_id  INTEGER NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    x          REAL,
    y          REAL,
    z          REAL,
    updated_at TEXT
);
CREATE INDEX player_positions_conflict_player ON player_positions_conflict (player_id);
-- Rows that fit nowhere, whole, as JSON. player_id: their owner, where there is one.
CREATE TABLE adoption_set_aside (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    table_name TEXT NOT NULL,
    row_id     INTEGER,
    player_id  INTEGER REFERENCES players (id) ON DELETE CASCADE,
    reason     TEXT NOT NULL,
    content    TEXT NOT NULL
);
CREATE INDEX adoption_set_aside_player ON adoption_set_aside (player_id) WHERE player_id IS NOT NULL;
-- What was changed in rows that were taken over: names, e-mails, passwords that cannot be used.
CREATE TABLE adoption_changes (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    player_id INTEGER NOT NULL REFERENCES players (id) ON DELETE CASCADE,
    what      TEXT NOT NULL,
    was       TEXT,
    became    TEXT
);
CREATE INDEX adoption_changes_player ON adoption_changes (player_id);
