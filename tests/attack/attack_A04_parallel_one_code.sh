#!/bin/bash
# Goal: A04. One code, 256 requests at once over four processes on one database, for many users: each
# time exactly one OK, and the audit trail tells of exactly one success.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"
rounds=${ATTACK_ROUNDS:-40}

start_nats
start_services 4
cli policy set max_failures=10 >/dev/null
import_users ada "$rounds"
record_audit "$dir/audit.txt"
code=$(fresh_code 20)
for i in $(seq "$rounds"); do
    printf '256* Verification.Verify username=ada-%s code=%s\n\n' "$i" "$code"
done | ask >"$dir/answers.txt"
for i in $(seq "$rounds"); do
    sed -n "$((256 * i - 255)),$((256 * i))p" "$dir/answers.txt" >"$dir/round.txt"
    expect "OK in round $i" "$(count OK "$dir/round.txt")" 1
    expect "CODE_REJECTED in round $i" "$(count CODE_REJECTED "$dir/round.txt")" 11
    expect "LOCKED in round $i" "$(count LOCKED "$dir/round.txt")" 244
done

all_told "$dir/audit.txt"
expect "successes in the audit trail" "$(events verification.succeeded . "$dir/audit.txt")" "$rounds"
# Without a share for every process this would have been no race.
expect "processes that decided" \
    "$(awk '$5 ~ /^verification/ { print $7 }' "$dir/audit.txt" | sort -u | wc -l)" 4
