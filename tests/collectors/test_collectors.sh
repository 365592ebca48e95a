#!/bin/bash
# test_collectors.sh -- what the daemon posts to collectors, read by code of theirs. Run from the build's root.
#
# Needs Node 20 or newer with npm; the packages of tests/collectors/package.json are installed here, pinned by its lock file, if
# they are not. Skipped (77) where they are not to be had.

here=$(cd "$(dirname "$0")" && pwd) || exit 1

skip() {
    echo "test_collectors.sh: $*"
    exit 77
}
command -v node >/dev/null || skip "there is no node"
node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || skip "node is older than 20: $(node --version)"
work=$(mktemp -d /tmp/openmmo-collectors-XXXXXX) || exit 1
trap 'rm -rf "$work"' EXIT
cp "$here"/main.js "$here"/package.json "$here"/package-lock.json "$here"/.npmrc "$here"/../interop/{suite,daemon}.js "$work"/ || exit 1
if [ -d "$here/node_modules/@spotlightjs" ]; then
    cp -r "$here/node_modules" "$work"/ || exit 1
else
    command -v npm >/dev/null || skip "there is no npm"
    timeout 120 npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund >"$work/npm.log" 2>&1 ||
        skip "npm cannot install the packages: $(grep -m 1 'npm \(ERR!\|error\)' "$work/npm.log")"
fi
for name in $(compgen -e OPENMMO_); do unset "$name"; done
node "$work/main.js" "$@"
