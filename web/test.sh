#!/bin/sh
# Runs the unit and component tests of the browser application; prints TAP lines. An argument narrows by name.
set -eu
cd "$(dirname "$0")"
./build.sh --install
PATH="$PWD/.node/node_modules/node/bin:$PATH"
export PATH
[ -z "${1:-}" ] || set -- -t "$1" --passWithNoTests
npx --no-install vue-tsc --noEmit && echo "ok types" || echo "not ok types"
exec npx --no-install vitest run --reporter=tap-flat "$@"
