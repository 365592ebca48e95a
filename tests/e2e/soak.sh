#!/bin/bash
# soak -- crowds come and go, and the daemon is as small afterwards as after the first of them.
#
# Usage: tests/e2e/soak.sh BUILD [ROUNDS] [SECONDS]
# Each round 60 bots log in, wander for SECONDS (20) and leave. From the second round to the last (ROUNDS, 6) the daemon
# may grow by 3 MiB (its caches and the log ring fill) and must hold as many descriptors as before, and nobody may be
# lost.

build=$1 rounds=${2:-6} seconds=${3:-20}
work=$(mktemp -d /tmp/openmmo-soak-XXXXXX) || exit 1
server=""
finish() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server"; fi
    rm -rf "$work"
}
trap finish EXIT
fail() { echo "soak: $*" >&2; tail -n 5 "$work/log" >&2; exit 1; }

"$build/openmmod" -c /dev/null --server.state="$work" --net.listen=127.0.0.1:0 --http.listen=127.0.0.1:0 --metrics.listen= --limits.exempt=127.0.0.0/8 \
    --accounts.argon2_memory=8KiB --admin.socket="$work/admin.sock" 2>"$work/log" </dev/null &
server=$!
for _ in $(seq 200); do
    grep -q event=ready "$work/log" && break
    kill -0 $server 2>/dev/null || fail "the server did not start"
    read -rt 0.1 <> <(:)
done
port=$(sed -n 's/.*event=listening.*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/log" | head -n 1)
[ -n "$port" ] || fail "the server does not say where it listens"

for round in $(seq "$rounds"); do
    "$build/openmmo-bots" --port "$port" --players 60 --rate 60 --seconds "$seconds" --accounts "$work/bots" \
        >"$work/round" 2>&1 </dev/null || fail "round $round: $(tail -n 3 "$work/round")"
    for _ in $(seq 200); do # until the last one's socket is gone
        fds=$(ls "/proc/$server/fd" | wc -l)
        [ "$round" = 1 ] || [ "$fds" -le "$fds_first" ] && break
        read -rt 0.1 <> <(:)
    done
    rss=$(awk '/^VmRSS/ {print $2}' "/proc/$server/status") || fail "round $round: the server is gone"
    echo "round $round: $rss KiB, $fds descriptors; $(head -n 1 "$work/round")"
    case $round in
    1) fds_first=$((fds + 2)) ;; # room for what opens lazily
    2) rss_second=$rss ;;
    esac
    [ "$fds" -le "$fds_first" ] || fail "round $round: $fds descriptors are open"
done
[ "$rss" -le $((rss_second + 3072)) ] || fail "grew from $rss_second to $rss KiB"
echo "soak: passed"
