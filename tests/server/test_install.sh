#!/bin/sh
# make install and uninstall: everything has its place, and the configuration that an operator edited is his. Works on the
# build that it is started in, below a directory of its own.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
root="$work/the root" # what has a space in its name is installed as well

fail() {
    echo "$*"
    exit 1
}

run() { # TARGET
    # Of the make that may have started us nothing is to go on: its options, its job server.
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s "$1" DESTDIR="$root" >"$work/log" 2>&1 || fail "make $1: $(tail -n 3 "$work/log")"
}

files() { # all below the root, by name
    find "$root" ! -type d -printf '%f\n' | sort
}

run install
for name in openmmod openmmo-console openmmo-bots openmmod.service openmmo.conf openmmo.ini openmmod.8 openmmo-console.1 \
    openmmo-bots.1 openmmo.7 openmmo.ini.5; do
    files | grep -qx "$name" || fail "make install left out $name"
done
ini=$(find "$root" -name openmmo.ini)
[ "$(stat -c %a "$ini")" = 644 ] || fail "openmmo.ini has the mode $(stat -c %a "$ini")"
"$(find "$root" -name openmmod)" -t -c "$ini" --server.state="$work/state" >"$work/log" 2>&1 || fail "the installed file is refused: $(cat "$work/log")"
[ ! -e "$work/state" ] || fail "openmmod -t made a state directory"

run uninstall
[ -z "$(files)" ] || fail "make uninstall left behind: $(files)"

run install
echo "# mine" >>"$ini"
cp "$ini" "$work/mine"
run install
cmp -s "$ini" "$work/mine" || fail "installing again changed an edited openmmo.ini"
run uninstall
cmp -s "$ini" "$work/mine" || fail "uninstalling took or changed an edited openmmo.ini"
[ "$(files)" = openmmo.ini ] || fail "make uninstall left behind: $(files)"
