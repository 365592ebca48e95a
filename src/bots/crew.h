/* crew.h -- the processes of one run: they part, play, and are added up to one report.
 *
 * The parent plays nobody: it keeps the accounts, hears signals and waits. One thread. */
#ifndef OPENMMO_BOTS_CREW_H
#define OPENMMO_BOTS_CREW_H

#include "bots/report.h"
#include "bots/swarm.h"
#include "common/compiler.h"
#include "common/error.h"

/* Play; *report says how it went. Ends early on SIGINT or SIGTERM, or when nobody is left. Returns
 * 0, or -1 + error: it could not begin, a process failed, or the accounts could not be kept. */
int crew_run(const struct swarm_options *options, struct report *report,
             struct error *error) MUST_CHECK;

#endif
