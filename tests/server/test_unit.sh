#!/bin/sh
# The systemd unit as it is installed: systemd-analyze verify must say nothing at all (its exit status is 0 even for unknown
# keys), and the sandbox must score as tight as it was tried. Only the program's place is changed, to the one just built.
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is not here"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bin=$PWD/openmmod
unit=$work/openmmod.service
make -s systemd/openmmod.service >/dev/null || exit 1
if grep '@[a-z]*@' systemd/openmmod.service; then
    echo "a place in the unit was not filled in"
    exit 1
fi
sed "s|/[^ ]*/sbin/openmmod|$bin|g" systemd/openmmod.service >"$unit"
if [ "$(grep -c "$bin" "$unit")" != 4 ]; then
    echo "the unit does not name the program as it should:"
    grep openmmod "$unit"
    exit 1
fi
said=$(systemd-analyze verify --man=no "$unit" 2>&1)
if [ -n "$said" ]; then
    echo "systemd-analyze verify: $said"
    exit 1
fi
systemd-analyze security --offline=true --threshold=20 "$unit" >"$work/security" 2>&1 || {
    tail -n 3 "$work/security"
    exit 1
}
# What asks for a restart is answered by one, and a plain stop is not (systemd.service(5): RestartForceExitStatus= goes before
# Restart=, which on-failure does nothing about a success).
for line in Restart=on-failure RestartForceExitStatus=75 SuccessExitStatus=75; do
    grep -qx "$line" systemd/openmmod.service || { echo "the unit does not say $line"; exit 1; }
done
grep -q '^#define SERVER_RESTART 75 ' "$srcdir/src/server/server.h" || { echo "the program ends with another status"; exit 1; }
