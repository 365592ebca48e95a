-- When its player logged out: what was handed out since the login that began with this session opens nothing any more.
ALTER TABLE game_sessions ADD COLUMN logged_out_at TEXT;
