#!/bin/bash
# Calls and habits that have no place here, each with its reason.
set -euo pipefail
cd "$(dirname "$0")/../.."
bad=0
# ban PATTERN WHY FILE...
ban() {
    local pattern=$1 why=$2 found
    shift 2
    found=$(grep -nE "$pattern" "$@" /dev/null || true)
    if [ -n "$found" ]; then
        printf '%s\n    banned: %s\n' "$found" "$why"
        bad=1
    fi
}
mapfile -t ours < <(find service client -name '*.[ch]')
mapfile -t service < <(find service -name '*.[ch]' -not -path 'service/base/*')
mapfile -t quiet < <(find service -name '*.c' -not -path 'service/config/*' -not -path 'service/tools/*' -not -name main.c)
mapfile -t all < <(find service client tests -name '*.[ch]' -not -path '*/node_modules/*')

ban '\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atof|strtok|alloca)\(' 'no bounds, or no errors' "${all[@]}"
ban '\bmemcmp\(' 'ct_equal for secrets, bytes_equal for the rest' "${service[@]}"
ban '^[[:space:]]*goto ' 'cleanup attributes free what must be freed' "${all[@]}"
ban '\b(TODO|FIXME|XXX|HACK)\b' 'an issue, or nothing' "${all[@]}"
ban '(^|[^:])//' 'comments are /* */' "${ours[@]}"
ban '\b(rand|srand|random|drand48)\(' 'random_bytes' "${ours[@]}"
ban '\bprintf\(' 'the service logs with log_at; main.c and config print' \
    "${quiet[@]}"
ban 'cmocka_unit_test.*cmocka_unit_test' 'one a line: the build makes a test of each' "${all[@]}"
ban '(assert_true\(true\)|assert_true\(1\))' 'a check that cannot fail' "${all[@]}"
mapfile -t tracked < <(git ls-files -- ':!tests/lint/banned.sh' ':!*.md')
ban 'registry\.|deb\.debian\.org|"resolved"' 'hosts of registries' "${tracked[@]}"
exit $bad
