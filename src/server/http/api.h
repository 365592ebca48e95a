/* api.h -- the handlers of all routes (routes.c); each says in its file what it answers. On the
 * thread that its row names. */
#ifndef OPENMMO_HTTP_API_H
#define OPENMMO_HTTP_API_H

#include <stddef.h>

#include "http/route.h"

struct asset;  /* assets.h */
struct assets; /* as above */
struct http_call;

void api_health(struct http_call *call);        /* io */
void api_health_uptime(struct http_call *call); /* io */
void api_live(struct http_call *call);          /* io */
void api_ready(struct http_call *call);         /* io */
void api_metrics(struct http_call *call);       /* control */
void api_openapi(struct http_call *call);       /* io */

/* What no row names may be a file: path as sent, not decoded. NULL: it is none. Then call->asset is
 * to be that, and its route this one. Io thread. */
const struct asset *api_assets_find(const struct assets *assets, const char *path,
                                    size_t len_bytes);
extern const struct route api_assets_route;
void api_assets(struct http_call *call); /* io */

/* All on control. */
void api_players(struct http_call *call);      /* a page of them */
void api_player(struct http_call *call);       /* one */
void api_position(struct http_call *call);     /* where one is, or was saved */
void api_put_position(struct http_call *call); /* ... and shall be */
void api_stats(struct http_call *call);        /* how many */
void api_register(struct http_call *call);     /* a new account, and the tokens of a login */
void api_login(struct http_call *call);        /* the same of an account that is there */
void api_refresh(struct http_call *call);      /* a refresh token into the next pair */
void api_logout(struct http_call *call);       /* end one login, or all of a player's */
void api_sessions(struct http_call *call);     /* when one was here */
void api_chat_recent(struct http_call *call);  /* what was said to all lately */
void api_report(struct http_call *call);       /* control */

#endif
