#!/bin/bash
# Goal: A25. kill -9 at a random moment while 64 users' codes are being accepted, and right between the
# commit and its replies: a code whose OK arrived never works again; one without an answer is spent or not,
# but no code is ever good twice.
# ATTACK_ROUNDS: random kills (8).
# shellcheck source=tests/attack/processes_lib.sh
. "$(dirname "$0")/processes_lib.sh"
rounds=${ATTACK_ROUNDS:-8} users=64 answered=0 spent=0 unspent=0

# Small batches, so that some are answered when the others are not.
start_one() { start_services 1 TWOFOLD_BATCH_MAX=4 "$@"; }
# requests ROUND: for the users of this round.
requests() {
    local i code
    code=$(fresh_code 20)
    for i in $(seq $((($1 - 1) * users + 1)) $(($1 * users))); do
        echo "Verification.Verify username=ada-$i code=$code"
    done >"$dir/requests.txt"
}
verdicts() { ask "$@" <"$dir/requests.txt" | cut -d ' ' -f 1; }
# judge ROUND: what came of the same requests, asked for the first, the second and the third time.
judge() {
    verdicts >"$dir/second.txt"
    verdicts >"$dir/third.txt"
    paste -d ' ' "$dir/first.txt" "$dir/second.txt" "$dir/third.txt" >"$dir/all.txt"
    ! grep -vxE '(OK CODE_REJECTED|NONE (OK|CODE_REJECTED)) CODE_REJECTED' "$dir/all.txt" ||
        fail "round $1: a code was good twice, or an answer is strange (above)"
    answered=$((answered + $(grep -c '^OK' "$dir/all.txt" || true)))
    spent=$((spent + $(grep -c '^NONE CODE' "$dir/all.txt" || true)))
    unspent=$((unspent + $(grep -c '^NONE OK' "$dir/all.txt" || true)))
}

start_nats
start_one
import_users ada $(((rounds + 5) * users))
for round in $(seq "$rounds"); do
    requests "$round"
    verdicts kill9="$pid" kill_after_us=$((1 + RANDOM % 20000)) timeout_ms=300 >"$dir/first.txt"
    kill9 "$pid"
    start_one
    judge "$round"
done
echo "$rounds kills: $answered answered before, $spent spent without an answer, $unspent not spent"
! is_sanitized || exit 0

# The commit that it stands still after may be one of housekeeping; then another round follows.
spent=0
for round in $(seq $((rounds + 1)) $((rounds + 5))); do
    kill9 "$pid"
    start_one "${faulty[@]}"
    requests "$round"
    arm c s
    verdicts timeout_ms=500 >"$dir/first.txt" &
    asking=$!
    fault_happened
    wait $asking
    kill9 "$pid"
    disarm
    start_one
    judge "$round"
    [ $spent = 0 ] || break
done
[ $spent -gt 0 ] || fail "never killed between commit and reply"
echo "killed between commit and replies: $spent spent without an answer"
