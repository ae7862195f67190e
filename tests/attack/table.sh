#!/bin/bash
# Goal: nobody takes an attack for tested that is not. Prints a line for every row of README.md's
# table: the tests that have its id in their name, and how many of them passed in the runs whose
# JUnit files are given. A test that failed in one of the runs has failed; one that every run skipped
# has not passed. Ends 1 when a row has no test, a failed one, or none that passed.
#
#     tests/attack/table.sh RESULTS.xml...
set -euo pipefail
readme=$(dirname "$0")/README.md
[ $# -gt 0 ] || { sed -n 's/^#     //p' "$0" >&2; exit 2; }

awk -F ' *[|] *' '
    # Rows of the corpus, in its order.
    FILENAME == ARGV[1] {
        if ($2 ~ /^A[0-9]+$/) { rows[++n] = $2; attack[$2] = $3 }
        next
    }
    /<testcase / {
        name = status = $0
        sub(/.*<testcase name="/, "", name)
        sub(/".*/, "", name)
        sub(/.* status="/, "", status)
        sub(/".*/, "", status)
        if (name !~ /attack_A[0-9]/) next
        seen[name] = 1
        if (status == "run") ran[name] = 1
        else if (status == "fail") failed[name] = 1
    }
    END {
        for (name in seen) {
            ids = name
            sub(/.*attack_A/, "A", ids)
            while (match(ids, /^A[0-9]+(_|$)/)) {
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
            verdict = bad[id] ? "FAILED" : !tests[id] ? "MISSING" : !passed[id] ? "SKIPPED" : ""
            wrong += verdict != ""
            text = attack[id]
            if (length(text) > 66) text = substr(text, 1, 63) "..."
            printf "%-4s  %-66s %5d  %6d%s\n", id, text, tests[id], passed[id],
                verdict == "" ? "" : "  " verdict
        }
        if (wrong) printf "%d of %d rows of the corpus have not passed\n\n", wrong, n
        else printf "all %d rows of the corpus passed\n\n", n
        exit wrong > 0 || n == 0
    }' "$readme" "$@"
