-- A database of the program that this one replaces, as it made it and as it looked years later: written by hand, every
-- case of the rules of adoption (doc/database.md).
CREATE TABLE players (
    id SERIAL PRIMARY KEY,
    username VARCHAR(300),
    email VARCHAR(400),
    password_hash VARCHAR(255),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    last_login TIMESTAMP
);
CREATE TABLE player_positions (
    id SERIAL PRIMARY KEY,
    player_id INTEGER,
    x FLOAT, y FLOAT, z FLOAT,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE game_sessions (
    id SERIAL PRIMARY KEY,
    session_id VARCHAR(255),
    player_id INTEGER,
    socket_id VARCHAR(255),
    connected_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    disconnected_at TIMESTAMP
);
-- Names that ours have too.
CREATE INDEX players_email ON players (email);
CREATE INDEX game_sessions_player ON game_sessions (player_id);

INSERT INTO players (id, username, email, password_hash, created_at, last_login) VALUES
-- Equal after folding. The oldest is 2, by the time, not by the id.
(1, 'ALICE', 'Alice@Example.org', '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', '2021-05-02 10:00:00', '2022-01-01 00:00:00'),
(2, 'alice', 'alice@example.org', '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', '2021-05-01 10:00:00', NULL),
(3, 'Alice', 'ALICE@example.org', '$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', '2021-05-03 10:00:00', NULL),
-- Whose name is just what a second one would get keeps it.
(4, 'alice~2', NULL, '$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy', '2021-05-04 10:00:00', NULL),
-- Wide letters; the sharp s; a composed and a decomposed letter.
(5, U&'\FF21lice', '', '$2b$10$x', '2021-05-05 10:00:00', NULL),
(6, U&'stra\00DFe', U&'stra\00DFe@example.org', '$2b$10$x', '2021-05-06 10:00:00', NULL),
(7, 'STRASSE', 'STRASSE@EXAMPLE.ORG', '$2b$10$x', '2021-05-07 10:00:00', NULL),
(8, U&'Ren\00E9', NULL, '$2b$10$x', '2021-05-08 10:00:00', NULL),
(9, U&'Rene\0301', NULL, '$2b$10$x', '2021-05-09 10:00:00', NULL),
-- Names that break today's rule, and stay.
(10, 'Al', NULL, '$2b$10$x', '2021-06-01 10:00:00', NULL),
(11, '<b>Bob</b>', NULL, '$2b$10$x', '2021-06-01 10:00:00', NULL),
(12, E'tab\tand\nline', NULL, '$2b$10$x', '2021-06-01 10:00:00', NULL),
(13, ' spaces ', NULL, '$2b$10$x', '2021-06-01 10:00:00', NULL),
(14, E'\U0001F409dragon', NULL, '$2b$10$x', '2021-06-01 10:00:00', NULL),
-- No name at all, and too long a one: twice.
(15, NULL, NULL, '$2b$10$x', '2021-06-01 10:00:00', NULL),
(16, '', NULL, '$2b$10$x', '2021-06-01 10:00:00', NULL),
(17, repeat('long', 70), NULL, '$2b$10$x', '2021-06-01 10:00:00', NULL),
(18, repeat('LONG', 60), NULL, '$2b$10$x', '2021-06-02 10:00:00', NULL),
(19, repeat(U&'\FDFA', 90), NULL, '$2b$10$x', '2021-06-02 10:00:00', NULL),
-- Passwords: of other kinds, none.
(20, 'plain', NULL, 'hunter2', '2021-06-03 10:00:00', NULL),
(21, 'nopass', NULL, NULL, '2021-06-03 10:00:00', NULL),
-- An e-mail that is none.
(22, 'longmail', repeat('m', 300) || '@example.org', '$2b$10$x', '2021-06-03 10:00:00', NULL),
-- Times: none, infinite, before all, in the summer.
(23, 'timeless', NULL, '$2b$10$x', NULL, NULL),
(24, 'forever', NULL, '$2b$10$x', 'infinity', '-infinity'),
(25, 'ancient', NULL, '$2b$10$x', '0044-03-15 12:00:00 BC', '2021-07-01 12:00:00'),
(26, 'summer', NULL, '$2b$10$x', '2021-07-01 12:00:00.123456', '2021-07-01 12:30:00'),
-- Somebody who tries.
(27, 'x''); DROP TABLE players; --', 'x''@example.org', '$2b$10$x', '2021-07-01 12:00:00', NULL);
-- 900 was somebody who is gone.
SELECT setval('players_id_seq', 900);

INSERT INTO player_positions (id, player_id, x, y, z, updated_at) VALUES
(1, 1, 1.5, 2.5, -3.5, '2021-08-01 10:00:00'),
-- The newest wins, whatever its id is.
(2, 2, 10, 0, 10, '2021-08-01 10:00:00'),
(3, 2, 30, 0, 30, '2021-08-03 10:00:00'),
(4, 2, 20, 0, 20, '2021-08-02 10:00:00'),
-- At the same time: the later row. Without a time: the oldest.
(5, 3, 1, 1, 1, '2021-08-01 10:00:00'),
(6, 3, 2, 2, 2, '2021-08-01 10:00:00'),
(7, 3, 3, 3, 3, NULL),
-- No places.
(8, 4, 'NaN', 0, 0, '2021-08-01 10:00:00'),
(9, 5, 0, 'Infinity', 0, '2021-08-01 10:00:00'),
(10, 6, 0, 0, '-Infinity', '2021-08-01 10:00:00'),
(11, 7, 1e300, 0, 0, '2021-08-01 10:00:00'),
(12, 8, 4096.5, 0, 0, '2021-08-01 10:00:00'),
(13, 9, NULL, NULL, NULL, '2021-08-01 10:00:00'),
-- The edge is a place; a newest that is none, over an older one that is.
(14, 10, -4096, 0, 4096, '2021-08-01 10:00:00'),
(15, 11, 7, 7, 7, '2021-08-01 10:00:00'),
(16, 11, 'NaN', 'NaN', 'NaN', '2021-08-02 10:00:00'),
-- No owner.
(17, 777, 5, 5, 5, '2021-08-01 10:00:00'),
(18, NULL, 6, 6, 6, '2021-08-01 10:00:00');
SELECT setval('player_positions_id_seq', 18);

INSERT INTO game_sessions (id, session_id, player_id, socket_id, connected_at, disconnected_at) VALUES
(1, 'one', 1, 'sock1', '2021-08-01 09:00:00', '2021-08-01 10:00:00'),
-- Left open: it ends with the last that was heard of the player.
(2, 'open', 1, 'sock2', '2021-08-01 09:30:00', NULL),
(3, 'open2', 20, 'sock3', '2021-08-01 09:30:00', NULL),
-- Twice, without an id, without any time.
(4, 'one', 2, 'sock4', '2021-08-01 09:00:00', '2021-08-01 10:00:00'),
(5, NULL, 2, NULL, '2021-08-01 09:00:00', '2021-08-01 10:00:00'),
(6, 'timeless', 2, NULL, NULL, NULL),
-- No owner.
(7, 'orphan', 777, 'sock7', '2021-08-01 09:00:00', NULL),
(8, 'nobody', NULL, 'sock8', '2021-08-01 09:00:00', NULL);
SELECT setval('game_sessions_id_seq', 8);
