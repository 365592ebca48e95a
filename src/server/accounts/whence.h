/* whence.h -- from where an attempt comes, as far as limits and memory go: an IPv4 address whole
 * (also where it is mapped into IPv6), of an IPv6 address the /64. Pure; any thread. */
#ifndef OPENMMO_ACCOUNTS_WHENCE_H
#define OPENMMO_ACCOUNTS_WHENCE_H

#include <netinet/in.h>
#include <sys/socket.h>

#define WHENCE_MAX 48 /* with its NUL */

/* "192.0.2.7", "2001:db8:1:2::/64"; "" where it is no internet address. */
void whence_text(const struct sockaddr_storage *address, char out[WHENCE_MAX]);

#endif
