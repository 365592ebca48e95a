# npm's socket.io-client and ws against the real daemon.
dist_check_SCRIPTS += tests/interop/test_interop.sh
EXTRA_DIST += tests/interop/package.json tests/interop/package-lock.json tests/interop/.npmrc tests/interop/main.js \
    tests/interop/suite.js tests/interop/daemon.js tests/interop/protocol.js tests/interop/player.js
