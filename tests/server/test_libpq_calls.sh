#!/bin/sh
# Nobody waits for PostgreSQL once the daemon serves: those calls of libpq that block stand only in the rooms that work
# before that (pg_start, migrate_postgresql), PQcancel only where a thread of its own makes it (pg_cancel), and
# PQgetResult only where PQisBusy was asked first (pg_link). Looked up in the objects that the daemon is linked from.
set -eu
archive=libserver.a
[ -r "$archive" ] || { echo "there is no $archive here: run it in the build's folder"; exit 1; }
calls=$(nm -A "$archive" 2>/dev/null | sed -n 's/^[^:]*:\(libserver_a-\)\{0,1\}\([^:]*\)\.o:.* U \(PQ[A-Za-z]*\|lo_[a-z0-9_]*\)$/\2 \3/p')
[ "$(echo "$calls" | wc -l)" -gt 40 ] || { echo "nm finds no calls of libpq"; exit 1; }

failed=0
only() { # ROOMS CALL...: these are made nowhere else
    rooms=$1
    shift
    for call; do
        for room in $(echo "$calls" | sed -n "s/ $call\$//p"); do
            case " $rooms " in
            *" $room "*) ;;
            *) echo "$room calls $call"; failed=1 ;;
            esac
        done
    done
}
only "pg_start migrate_postgresql" PQexec PQexecParams PQexecPrepared PQprepare PQdescribePrepared PQdescribePortal PQfn \
    PQconnectdb PQconnectdbParams PQsetdbLogin PQreset PQping PQpingParams PQgetCopyData PQputCopyData PQputCopyEnd \
    PQgetline PQputline PQendcopy PQencryptPasswordConn PQclosePrepared PQclosePortal PQchangePassword \
    lo_open lo_close lo_read lo_write lo_lseek lo_lseek64 lo_creat lo_create lo_tell lo_tell64 lo_truncate lo_truncate64 \
    lo_unlink lo_import lo_import_with_oid lo_export
only pg_cancel PQcancel PQrequestCancel PQcancelBlocking
only pg_link PQgetResult
[ $failed = 0 ] && echo "ok: $(echo "$calls" | wc -l) uses of libpq, none that blocks after the start"
exit $failed
