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

#endif
