#!/bin/sh
# The systemd unit: systemd-analyze verify must say nothing at all (its exit status is 0 even for unknown keys), and the
# sandbox must score as tight as it was tried.
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is not here"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
bin=$PWD/openmmod
sed "s|@sbindir@/openmmod|$bin|g" "$srcdir/systemd/openmmod.service.in" >"$work/openmmod.service"
said=$(systemd-analyze verify --man=no "$work/openmmod.service" 2>&1)
if [ -n "$said" ]; then
    echo "systemd-analyze verify: $said"
    exit 1
fi
systemd-analyze security --offline=true --threshold=20 "$work/openmmod.service" >"$work/security" 2>&1 || {
    tail -n 3 "$work/security"
    exit 1
}
