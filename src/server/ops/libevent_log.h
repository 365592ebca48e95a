/* libevent_log.h -- what libevent has to say (name servers that fail, sockets that cannot be
 * accepted) goes to our log; by itself it would write on stderr, past the log's level and format.
 */
#ifndef OPENMMO_OPS_LIBEVENT_LOG_H
#define OPENMMO_OPS_LIBEVENT_LOG_H

/* Before the first event_base. The sink is libevent's own and the process's; nothing undoes it. */
void libevent_log_install(void);

#endif
