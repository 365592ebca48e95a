#!/bin/bash
# test_interop.sh -- npm's socket.io-client and ws, unmodified, against the real daemon. Run from the build's root.
#
# Needs Node 18 or newer with npm; the packages of tests/interop/package.json are installed here, pinned by its lock file, if
# they are not. Skipped (77) where they are not to be had.

here=$(cd "$(dirname "$0")" && pwd) || exit 1

skip() {
    echo "test_interop.sh: $*"
    exit 77
}
command -v node >/dev/null || skip "there is no node"
node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' || skip "node is older than 18: $(node --version)"
work=$(mktemp -d /tmp/openmmo-interop-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
cp -r "$here"/*.js "$here"/package.json "$here"/package-lock.json "$here"/.npmrc "$work"/ || exit 1
if [ -d "$here/node_modules/socket.io-client" ]; then
    cp -r "$here/node_modules" "$work"/ || exit 1
else
    command -v npm >/dev/null || skip "there is no npm"
    timeout 120 npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund >"$work/npm.log" 2>&1 ||
        skip "npm cannot install the packages: $(grep -m 1 'npm \(ERR!\|error\)' "$work/npm.log")"
fi
for name in $(compgen -e OPENMMO_); do unset "$name"; done
node "$work/main.js" "$@"
