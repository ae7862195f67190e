#!/bin/bash
# Goal: nobody takes an attack for tested that is not. Prints a line for every row of README.md's
# table: the tests that have its id in their name, and how many of them passed in the runs whose
# JUnit files are given. A test that failed in one of the runs has failed; one that every run skipped
# has not passed, and is named below the table. Ends 1 when a row has no test, or one that has not
# passed; when the table has lost a row; when a file tells of no test at all.
#
#     tests/attack/table.sh RESULTS.xml...
set -euo pipefail
corpus=61 # rows
readme=$(dirname "$0")/README.md
usage() { sed -n 's/^#     /usage: /p' "$0"; }
case ${1:-} in -h | --help) usage; exit 0 ;; '' | -*) usage >&2; exit 2 ;; esac
for results in "$@"; do
    grep -qs '<testcase ' "$results" || { echo "table.sh: $results tells of no test" >&2; exit 1; }
done

awk -F ' *[|] *' -v corpus=$corpus '
    # Rows of the corpus, in its order.
    FILENAME == ARGV[1] {
        if ($2 ~ /^A[0-9]+$/ && !($2 in attack)) { rows[++n] = $2; attack[$2] = $3 }
        next
    }
    /<testcase / {
        name = status = $0
        sub(/.*<testcase name="/, "", name)
        sub(/".*/, "", name)
        sub(/.* status="/, "", status)
        sub(/".*/, "", status)
        if (!(name in seen)) { seen[name] = 1; names[++m] = name }
        if (status == "run") ran[name] = 1
        else if (status == "fail") failed[name] = 1
    }
    END {
        for (k = 1; k <= m; k++) {
            name = ids = names[k]
            sub(/.*attack_A/, "A", ids)
            while (name ~ /attack_A[0-9]/ && match(ids, /^A[0-9]+(_|$)/)) {
                id = substr(ids, 1, RLENGTH)
                sub(/_$/, "", id)
                ids = substr(ids, RLENGTH + 1)
                tests[id]++
                passed[id] += ran[name] && !failed[name]
                bad[id] += failed[name]
            }
        }
        printf "\n%-4s  %-66s %5s  %6s\n", "id", "attack", "tests", "passed"
        for (i = 1; i <= n; i++) {
            id = rows[i]
            verdict = bad[id] ? "FAILED" : !tests[id] ? "MISSING" : passed[id] < tests[id] ? "SKIPPED" : ""
            wrong += verdict != ""
            text = attack[id]
            if (length(text) > 66) text = substr(text, 1, 63) "..."
            printf "%-4s  %-66s %5d  %6d%s\n", id, text, tests[id], passed[id],
                verdict == "" ? "" : "  " verdict
        }
        for (k = 1; k <= m; k++)
            if (!ran[names[k]] && !failed[names[k]]) print "skipped in every run: " names[k]
        if (wrong) printf "%d of %d rows of the corpus have not passed\n\n", wrong, n
        else if (n != corpus) printf "%d rows, but the corpus has %d\n\n", n, corpus
        else printf "all %d rows of the corpus passed\n\n", n
        exit wrong > 0 || n != corpus
    }' "$readme" "$@"
