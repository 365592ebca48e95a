/* statements_players.c -- questions about accounts, places and stays. */
#include "common/protocol.h"
#include "store/statements.h"

static void bind_player(const struct store_question *question, size_t at,
                        struct statement_value *values)
{
    const struct store_player *player = &question->in.player;

    (void)at;
    values[0] = value_text(player->username);
    values[1] = value_text(player->key);
    values[2] = value_text_or_null(player->email);
    values[3] = value_text(player->hash);
    values[4] = value_time(player->created_ms);
    values[5] = value_text_or_null(player->email_key);
    values[6] = value_text(protocol_role_name(player->role));
}

static void bind_key(const struct store_question *question, size_t at,
                     struct statement_value *values)
{
    (void)at;
    values[0] = value_text(question->in.key);
}

static void bind_position(const struct store_question *question, size_t at,
                          struct statement_value *values)
{
    const struct store_position *position = &question->in.positions.rows[at];

    values[0] = value_int(position->player_id);
    values[1] = value_real(position->x_m);
    values[2] = value_real(position->y_m);
    values[3] = value_real(position->z_m);
    values[4] = value_int(position->yaw);
    values[5] = value_time(position->saved_ms);
    values[6] = value_int(position->epoch);
    values[7] = value_int(position->tick);
}

static void bind_session(const struct store_question *question, size_t at,
                         struct statement_value *values)
{
    const struct store_session *session = &question->in.session;

    (void)at;
    values[0] = value_text(session->session_id);
    values[1] = value_id(session->player_id);
    values[2] = value_text(session->socket_id);
    values[3] = value_time(session->now_ms);
}

static void read_player(const struct statement_value *columns, void *into)
{
    struct store_player *player = into;

    player->id = (uint64_t)columns[0].i;
    value_copy(&columns[1], player->username, sizeof(player->username));
    value_copy(&columns[2], player->key, sizeof(player->key));
    value_copy(&columns[3], player->email, sizeof(player->email));
    value_copy(&columns[4], player->hash, sizeof(player->hash));
    player->created_ms = (uint64_t)columns[5].i;
    player->last_login_ms = (uint64_t)columns[6].i;
    player->role = protocol_role_of(columns[7].t);
    player->tokens_from_ms = (uint64_t)columns[8].i;
}

static void read_player_row(const struct statement_value *columns, void *into)
{
    struct store_player_row *row = into;

    row->id = (uint64_t)columns[0].i;
    value_copy(&columns[1], row->username, sizeof(row->username));
    row->created_ms = (uint64_t)columns[2].i;
    row->last_login_ms = (uint64_t)columns[3].i;
}

static void read_position(const struct statement_value *columns, void *into)
{
    struct store_position *position = into;

    position->player_id = (uint64_t)columns[0].i;
    position->x_m = columns[1].r;
    position->y_m = columns[2].r;
    position->z_m = columns[3].r;
    position->yaw = (uint16_t)columns[4].i;
    position->saved_ms = (uint64_t)columns[5].i;
    position->epoch = (uint32_t)columns[6].i;
    position->tick = (uint32_t)columns[7].i;
}

/* clang-format off */
#define PLAYER_COLUMNS "SELECT id, username, username_key, email, password_hash, created_at, last_login, role, tokens_from FROM players "
#define PLAYER_TYPES   "ittttddtd"

const struct statement statement_player_add = {
    .name = "player_add", .in = "ttttdtt", .out = "i", .flags = STATEMENT_CHANGES,
    .bind = bind_player, .read = statement_read_id,
    .steps = {{
        "INSERT INTO players (username, username_key, email, password_hash, created_at, email_key, role)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id", NULL}},
};

const struct statement statement_player_by_name = {
    .name = "player_by_name", .in = "t", .out = PLAYER_TYPES, .bind = bind_key, .read = read_player,
    .steps = {{PLAYER_COLUMNS "WHERE username_key = $1", NULL}},
};

const struct statement statement_player_by_id = {
    .name = "player_by_id", .in = "i", .out = PLAYER_TYPES, .bind = statement_bind_id, .read = read_player,
    .steps = {{PLAYER_COLUMNS "WHERE id = $1", NULL}},
};

const struct statement statement_player_by_token = {
    .name = "player_by_token", .in = "titd", .out = PLAYER_TYPES, .bind = bind_session, .read = read_player,
    .steps = {{
        PLAYER_COLUMNS "WHERE id = $2 AND NOT EXISTS (SELECT 1 FROM game_sessions"
        " WHERE session_id = $1 AND player_id = $2 AND logged_out_at IS NOT NULL)", NULL}},
};

const struct statement statement_player_logged_in = {
    .name = "player_logged_in", .in = "id", .out = "", .lane = STATEMENT_SAVES,
    .flags = STATEMENT_CHANGES | STATEMENT_AGAIN, .bind = statement_bind_id_and_now,
    .steps = {{"UPDATE players SET last_login = $2 WHERE id = $1", NULL}},
};

