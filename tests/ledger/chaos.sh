#!/bin/bash
# Goal: nothing of the audit trail is lost or doubled while 8 clients verify and nats-server and twofoldd are
# killed (-9) and started again at random: every reply that was given has its events in the stream, once, and
# `twofold audit verify` finds nothing. Then that the ledger would notice: an event taken out of the trail, one
# doubled, one changed.
#
#     tests/ledger/chaos.sh [--kills 20] [--seed N] [--users N]     3 kills of each in CI
#
# TEST_BIN: the folder with twofoldd and twofold.
kills=3 seed=$(($(date +%s) % 32768)) users=40
while [ $# -gt 0 ]; do
    case $1 in
    --kills) kills=$2 ;;
    --seed) seed=$2 ;;
    --users) users=$2 ;;
    *) echo "usage: $0 [--kills N] [--seed N] [--users N]" >&2; exit 2 ;;
    esac
    shift 2
done
# shellcheck source=tests/ledger/chaos_lib.sh
. "$(dirname "$0")/chaos_lib.sh"
export TWOFOLD_AUDIT_FAILURES=0
echo "seed $seed"
RANDOM=$seed

begin_play "$seed" "$users"
kill_all "$kills"
end_play
all_sent
export_trail
judge "$trail" || fail "the trail is not what was promised (seed $seed)"
verified

# tampered WHAT AWK-PROGRAM: the judge must see it. It works on an event that belongs to a request, in the middle: the
# last one of a request that was never answered may be missing by right.
middle=$(awk '/"request_id": ?"[0-9a-f]/ && /"twofold\.v1\.verification\.(failed|succeeded)"/ { at[++n] = NR } END { print at[int((n + 1) / 2)] }' "$trail")
tampered() {
    awk -v at="$middle" "$2" "$trail" >"$dir/tampered.json"
    ! cmp -s "$trail" "$dir/tampered.json" || fail "nothing was $1"
    ! judge "$dir/tampered.json" >"$dir/tampered.txt" || fail "the judge does not see an event $1"
    echo "an event $1: $(tail -n 1 "$dir/tampered.txt")"
}
tampered "taken out" 'NR != at'
tampered "doubled" '{ print } NR == at { print }'
tampered "changed" 'NR == at { sub(/verification\.(failed|succeeded)"/, "verification.other\"", $0); gsub(/"type": ?"verification\.[a-z]+"/, "\"type\":\"verification.other\"") } { print }'
