#!/bin/bash
# test_line.sh -- players at the far end of a line of 25 ms each way that loses 1 % of the packets, each way.
#
# Two network namespaces with bench/line between them. The line is proved by ping, and so is that the proof can fail; then
# bots play through it: all come in, none is lost, and what they see is as old as such a line makes it, not much older.
# Needs root, /dev/net/tun, ping; skipped (77) where they are not to be had. Run from the build's root.

work=$(mktemp -d /tmp/openmmo-line-XXXXXX) || exit 1
server="" near="" far="" lines=""
fail() {
    echo "test_line.sh: $*" >&2
    [ -f "$work/server.log" ] && tail -n 20 "$work/server.log" >&2
    [ -f "$work/bots.err" ] && tail -n 20 "$work/bots.err" >&2
    exit 1
}
clean_up() {
    local pid
    [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
    for pid in $lines; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
    rm -rf "$work"
}
trap clean_up EXIT

[ "$(id -u)" = 0 ] || { echo "test_line.sh: only root can make network namespaces"; exit 77; }
command -v ping >/dev/null && command -v nsenter >/dev/null || { echo "test_line.sh: no ping or no nsenter"; exit 77; }

# lay NAME ARGUMENTS...: start bench/line; near and far are the processes at its ends.
lay() {
    local name=$1 i
    shift
    mkfifo "$work/$name.in"
    bench/line "$@" <"$work/$name.in" >"$work/$name.out" 2>"$work/$name.err" &
    lines="$lines $!"
    exec {hold}>"$work/$name.in" # the line ends with this
    for ((i = 0; i < 200; i++)); do
        [ -s "$work/$name.out" ] && read -r _ near far <"$work/$name.out" && return
        kill -0 "${lines##* }" 2>/dev/null || break
        read -rt 0.05 <> <(:)
    done
    wait "${lines##* }"
    [ $? = 77 ] && { cat "$work/$name.err"; exit 77; }
    fail "no line: $(cat "$work/$name.err")"
}

# proved PINGS: from the far end, 50 ms there and back at least; 1.99 % lost, at most five standard deviations of 600 more.
# A hundred more are sent than are looked at: ping does not wait for all of the last ones.
proved() {
    nsenter --net="/proc/$far/ns/net" ping -c $(($1 + 100)) -i 0.002 10.77.0.1 >"$work/pings" 2>&1
    awk -v pings="$1" '/icmp_seq=/ { for (i = 1; i <= NF; i++) { if ($i ~ /^icmp_seq=/) seq = substr($i, 10) + 0
                                                          if ($i ~ /^time=/) ms = substr($i, 6) + 0 }
                          if (seq <= pings && !(seq in seen)) { seen[seq]; n++; if (n == 1 || ms < low) low = ms } }
        END { loss = 100 * (1 - n / pings)
              printf "test_line.sh: %d pings: %.1f ms at least, %.1f %% lost\n", pings, low, loss
              exit !(loss > 0 && loss <= 4.8 && low >= 50 && low < 60) }' "$work/pings"
}

lay open --delay 0 --loss 0
proved 100 && fail "the proof passes for a line without delay and loss"
lay real --delay 25 --loss 1 --seed 3
proved 600 || fail "this is not the line that was asked for"

mkdir -m 700 "$work/state"
nsenter --net="/proc/$near/ns/net" ./openmmod -c /dev/null --server.state="$work/state" --net.listen=10.77.0.1:7777 \
    --admin.socket="$work/admin.sock" --limits.exempt=10.0.0.0/8 --accounts.argon2_ops=1 --accounts.argon2_memory=8KiB \
    2>"$work/server.log" &
server=$!
for ((i = 0; i < 400; i++)); do
    grep -qs event=ready "$work/server.log" && break
    kill -0 $server 2>/dev/null || fail "the server did not start"
    read -rt 0.05 <> <(:)
done
nsenter --net="/proc/$far/ns/net" timeout 120 ./openmmo-bots --host 10.77.0.1 --port 7777 --players 12 --rate 20 \
    --seconds 6 --json >"$work/report" 2>"$work/bots.err" || fail "the bots say that something went wrong"

# figure NAME [OBJECT]: the first of that name in the report, or in an object of it.
figure() { sed -n "/\"${2:-good}\"/,\$ s/^ *\"$1\": *\([0-9.]*\),*\$/\1/p" "$work/report" | head -n 1; }
p50=$(figure p50 latency_ms) p99=$(figure p99 latency_ms)
echo "test_line.sh: $(figure joined) in, $(figure lost) lost, others' moves seen after p50 $p50 ms, p99 $p99 ms"
[ "$(figure joined)" = 12 ] && [ "$(figure lost)" = 0 ] || fail "not all of 12 came in and stayed"
# What is seen went up the line and down again: no sooner than 50 ms. Half of it taking over a second would mean that
# something waits which should not.
[ -n "$p50" ] && awk -v p50="$p50" 'BEGIN { exit !(p50 >= 50 && p50 < 1000) }' || fail "half of all moves were seen after $p50 ms"
exit 0
