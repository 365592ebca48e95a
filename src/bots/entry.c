/* entry.c -- see entry.h. */
#include "bots/entry.h"

#include <config.h>
#include <string.h>

void entry_hello(struct link *link)
{
    const struct protocol_hello hello = {PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST, 0,
                                         wire_text_of("openmmo-bots " PACKAGE_VERSION)};
    ENTRY_SEND(link, hello, &hello, 128);
}

void entry_log_in(struct link *link, const struct account *account)
{
    if (account->registered) {
        struct protocol_auth auth = {.kind = PROTOCOL_AUTH_PASSWORD};
        if (account->token[0])
            auth.kind = PROTOCOL_AUTH_TOKEN;
        auth.token = wire_text_of(account->token);
        auth.username = wire_text_of(account->name);
        auth.password = wire_text_of(account->password);
        ENTRY_SEND(link, auth, &auth, 2048);
    } else {
        const struct protocol_register reg = {wire_text_of(account->name), wire_text_of(""),
                                              wire_text_of(account->password),
                                              wire_text_of(account->invite)};
        ENTRY_SEND(link, register, &reg, 1024);
    }
}

void entry_resume(struct link *link, const struct account *account, uint64_t chat_sequence)
{
    const struct protocol_resume resume = {wire_text_of(account->token), chat_sequence};
    ENTRY_SEND(link, resume, &resume, 2048);
}

void entry_leave(struct link *link)
{
    const struct protocol_leave leave = {0};
    struct error error;
    ENTRY_SEND(link, leave, &leave, 64);
    (void)link_flush(link, &error);
}

enum entry_verdict entry_refused(struct link *link, struct accounts *accounts,
                                 struct account *account, unsigned reason)
{
    switch ((enum protocol_reason)reason) {
    case PROTOCOL_REASON_NAME_TAKEN: /* perhaps by ourselves, in a run whose end was not saved */
        account->registered = true;
        entry_log_in(link, account);
        return ENTRY_WAIT;
    case PROTOCOL_REASON_TOKEN_REFUSED:
        account->token[0] = '\0';
        entry_log_in(link, account);
        return ENTRY_WAIT;
    case PROTOCOL_REASON_LOGIN_FAILED:
        accounts_rename(accounts, account);
        entry_log_in(link, account);
        return ENTRY_WAIT;
    case PROTOCOL_REASON_BUSY:
    case PROTOCOL_REASON_FULL:
    case PROTOCOL_REASON_RATE_LIMITED:
    case PROTOCOL_REASON_STORE_AWAY:
    case PROTOCOL_REASON_SHUTTING_DOWN:
    case PROTOCOL_REASON_RESTARTING:
        return ENTRY_AGAIN;
    case PROTOCOL_REASON_WAITING:
        return ENTRY_QUEUED;
    case PROTOCOL_REASON_NONE:
    case PROTOCOL_REASON_SHOWN_LESS:
        return ENTRY_WAIT; /* a word from the server */
    case PROTOCOL_REASON_VERSION:
    case PROTOCOL_REASON_MALFORMED:
    case PROTOCOL_REASON_TOO_SLOW:
    case PROTOCOL_REASON_NOT_READING:
    case PROTOCOL_REASON_BAD_NAME:
    case PROTOCOL_REASON_BAD_PASSWORD:
    case PROTOCOL_REASON_REPLACED:
    case PROTOCOL_REASON_KICKED:
    case PROTOCOL_REASON_REGISTRATION_CLOSED:
    case PROTOCOL_REASON_CHAT_REFUSED:
    case PROTOCOL_REASON_NOT_LOGGED_IN:
    case PROTOCOL_REASON_ALREADY_LOGGED_IN:
    case PROTOCOL_REASON_UNSUPPORTED:
    case PROTOCOL_REASON_INTERNAL:
    case PROTOCOL_REASON_BAD_EMAIL:
    case PROTOCOL_REASON_BAD_CODE:
    case PROTOCOL_REASON_BANNED:
    case PROTOCOL_REASON_MUTED:
    case PROTOCOL_REASON_LEFT:
    case PROTOCOL_REASON_LOGGED_OUT:
    case PROTOCOL_REASON_MAINTENANCE:
    case PROTOCOL_REASON_NOT_LISTED:
        break;
    }
    return ENTRY_BARRED;
}

static void copy_text(char *out, size_t room, struct wire_text text)
{
    size_t n = text.len < room - 1 ? text.len : room - 1;
    memcpy(out, text.bytes, n);
    out[n] = '\0';
}

bool entry_welcome(struct account *account, const struct protocol_welcome *welcome)
{
    bool fresh = !account->registered;
    account->registered = true;
    copy_text(account->token, sizeof account->token, welcome->token);
    return fresh;
}
