/* screens.c -- the table of screens (screen.h), in the order of the tabs: 1 Overview 2 Players 3
 * Map 4 Chat 5 Log 6 Database 7 Network 8 Reports 9 Audit 0 Config. Pages stand behind theirs. */
#include "console/ui/screen.h"

#include "address.h"
#include "alerts.h"
#include "audit.h"
#include "chat.h"
#include "common/compiler.h"
#include "config.h"
#include "console/ui/result.h"
#include "database.h"
#include "load.h"
#include "log.h"
#include "map.h"
#include "network.h"
#include "overview.h"
#include "player.h"
#include "players.h"
#include "report.h"
#include "reports.h"

/* clang-format off */
const struct screen *const SCREENS[] = {
    &SCREEN_OVERVIEW, &SCREEN_LOAD, &SCREEN_ALERTS,
    &SCREEN_PLAYERS, &SCREEN_PLAYER,
    &SCREEN_MAP, &SCREEN_CELL,
    &SCREEN_CHAT,
    &SCREEN_LOG,
    &SCREEN_DATABASE, &SCREEN_DATABASE_MORE,
    &SCREEN_NETWORK, &SCREEN_ADDRESS,
    &SCREEN_REPORTS, &SCREEN_REPORT,
    &SCREEN_AUDIT, &SCREEN_AUDIT_ROW,
    &SCREEN_CONFIG,
    &SCREEN_RESULT,
};
/* clang-format on */
const int SCREENS_N = (int)ARRAY_N(SCREENS);