const struct statement statement_players_list = {
    .name = "players_list", .in = "ii", .out = "itdd", .flags = STATEMENT_MANY_OUT,
    .out_bytes = sizeof(struct store_player_row), .bind = statement_bind_page, .read = read_player_row,
    .steps = {{
        "SELECT id, username, created_at, last_login FROM players WHERE id > $1 ORDER BY id LIMIT $2", NULL}},
};

/* Both databases count by reading all of an index: whoever asks keeps the answer for a while. */
const struct statement statement_players_count = {
    .name = "players_count", .in = "", .out = "i", .flags = STATEMENT_SLOW, .read = statement_read_id,
    .steps = {{"SELECT count(*) FROM players", NULL}},
};

const struct statement statement_position_by_player = {
    .name = "position_by_player", .in = "i", .out = "irrridii", .bind = statement_bind_id, .read = read_position,
    .steps = {{
        "SELECT player_id, x, y, z, yaw, updated_at, epoch, tick FROM player_positions"
        " WHERE player_id = $1", NULL}},
};

#define POSITION_NEWER \
    " ON CONFLICT (player_id) DO UPDATE SET x = excluded.x, y = excluded.y, z = excluded.z," \
    " yaw = excluded.yaw, updated_at = excluded.updated_at, epoch = excluded.epoch, tick = excluded.tick" \
    " WHERE (player_positions.epoch, player_positions.tick) <= (excluded.epoch, excluded.tick)"

/* An account that is gone has no place to keep; it must not hold up the others. Sorted, so that two
 * who save the same players cannot wait for each other in a ring. */
const struct statement statement_positions_save = {
    .name = "positions_save", .in = "irrridii", .out = "", .lane = STATEMENT_SAVES,
    .flags = STATEMENT_CHANGES | STATEMENT_AGAIN | STATEMENT_MANY_IN,
    .in_bytes = sizeof(struct store_position), .bind = bind_position,
    .steps = {{
        "INSERT INTO player_positions (player_id, x, y, z, yaw, updated_at, epoch, tick)"
        " SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE EXISTS (SELECT 1 FROM players WHERE id = $1)"
        POSITION_NEWER,
        "INSERT INTO player_positions (player_id, x, y, z, yaw, updated_at, epoch, tick)"
        " SELECT s.* FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)"
        " AS s (player_id, x, y, z, yaw, updated_at, epoch, tick)"
        " JOIN players ON players.id = s.player_id ORDER BY s.player_id"
        POSITION_NEWER}},
};

/* How each connection of one start begins its socket_id ("17-"), so that the later is the greater. */
#define START_TEXT(socket_id) "rtrim(" socket_id ", '0123456789abcdef')"
#define START_OF(socket_id)   "(length(" START_TEXT(socket_id) "), " START_TEXT(socket_id) ")"

/* A stay that goes on is open again. A connection that was given up may do late what was asked of it,
 * after the next one has written the end: an opening from before that end changes nothing. Where an
 * earlier start wrote the end, the opening is no late one, and that start's clock may have been ahead. */
const struct statement statement_session_open = {
    .name = "session_open", .in = "titd", .out = "", .lane = STATEMENT_SAVES,
    .flags = STATEMENT_CHANGES | STATEMENT_AGAIN, .bind = bind_session,
    .steps = {{
        "INSERT INTO game_sessions (session_id, player_id, socket_id, connected_at)"
        " VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (session_id) DO UPDATE SET socket_id = excluded.socket_id, disconnected_at = NULL"
        " WHERE game_sessions.player_id = excluded.player_id AND (game_sessions.disconnected_at IS NULL"
        " OR game_sessions.disconnected_at <= excluded.connected_at"
        " OR " START_OF("game_sessions.socket_id") " < " START_OF("excluded.socket_id") ")", NULL}},
};

const struct statement statement_session_close = {
    .name = "session_close", .in = "titd", .out = "", .lane = STATEMENT_SAVES,
    .flags = STATEMENT_CHANGES | STATEMENT_AGAIN, .bind = bind_session,
    .steps = {{
        "UPDATE game_sessions SET disconnected_at = $4"
        " WHERE session_id = $1 AND disconnected_at IS NULL", NULL}},
};

/* The session that a login began may never have been written down. */
const struct statement statement_session_log_out = {
    .name = "session_log_out", .in = "titd", .out = "", .lane = STATEMENT_SAVES,
    .flags = STATEMENT_CHANGES | STATEMENT_AGAIN, .bind = bind_session,
    .steps = {{
        "INSERT INTO game_sessions (session_id, player_id, connected_at, disconnected_at, logged_out_at)"
        " SELECT $1, $2, $4, $4, $4 WHERE EXISTS (SELECT 1 FROM players WHERE id = $2)"
        " ON CONFLICT (session_id) DO UPDATE SET logged_out_at = excluded.logged_out_at"
        " WHERE game_sessions.player_id = excluded.player_id", NULL}},
};
/* clang-format on */
