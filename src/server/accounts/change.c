/* change.c -- see change.h.
 *
 *   code:   name -> store: its code fits -> worker: hash -> store: by the code -> welcome
 *   change: player -> store -> worker: the old one fits, hash -> store: over the old one -> done */
#include "accounts/change.h"

#include <sodium.h>
#include <string.h>

#include "common/log.h"
#include "store/timestamp.h"

int change_check(const char *password, struct error *error)
{
    if (strlen(password) < TEXT_PASSWORD_MIN_BYTES)
        return error_set(error, "the password is too short: at least %d bytes",
                         TEXT_PASSWORD_MIN_BYTES);
    return 0;
}

void change_begin_code(struct attempt *attempt)
{
    struct error error = {""};

    if (change_check(attempt->password, &error) < 0) {
        attempt_refuse(attempt, PROTOCOL_REASON_BAD_PASSWORD, error.text);
        return;
    }
    if (text_fold(attempt->player.username, strlen(attempt->player.username), attempt->player.key,
                  sizeof(attempt->player.key)) < 0)
        attempt->player.key[0] = '\0'; /* nobody's */
    attempt_enter(attempt, attempt_ask_by_name);
}

static void ask_by_id(struct attempt *attempt)
{
    struct store_question question = {.statement = STORE_PLAYER_BY_ID};

    question.in.id.player_id = attempt->player.id;
    attempt_ask(attempt, &question);
}

void change_begin(struct attempt *attempt, uint64_t player)
{
    struct error error = {""};

    if (change_check(attempt->fresh, &error) < 0) {
        attempt_refuse(attempt, PROTOCOL_REASON_BAD_PASSWORD, error.text);
        return;
    }
    attempt->player.id = player;
    attempt->known_network = true; /* he is logged in there */
    attempt_enter(attempt, ask_by_id);
}

static bool code_fits(const struct attempt *attempt, const struct store_login_answer *login)
{
    return attempt->code_hash[0] && strlen(login->code_hash) == CODE_HASH_BYTES - 1 &&
           sodium_memcmp(attempt->code_hash, login->code_hash, CODE_HASH_BYTES - 1) == 0 &&
           login->code_expires_ms > timestamp_now_ms();
}

static void found_by_name(struct attempt *attempt, const struct store_answer *answer)
{
    const struct store_login_answer *login = &answer->out.login;

    if (answer->status != STORE_OK || !code_fits(attempt, login)) {
        attempt_refuse(attempt, PROTOCOL_REASON_BAD_CODE, NULL);
        return;
    }
    attempt->known = true;
    attempt->player = login->player;
    attempt_hash(attempt);
}

static void found_by_id(struct attempt *attempt, const struct store_answer *answer)
{
    if (answer->status != STORE_OK) {
        attempt_refuse(attempt, PROTOCOL_REASON_LOGIN_FAILED, NULL);
        return;
    }
    attempt->known = true;
    attempt->player = answer->out.player;
    if (!password_usable(attempt->player.hash))
        attempt_refuse(attempt, PROTOCOL_REASON_LOGIN_FAILED, NULL);
    else if (attempt_charge(attempt))
        attempt_hash(attempt);
}

void change_hashed(struct attempt *attempt)
{
    struct store_question question = {.statement = STORE_PASSWORD_CHANGE};
    struct store_password *password = &question.in.password;
    bool by_code = attempt->kind == ACCOUNTS_CODE;

    if (attempt->verdict != PASSWORD_FITS) {
        attempt_refuse(attempt, PROTOCOL_REASON_LOGIN_FAILED, "that is not your password");
        return;
    }
    password->player_id = attempt->player.id;
    /* A token says the second that it was made in. By a code one is handed out at once; else those
     * of this second are to end too. */
    password->now_ms = by_code ? timestamp_now_ms() : (timestamp_now_ms() / 1000 + 1) * 1000;
    if (by_code) {
        question.statement = STORE_PASSWORD_BY_CODE;
        memcpy(password->code_hash, attempt->code_hash, sizeof(attempt->code_hash));
        memcpy(password->hash, attempt->player.hash, sizeof(password->hash));
        attempt->player.tokens_from_ms = password->now_ms;
    } else {
        memcpy(password->was, attempt->player.hash, sizeof(password->was));
        memcpy(password->hash, attempt->rehash, sizeof(attempt->rehash));
    }
    attempt_ask(attempt, &question);
    sodium_memzero(&question, sizeof(question));
}

void change_unknown(const struct attempt *attempt)
{
    if (attempt->hashed && (attempt->kind == ACCOUNTS_CODE || attempt->kind == ACCOUNTS_CHANGE))
        access_end(attempt->accounts->config.access, attempt->player.id, timestamp_now_ms());
}

static void changed(struct attempt *attempt, const struct store_answer *answer)
{
    bool by_code = attempt->kind == ACCOUNTS_CODE;

    if (answer->status != STORE_OK) { /* another was quicker */
        attempt_refuse(attempt, by_code ? PROTOCOL_REASON_BAD_CODE : PROTOCOL_REASON_BUSY, NULL);
        return;
    }
    log_event(LOG_LEVEL_INFO, "password_changed", "a player has a new password",
              LOG_U64("id", attempt->player.id), LOG_TEXT("player", attempt->player.username),
              LOG_TEXT("by", by_code ? "code" : "password"));
    access_end(attempt->accounts->config.access, attempt->player.id, timestamp_now_ms());
    attempt_keep_network(attempt);
    if (by_code)
        attempt_welcome(attempt, false);
    else
        attempt_done(attempt);
}

void change_answered(struct attempt *attempt, const struct store_answer *answer)
{
    if (attempt->hashed)
        changed(attempt, answer);
    else if (attempt->kind == ACCOUNTS_CODE)
        found_by_name(attempt, answer);
    else
        found_by_id(attempt, answer);
}
