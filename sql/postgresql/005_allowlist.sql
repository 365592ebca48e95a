-- Who may log in under maintenance, or where only those who are listed may at all.
CREATE TABLE allowlist (
    player_id BIGINT PRIMARY KEY REFERENCES players (id) ON DELETE CASCADE,
    added_at  TIMESTAMPTZ NOT NULL,
    added_by  TEXT NOT NULL
);
