#!/bin/bash
# Goal: A69. A process that holds the database's lock, in the middle of a commit, is killed: the other one
# goes on, at best within a second, without a restart; what was not committed did not happen, and no code is
# good twice.
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"
shipped_only
rounds=2 users=32 best=999999

start_nats
start steady
import_users ada $((rounds * users))
for round in $(seq $rounds); do
    start holder "${faulty[@]}"
    arm f s
    now=$(fresh_code 20)
    for i in $(seq $(((round - 1) * users + 1)) $((round * users))); do
        echo "Verification.Verify username=ada-$i code=$now"
    done >"$dir/requests.txt"
    ask timeout_ms=2000 <"$dir/requests.txt" >"$dir/first.txt" &
    asking=$!
    # Both have requests; one stands still with the lock, the other one waits for it.
    fault_happened
    sleep 0.2
    killed_ms=$(date +%s%3N)
    kill9 "$pid"
    expect "a request after the kill" "$(ask_one "Admin.Unlock username=ada-1")" OK
    took=$(($(date +%s%3N) - killed_ms))
    [ $took -ge $best ] || best=$took
    wait $asking
    ask <"$dir/requests.txt" >"$dir/second.txt"
    ask <"$dir/requests.txt" >"$dir/third.txt"
    ! paste -d ' ' <(cut -d ' ' -f 1 "$dir/first.txt") <(cut -d ' ' -f 1 "$dir/second.txt") \
        <(cut -d ' ' -f 1 "$dir/third.txt") |
        grep -vxE '(OK CODE_REJECTED|NONE (OK|CODE_REJECTED)) CODE_REJECTED' ||
        fail "round $round: a code was good twice, or an answer is strange (above)"
    [ "$(count OK "$dir/first.txt")" -gt 0 ] || fail "round $round: nobody waited for the lock"
    disarm
done
echo "the other process answered $best ms after the kill, at best"
[ $best -lt 1000 ] || fail "recovery took $best ms"
