# Spans and error reports, read by OpenTelemetry's and Sentry's own code.
dist_check_SCRIPTS += tests/collectors/test_collectors.sh
EXTRA_DIST += tests/collectors/package.json tests/collectors/package-lock.json tests/collectors/.npmrc tests/collectors/main.js
