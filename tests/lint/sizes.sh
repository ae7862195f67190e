#!/bin/bash
# Files and functions that a reader can hold in mind: .c 400 lines, .h 160, functions 60, 100 columns.
set -euo pipefail
cd "$(dirname "$0")/../.."
bad=0
complain() {
    echo "$1"
    bad=1
}
mapfile -t sources < <(find service client tests -name '*.c' -not -path '*/node_modules/*')
mapfile -t headers < <(find service client tests -name '*.h')
for file in "${sources[@]}"; do
    n=$(wc -l <"$file")
    [ "$n" -le 400 ] || complain "$file: $n lines, more than 400"
done
for file in "${headers[@]}"; do
    n=$(wc -l <"$file")
    [ "$n" -le 220 ] || complain "$file: $n lines, more than 220"
done
# A function's body stands between '{' and '}' in column one; rows of tables do not count.
long=$(awk 'FNR == 1 { start = 0 }
    /^\{/ { start = FNR; rows = 0 }
    /^ +(\{|").*,?$/ { rows++ }
    /^\}/ { n = FNR - start - 1 - rows
            if (start && n > 60) printf "%s:%d: a function of %d lines\n", FILENAME, start, n
            start = 0 }' \
    "${sources[@]}")
[ -z "$long" ] || complain "$long"
wide=$(awk 'length($0) > 100 { printf "%s:%d: %d columns\n", FILENAME, FNR, length($0) }' "${sources[@]}" "${headers[@]}")
[ -z "$wide" ] || complain "$wide"
exit $bad
