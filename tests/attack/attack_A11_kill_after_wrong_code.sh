#!/bin/bash
# Goal: A11. kill -9 at the very moment when a wrong code's refusal arrives, again and again: every one of
# them is still counted after the restart, up to the wait, which outlives the kill as well.
# ATTACK_ROUNDS: for how many users, one after the other (1).
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"
users=${ATTACK_ROUNDS:-1}

start_nats
start_services 1
cli policy set max_failures=5 >/dev/null
import_users ada "$users"
for i in $(seq "$users"); do
    for left in 4 3 2 1 0 0; do
        answer=$(echo "Verification.Verify username=ada-$i code=$(wrong_code)" | ask kill9="$pid" |
            cut -d ' ' -f 1,3)
        kill9 "$pid"
        expect "user $i" "$answer" "CODE_REJECTED $left"
        start_services 1
    done
    expect "user $i, right code after six failures" "$(verify "ada-$i" "$(otp 0)")" LOCKED
done
