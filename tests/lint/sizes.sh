#!/bin/bash
# Files and functions that a reader can hold in mind: .c 400 lines, .h 220, functions 60, 100 columns.
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
    /^ +(\{|"|[A-Z_]+ ").*,$/ { rows++ }
    /^\}/ { n = FNR - start - 1 - rows
            if (start && n > 60) printf "%s:%d: a function of %d lines\n", FILENAME, start, n
            start = 0 }' \
    "${sources[@]}")
[ -z "$long" ] || complain "$long"
# Characters, not bytes: what continues a character in UTF-8 does not count.
wide=$(LC_ALL=C awk '{ line = $0; gsub(/[\200-\277]/, "", line) }
    length(line) > 100 { printf "%s:%d: %d columns\n", FILENAME, FNR, length(line) }' \
    "${sources[@]}" "${headers[@]}")
[ -z "$wide" ] || complain "$wide"
exit $bad
