/* api.h -- the handlers of all routes (routes.c); each says in its file what it answers. On the
 * thread that its row names. */
#ifndef OPENMMO_HTTP_API_H
#define OPENMMO_HTTP_API_H

struct http_call;

void api_health(struct http_call *call);        /* io */
void api_health_uptime(struct http_call *call); /* io */
void api_live(struct http_call *call);          /* io */
void api_ready(struct http_call *call);         /* io */
void api_metrics(struct http_call *call);       /* control */
void api_openapi(struct http_call *call);       /* io */

/* All on control. */
void api_players(struct http_call *call);
void api_player(struct http_call *call);
void api_position(struct http_call *call);
void api_put_position(struct http_call *call);
void api_stats(struct http_call *call);
void api_register(struct http_call *call);
void api_login(struct http_call *call);
void api_refresh(struct http_call *call);
void api_logout(struct http_call *call);
void api_sessions(struct http_call *call);
void api_chat_recent(struct http_call *call);

#endif
