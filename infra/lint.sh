#!/bin/bash
# Every check, all of them run even when one fails; non-zero when any failed.
cd "$(dirname "$0")/.." || exit 2
export PATH="$PWD/.venv/bin:$PATH"
failed=()
check() {
    local name="$1" output
    shift
    if output="$("$@" 2>&1)"; then
        printf '%-22s ok\n' "$name"
    else
        printf '%-22s FAILED\n%s\n' "$name" "$output"
        failed+=("$name")
    fi
}
check ruff ruff check .
check mypy mypy
check import-linter lint-imports
check "Compose schema" check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
check "Compose references" python -m infra.compose_check
check Dockerfile hadolint Dockerfile
check "broker definitions" python -m infra.broker check
if [ ${#failed[@]} -gt 0 ]; then
    printf 'lint failed: %s\n' "${failed[*]}"
    exit 1
fi
