#!/bin/bash
# tests.sh [pytest options]: all tests, the unit tests on one core while the others, which mostly wait for servers, use
# the other. Ends with the summaries of both; its status is 0 when both passed.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
.venv/bin/python -m pytest "$@" tests/unit > build/unit-tests.log 2>&1 &
unit=$!
.venv/bin/python -m pytest "$@" --ignore=tests/unit
others=$?
wait "$unit"
one=$?
if [ "$one" = 0 ]; then echo "unit tests: $(tail -n 1 build/unit-tests.log)"; else cat build/unit-tests.log; fi
[ "$one" = 0 ] && [ "$others" = 0 ]
