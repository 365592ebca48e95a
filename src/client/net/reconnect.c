#include "net/reconnect.h"

#include "common/protocol.h"

bool reconnect_allowed(unsigned reason, bool lost)
{
    if (lost)
        return true;
    switch ((enum protocol_reason)reason) {
    case PROTOCOL_REASON_TOO_SLOW:
    case PROTOCOL_REASON_NOT_READING:
    case PROTOCOL_REASON_BUSY:
    case PROTOCOL_REASON_FULL:
    case PROTOCOL_REASON_SHUTTING_DOWN:
    case PROTOCOL_REASON_RESTARTING:
    case PROTOCOL_REASON_STORE_AWAY:
    case PROTOCOL_REASON_INTERNAL:
        return true;
    case PROTOCOL_REASON_NONE:
    case PROTOCOL_REASON_VERSION:
    case PROTOCOL_REASON_MALFORMED:
    case PROTOCOL_REASON_LOGIN_FAILED:
    case PROTOCOL_REASON_TOKEN_REFUSED:
    case PROTOCOL_REASON_NAME_TAKEN:
    case PROTOCOL_REASON_BAD_NAME:
    case PROTOCOL_REASON_BAD_PASSWORD:
    case PROTOCOL_REASON_RATE_LIMITED:
    case PROTOCOL_REASON_REPLACED:
    case PROTOCOL_REASON_KICKED:
    case PROTOCOL_REASON_REGISTRATION_CLOSED:
    case PROTOCOL_REASON_CHAT_REFUSED:
    case PROTOCOL_REASON_NOT_LOGGED_IN:
    case PROTOCOL_REASON_ALREADY_LOGGED_IN:
    case PROTOCOL_REASON_UNSUPPORTED:
    case PROTOCOL_REASON_BAD_EMAIL:
    case PROTOCOL_REASON_BAD_CODE:
    case PROTOCOL_REASON_WAITING:
    case PROTOCOL_REASON_BANNED:
    case PROTOCOL_REASON_MUTED:
    case PROTOCOL_REASON_LEFT:
    case PROTOCOL_REASON_LOGGED_OUT:
    case PROTOCOL_REASON_MAINTENANCE:
    case PROTOCOL_REASON_NOT_LISTED:
    case PROTOCOL_REASON_SHOWN_LESS:
        return false;
    }
    return false;
}

uint32_t reconnect_delay_ms(unsigned attempt, uint32_t retry_after_ms, uint32_t random)
{
    uint32_t delay = attempt < 5 ? 1000u << attempt : RECONNECT_DELAY_MAX_MS;
    if (delay <= retry_after_ms) /* the server gives each of its players a time of his own */
        return retry_after_ms;
    return delay + random % (delay / 4 + 1);
}
