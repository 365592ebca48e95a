#!/bin/bash
# test_http_page.sh -- the examples of doc/http.md, as they stand, against a daemon. Run from the build's root.

srcdir=$(cd "${srcdir:-..}" && pwd) || exit 1
work=$(mktemp -d /tmp/openmmo-page-XXXXXX) || exit 1
server=""
clean_up() {
    [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
fail() {
    echo "test_http_page.sh: $*" >&2
    tail -n 5 "$work/log" >&2
    exit 1
}

# Every example of the page is one script; only the port is another.
examples() {
    awk '/^```sh$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$srcdir/doc/http.md"
}

./openmmod -c /dev/null --server.state="$work" --net.listen=127.0.0.1:0 --http.listen=127.0.0.1:0 --metrics.listen= \
    --accounts.argon2_memory=8KiB --admin.socket="$work/admin.sock" 2>"$work/log" </dev/null &
server=$!
for ((i = 0; i < 400; i++)); do
    port=$(sed -n 's/.*event=http_listening address=127.0.0.1:\([0-9]*\).*/\1/p' "$work/log")
    [ -n "$port" ] && break
    kill -0 "$server" 2>/dev/null || fail "the daemon ended"
    read -rt 0.05 <> <(:)
done
[ -n "$port" ] || fail "no HTTP port"

[ "$(examples | grep -c curl)" -ge 14 ] || fail "the page has lost its examples"
(
    cd "$work" || exit 1
    (echo 'set -e -o pipefail'; examples) | sed "s/127.0.0.1:3000/127.0.0.1:$port/" >script
    examples | grep -q '^openmmo=http://127.0.0.1:3000$' || exit 1
    bash -x script >out 2>trace
) || fail "an example failed: $(grep '^+' "$work/trace" | tail -n 1) $(tail -n 1 "$work/out")"
for answer in '"status":"OK"' '"username":"ada"' 'rel="next"\|\[{"id":1' '"totalPlayers":1' '"success":true' '"x":1.5,"y":0,"z":-3' \
    '"field":"username"'; do
    grep -q "$answer" "$work/out" || fail "nothing answered $answer"
done
echo "test_http_page.sh: $(examples | grep -c curl) examples work as they stand"
