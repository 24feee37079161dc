#!/bin/bash
# tests.sh [pytest options]: all tests in two lanes, one a core: the integration tests, which mostly wait for servers, and
# beside them everything else. Ends with the summaries of all; its status is 0 when all passed.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
BESIDE=(unit faults journeys)

beside() {
    local failed=0 part
    for part in "${BESIDE[@]}"; do
        .venv/bin/python -m pytest "$@" "tests/$part" > "build/tests-$part.log" 2>&1 || failed=1
    done
    return "$failed"
}

beside "$@" &
lane=$!
.venv/bin/python -m pytest "$@" tests/integration
integration=$?
wait "$lane"
others=$?
for part in "${BESIDE[@]}"; do
    if [ "$others" != 0 ]; then cat "build/tests-$part.log"; fi
    echo "$part: $(tail -n 1 "build/tests-$part.log")"
done
[ "$integration" = 0 ] && [ "$others" = 0 ]
